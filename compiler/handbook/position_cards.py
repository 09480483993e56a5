"""A card for each post: what you do, by when, who stands in for you, whom you report to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from compiler.drawing.localized import Localizer
from compiler.drawing.vocabulary import NEEDS, PHASES
from domain.plan.model.duties import Report, Task
from domain.plan.model.organisation import Group, Post
from domain.values import Phase, ResponseLevel, Text


class _Kept(Protocol):
    @property
    def title(self) -> Text: ...
    @property
    def post(self) -> str: ...


class Item(NamedTuple):
    """Something to do."""

    title: str
    by: Sequence[str]
    """Deadlines, the nearest first."""
    notes: Sequence[str] = ()


class Stretch(NamedTuple):
    """What there is to do in a phase."""

    title: str
    look: str
    items: Sequence[Item]


class Card(NamedTuple):
    """What one post must know."""

    post: str
    title: str
    group: str
    holder: str
    stand_ins: Sequence[str]
    """Who is asked, in order, when the holder doesn't answer."""
    shifts: Sequence[str]
    reports_to: str
    may: Sequence[str]
    """What the post decides."""
    stretches: Sequence[Stretch]
    standing: Sequence[str]
    """What is the post's whatever the phase."""


def cards(say: Localizer, venue: str | None = None) -> Sequence[Card]:
    """Return the cards in the order of the organisation; with a venue, of places there only."""
    return [_card(say, group, post, venue) for group in say.plan.groups for post in group.posts]


def deadlines(say: Localizer, task: Task) -> Iterator[str]:
    """Say by when a task is to be acknowledged, started and finished."""
    acknowledged = say.span(task.acknowledge_within)
    yield say.of(f"{acknowledged}内确认", f"acknowledge within {acknowledged}")
    if task.start_within:
        started = say.span(task.start_within)
        yield say.of(f"{started}内开始", f"start within {started}")
    if task.finish_within:
        finished = say.span(task.finish_within)
        yield say.of(f"{finished}内完成", f"finish within {finished}")
    if task.repeats_every:
        again = say.span(task.repeats_every)
        yield say.of(f"完成后每 {again}再做", f"again {again} after it is finished")


def conditions(say: Localizer, task: Task) -> Iterator[str]:
    """Say when a task is to be done at all, where, with what, and when it is done."""
    if task.phase is Phase.RESPONSE and set(task.levels) != set(ResponseLevel):
        levels = say.listed(level.name for level in sorted(task.levels))
        yield say.of(f"{levels}级响应", f"at level {levels}")
    if task.hazards:
        yield say.of(f"仅{say.hazards(task.hazards)}", f"only for {say.hazards(task.hazards)}")
    if task.after:
        named = (say.plan.tasks_by_id.get(one) for one in task.after)
        before = say.listed(say.text(one.title) for one in named if one)
        yield say.of(f"在此之后：{before}", f"after: {before}")
    if task.zones:
        yield say.of("地点：", "where: ") + say.listed(say.zone(zone) for zone in task.zones)
    needed = [*_supplies(say, task), *_units(say, task)]
    if needed:
        yield say.of("所需：", "with: ") + say.listed(needed)
    if task.done_when:
        yield say.of("完成标志：", "done when: ") + say.text(task.done_when)


def _card(say: Localizer, group: Group, post: Post, venue: str | None) -> Card:
    return Card(
        post=post.id,
        title=say.text(post.title),
        group=say.text(group.title),
        holder=say.contact(post.holder),
        stand_ins=[say.contact(one) for one in say.plan.chain(post.id) if one != post.holder],
        shifts=[
            f"{shift.begins}–{shift.ends} {say.contact(shift.holder)}" for shift in post.shifts
        ],
        reports_to=_above(say, group, post),
        may=[*_powers(say, post)],
        stretches=[*_stretches(say, post)],
        standing=[*_standing(say, post), *_places(say, post, venue)],
    )


