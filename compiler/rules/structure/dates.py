"""Dates: what is over, as of a day. The only rules that ask which day it is."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from compiler.diagnostics.findings import Finding, Kind, Severity, finding
from domain.values import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from domain.plan.model.plan import Plan

VERIFIED_EVERY = timedelta(days=90)
"""How long a contact counts as reachable after somebody made sure."""
NAMES_SHOWN_MAX = 5
"""Contacts that one finding lists."""

LOT_EXPIRED = Kind(
    "lot-expired",
    Severity.WARNING,
    "“{name}”的批次“{lot}”已于 {expires} 过期，还剩 {rest}",
    "lot '{lot}' of '{name}' expired on {expires}; {rest} are left",
    why=Text.of(
        "过期的急救用品和食品不能用，却仍算在库存里。",
        "What has expired can't be used, and still counts as stock.",
    ),
    mend=Text.of("更换后更新批次。", "Replace it and state the new lot."),
    source="国务院令第708号 (2019), art. 13",
    example="/supplies/1/lots/1/expires_on: 2020-06-30",
)
INSPECTION_NEVER_DONE = Kind(
    "inspection-never-done",
    Severity.WARNING,
    "“{name}”须定期检查，但没有写上次检查日期",
    "'{name}' is to be inspected regularly, but no inspection is on record",
    why=Text.of(
        "没有检查过的设备，用时才知道是坏的。",
        "Equipment that nobody inspected turns out to be broken when it is used.",
    ),
    mend=Text.of("检查后写 inspected_on。", "Inspect it and say `inspected_on`."),
    source="国务院令第708号 (2019), art. 13",
    example="/supplies/2/inspected_on: -",
)
CONTACTS_NEVER_VERIFIED = Kind(
    "contacts-never-verified",
    Severity.WARNING,
    "{number} 个联系人从未核实能否联系上：{names}",
    "nobody ever made sure that {number} contacts can be reached: {names}",
    why=Text.of(
        "号码写错、人已离职，都要到紧急时才发现。",
        "A wrong number and somebody who left are found out in the emergency.",
    ),
    mend=Text.of(
        "逐个联系一次，写 verified_on。", "Reach each of them once, and say `verified_on`."
    ),
    source="国务院令第708号 (2019), art. 6",
    example="/contacts/6/verified_on: -",
)
INSPECTION_OVERDUE = Kind(
    "inspection-overdue",
    Severity.WARNING,
    "“{name}”应于 {due} 前检查",
    "'{name}' should have been inspected by {due}",
    why=Text.of(
        "没有按期检查的设备，不能当作可用。", "Equipment that isn't inspected can't be relied on."
    ),
    mend=Text.of("检查后更新 inspected_on。", "Inspect it and say `inspected_on`."),
    source="国务院令第708号 (2019), art. 13",
    example="/supplies/2/inspected_on: 2020-01-15",
)
CONTACT_OUT_OF_DATE = Kind(
    "contact-out-of-date",
    Severity.WARNING,
    "{number} 个联系人超过 {days} 天没有核实：{names}",
    "{number} contacts weren't made sure of for more than {days} days: {names}",
    why=Text.of(
        "三个月里总有人换号、换岗、离职。",
        "In three months somebody changes their number, their seat or their job.",
    ),
    mend=Text.of("重新核实并更新 verified_on。", "Reach them again and say `verified_on`."),
    source="国务院令第708号 (2019), art. 6",
    example="/contacts/6/verified_on: 2020-01-15",
)
DRILL_OVERDUE = Kind(
    "drill-overdue",
    Severity.WARNING,
    "演练“{name}”应于 {due} 前举行",
    "the drill '{name}' should have been held by {due}",
    why=Text.of(
        "超过期限没有演练，要向主管部门说明，也说明没有人练过。",
        "The authority will ask, and those who came since have never practised.",
    ),
    mend=Text.of("举行演练并更新 held_on。", "Hold it and say `held_on`."),
    source="国务院令第708号 (2019), art. 8",
    example="/drills/0/held_on: 2020-01-15",
)
TRAINING_OVERDUE = Kind(
    "training-overdue",
    Severity.WARNING,
    "培训“{name}”应于 {due} 前举行",
    "the training '{name}' should have been held by {due}",
    why=Text.of("新来的人没有学过。", "Those who are new have never learnt it."),
    mend=Text.of("培训后更新 held_on。", "Hold it and say `held_on`."),
    source="国务院令第708号 (2019), art. 15",
    example="/trainings/0/held_on: 2020-01-15",
)
REVIEW_OVERDUE = Kind(
    "review-overdue",
    Severity.WARNING,
    "预案应于 {due} 复审",
    "the plan should have been reviewed on {due}",
    why=Text.of(
        "过了复审日期，批次、联系人和检查都不再有人保证。",
        "Lots, contacts and inspections were only ever promised until that day.",
    ),
    mend=Text.of("复审，并写下一次的 next_on。", "Review it and say the `next_on` after that."),
    source="国务院令第708号 (2019), art. 6",
    example="/review/next_on: 2020-01-15",
)
PEAK_OVER = Kind(
    "peak-over",
    Severity.WARNING,
    "高峰“{name}”的最后一天 {last} 已经过去",
    "the last day of the peak '{name}' was {last}",
    why=Text.of(
        "它不会再来；下一次高峰却没有写。", "It won't come again, and the next one isn't named."
    ),
    mend=Text.of("写下一次的日期，或删去。", "Say when it is next, or take it out."),
    example="/peaks/0/first_day: 2019-12-01\n/peaks/0/last_day: 2020-02-29",
)
DATE_AHEAD = Kind(
    "date-ahead",
    Severity.WARNING,
    "{when} 还没有到，不可能已经做过",
    "{when} is still to come, so it can't have happened",
    why=Text.of(
        "多半是年份写错；到期提醒会因此晚一年。",
        "The year is probably wrong, and what is due will be told a year late.",
    ),
    mend=Text.of("改正日期。", "Correct the day."),
    example="/contacts/6/verified_on: 2099-01-15",
)


def stock(plan: Plan, on: date) -> Iterator[Finding]:
    """Find lots that have expired, and inspections that are overdue."""
    for n, item in enumerate(plan.supplies):
        rest = sum(lot.quantity for lot in item.lots)
        for k, lot in enumerate(item.lots):
            if lot.expires_on and lot.expires_on < on:
                rest -= lot.quantity
                said = {"name": item.id, "lot": lot.id, "expires": lot.expires_on, "rest": rest}
                yield finding(LOT_EXPIRED, f"/supplies/{n}/lots/{k}/expires_on", **said)
        every, last = item.inspect_every, item.inspected_on
        if every and not last:
            yield finding(INSPECTION_NEVER_DONE, f"/supplies/{n}", name=item.id)
        elif every and last and on - last > every:
            where = f"/supplies/{n}/inspected_on"
            yield finding(INSPECTION_OVERDUE, where, name=item.id, due=last + every)


def people(plan: Plan, on: date) -> Iterator[Finding]:
    """Find contacts of whom nobody has made sure lately."""
    untried = [contact.id for contact in plan.contacts if contact.verified_on is None]
    if untried:
        said = {"number": len(untried), "names": _listed(untried)}
        yield finding(CONTACTS_NEVER_VERIFIED, "/contacts", **said)
    stale = [one for one in plan.contacts if one.verified_on and _is_stale(one.verified_on, on)]
    if stale:
        said = {"number": len(stale), "names": _listed([contact.id for contact in stale])}
        where = f"/contacts/{plan.contacts.index(stale[0])}/verified_on"
        yield finding(CONTACT_OUT_OF_DATE, where, days=VERIFIED_EVERY.days, **said)


def practice(plan: Plan, on: date) -> Iterator[Finding]:
    """Find drills, trainings and reviews that are overdue, and peaks that are over."""
    for n, drill in enumerate(plan.drills):
        if drill.held_on and on - drill.held_on > drill.every:
            due = drill.held_on + drill.every
            yield finding(DRILL_OVERDUE, f"/drills/{n}/held_on", name=drill.id, due=due)
    for n, training in enumerate(plan.trainings):
        if training.held_on and on - training.held_on > training.every:
            due = training.held_on + training.every
            yield finding(TRAINING_OVERDUE, f"/trainings/{n}/held_on", name=training.id, due=due)
    if plan.review and plan.review.next_on < on:
        yield finding(REVIEW_OVERDUE, "/review/next_on", due=plan.review.next_on)
    for n, peak in enumerate(plan.peaks):
        if peak.last_day and peak.last_day < on:
            yield finding(PEAK_OVER, f"/peaks/{n}/last_day", name=peak.id, last=peak.last_day)


def past(plan: Plan, on: date) -> Iterator[Finding]:
    """Find what is said to have happened on a day that is still to come."""
    for where, day in _days_past(plan):
        if day is not None and day > on:
            yield finding(DATE_AHEAD, where, when=day)


def _is_stale(verified: date, on: date) -> bool:
    return on - verified > VERIFIED_EVERY


def _listed(names: Sequence[str]) -> str:
    more = ["…"] if len(names) > NAMES_SHOWN_MAX else []
    return ", ".join([*names[:NAMES_SHOWN_MAX], *more])


def _days_past(plan: Plan) -> Iterator[tuple[str, date | None]]:
    for n, contact in enumerate(plan.contacts):
        yield f"/contacts/{n}/verified_on", contact.verified_on
    for n, supply in enumerate(plan.supplies):
        yield f"/supplies/{n}/inspected_on", supply.inspected_on
    for n, drill in enumerate(plan.drills):
        yield f"/drills/{n}/held_on", drill.held_on
    for n, training in enumerate(plan.trainings):
        yield f"/trainings/{n}/held_on", training.held_on


KINDS = (
    LOT_EXPIRED,
    INSPECTION_NEVER_DONE,
    INSPECTION_OVERDUE,
    CONTACTS_NEVER_VERIFIED,
    CONTACT_OUT_OF_DATE,
    DRILL_OVERDUE,
    TRAINING_OVERDUE,
    REVIEW_OVERDUE,
    PEAK_OVER,
    DATE_AHEAD,
)
RULES = (stock, people, practice, past)