def _above(say: Localizer, group: Group, post: Post) -> str:
    """Return the post that this one reports to: its group's first, else the group's above."""
    groups = {one.id: one for one in say.plan.groups}
    above: Group | None = group
    for _ in groups:
        if above is None:
            break
        first = next((one for one in above.posts if one.id != post.id), None)
        if first and (above is not group or above.posts[0].id != post.id):
            return say.text(above.posts[0].title)
        above = groups.get(above.parent or "")
    command = say.plan.command.post
    return say.post(command) if command != post.id else ""


def _powers(say: Localizer, post: Post) -> Iterator[str]:
    levels = [rule.level.name for rule in say.plan.levels if post.id in rule.decided_by]
    if levels:
        listed = say.listed(sorted(levels))
        yield say.of(f"决定启动 {listed} 级响应", f"decide on response level {listed}")
    notices = say.plan.notices
    if notices.post == post.id:
        yield say.of("起草公告，交他人审批后发布", "draft notices; somebody else approves them")
    if post.id in notices.approved_by:
        yield say.of("审批他人起草的公告", "approve notices that others drafted")
    if say.plan.money and post.id in say.plan.money.decided_by:
        yield say.of("与另一人共同决定赔偿", "decide on claims, together with another")


def _stretches(say: Localizer, post: Post) -> Iterator[Stretch]:
    for phase, name in PHASES.items():
        tasks = [task for task in say.plan.tasks if task.phase is phase and task.post == post.id]
        items = [
            Item(say.text(task.title), [*deadlines(say, task)], [*conditions(say, task)])
            for task in tasks
        ]
        items += [
            Item(say.text(report.title), [*_rhythm(say, report, phase)])
            for report in say.plan.reports
            if report.post == post.id and phase in report.phases
        ]
        if items:
            yield Stretch(say.text(name), str(phase), items)


def _rhythm(say: Localizer, report: Report, phase: Phase) -> Iterator[str]:
    first = say.span(report.first_within)
    yield say.of(f"{first}内首报", f"first within {first}")
    if phase is Phase.RESPONSE:
        for level, span in sorted(report.every.items()):
            again = say.span(span)
            yield say.of(f"{level.name}级每 {again}", f"every {again} at level {level.name}")
    elif report.warning_every:
        again = say.span(report.warning_every)
        yield say.of(f"此后每 {again}", f"then every {again}")
    if report.to:
        yield say.of("报给：", "to: ") + say.contact(report.to)


def _standing(say: Localizer, post: Post) -> Iterator[str]:
    for rule in say.plan.assistance:
        if rule.post == post.id:
            need, within = say.text(NEEDS[rule.need]), say.span(rule.reach_within)
            aid = say.text(rule.aid)
            yield say.of(f"{need}：{aid}，{within}内到位", f"{need}: {aid}, within {within}")
    for item in say.plan.supplies:
        if item.custodian == post.id:
            where = say.text(item.location)
            name = say.text(item.title)
            yield say.of(f"保管 {name}（{where}）", f"keep {name} ({where})")


def _places(say: Localizer, post: Post, there: str | None) -> Iterator[str]:
    for venue in say.plan.venues:
        places: Sequence[_Kept] = (*venue.refuges, *venue.cordons, *venue.traffic_points)
        for place in places if there in {None, venue.id} else ():
            if place.post == post.id:
                named = f"{say.text(venue.title)} · {say.text(place.title)}"
                yield say.of(f"负责 {named}", f"see to {named}")


def _supplies(say: Localizer, task: Task) -> Iterator[str]:
    known = {item.id: item for item in say.plan.supplies}
    for name, pieces in task.supplies.items():
        item = known.get(name)
        yield f"{say.text(item.title)} {pieces} {say.text(item.unit)}" if item else name


def _units(say: Localizer, task: Task) -> Iterator[str]:
    for kind, number in task.units.items():
        known = say.plan.kinds.get(kind)
        yield f"{say.text(known.title) if known else kind} × {number}"
