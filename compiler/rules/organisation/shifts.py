"""Shifts: the day covered once, nobody in two seats at one hour, nobody too long."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from compiler.analysis.posts import posts_at
from compiler.diagnostics.findings import Finding, Kind, Severity, finding
from domain.plan.model.hours import DAY_MINUTES, Stretch, clock, length, stretches, uncovered
from domain.values import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from domain.plan.model.plan import Plan, Post

SHIFT_HOURS_MAX = 12
"""Longer than that nobody keeps watch."""

SHIFT_GAP = Kind(
    "shift-gap",
    Severity.WARNING,
    "岗位“{name}”在 {begins}–{ends} 没有人值班",
    "nobody has a shift in the post '{name}' from {begins} to {ends}",
    why=Text.of(
        "空档里发生的事先找一个不当班的人，应答时限就这样耗掉。",
        "What happens in the gap is first told to somebody who is off duty; minutes are lost.",
    ),
    mend=Text.of("让班次首尾相接，覆盖全天。", "Let the shifts follow one another round the day."),
    source="国务院令第708号 (2019), art. 14",
    example="/groups/1/posts/0/shifts/1/ends: '07:30'",
)
SHIFT_OVERLAP = Kind(
    "shift-overlap",
    Severity.WARNING,
    "岗位“{name}”在 {begins}–{ends} 有两个班次：“{first}”和“{second}”",
    "two shifts of the post '{name}' from {begins} to {ends}: '{first}' and '{second}'",
    why=Text.of(
        "两个人都以为对方负责；系统只会先找排在前面的一个。",
        "Each believes that the other is in charge; only the first of the list is told.",
    ),
    mend=Text.of(
        "一个班次结束时另一个才开始；交接时间另行安排。",
        "Let one begin when the other ends; hand over by word of mouth.",
    ),
    example="/groups/1/posts/0/shifts/1/begins: '19:30'",
)
SHIFT_TOO_LONG = Kind(
    "shift-too-long",
    Severity.WARNING,
    "“{holder}”的班次长达 {hours} 小时，超过 {most} 小时",
    "a shift of {hours} hours for '{holder}', more than {most}",
    why=Text.of(
        "人连续值守过久会迟钝：警报响时反应和判断都靠不住。",
        "Nobody is alert that long; when the alarm comes, judgement is poor and answers are late.",
    ),
    mend=Text.of("分成几个班次。", "Split it among several people."),
    example="/groups/1/posts/0/shifts/0/ends: '21:00'\n/groups/1/posts/0/shifts/1/begins: '21:00'",
)
PERSON_ON_TWO_SHIFTS = Kind(
    "person-on-two-shifts",
    Severity.ERROR,
    "“{holder}”在 {begins}–{ends} 同时值“{first}”和“{second}”两个岗位的班",
    "'{holder}' is on shift in '{first}' and in '{second}' from {begins} to {ends}",
    why=Text.of(
        "一个人不能同时在两个岗位上；出事时必有一个是空的。",
        "Nobody can be in two places; when it counts one of the two seats is empty.",
    ),
    mend=Text.of("其中一班换人，或错开时间。", "Give one shift to another, or other hours."),
    example="/groups/2/posts/0/shifts: [{begins: '00:00', ends: '00:00', holder: night-officer}]",
)
SHIFT_HOLDER_STANDS_IN = Kind(
    "shift-holder-stands-in",
    Severity.WARNING,
    "岗位“{name}”的值班人“{holder}”也是唯一的副职",
    "'{holder}' has a shift in the post '{name}' and is all who stands in there",
    why=Text.of(
        "当班时找不到他，能接替的还是他。",
        "Whenever they don't answer on their shift, the one to stand in is again they.",
    ),
    mend=Text.of("另设一名副职。", "Name another deputy."),
    example="/groups/1/posts/0/deputies: [night-officer]",
)


class Watch(NamedTuple):
    """Somebody's hours in a post, within one day."""

    hours: Stretch
    holder: str
    post: str
    where: str


def shifts(plan: Plan) -> Iterator[Finding]:
    """Find shifts of a post that leave a gap, overlap, last too long or stand in for themselves."""
    for at, post in posts_at(plan):
        if post.shifts:
            yield from _round_the_day(at, post)
            yield from _each(at, post)


def in_two_places(plan: Plan) -> Iterator[Finding]:
    """Find people who have shifts in two posts at the same hour."""
    watches: dict[str, list[Watch]] = {}
    for at, post in posts_at(plan):
        for watch in _watches(at, post):
            watches.setdefault(watch.holder, []).append(watch)
    for holder, held in watches.items():
        for first, second in _at_once(held):
            if first.post != second.post:
                said = _said(first.hours, second.hours) | {"holder": holder}
                posts = {"first": first.post, "second": second.post}
                yield finding(PERSON_ON_TWO_SHIFTS, f"{second.where}/holder", **said, **posts)


def _round_the_day(at: str, post: Post) -> Iterator[Finding]:
    worked = [stretches(shift.begins, shift.ends) for shift in post.shifts]
    if gap := uncovered(part for hours in worked for part in hours):
        begins = _begin_of_night(gap, worked)
        said = {"name": post.id, "begins": clock(begins), "ends": clock(gap.ends)}
        yield finding(SHIFT_GAP, f"{at}/shifts", **said)
    for first, second in _at_once([*_watches(at, post)]):
        said = _said(first.hours, second.hours) | {"name": post.id}
        people = {"first": first.holder, "second": second.holder}
        yield finding(SHIFT_OVERLAP, second.where, **said, **people)


def _watches(at: str, post: Post) -> Iterator[Watch]:
    for n, shift in enumerate(post.shifts):
        for hours in stretches(shift.begins, shift.ends):
            yield Watch(hours, shift.holder, post.id, f"{at}/shifts/{n}")


def _at_once(watches: Iterable[Watch]) -> Iterator[tuple[Watch, Watch]]:
    """Return each watch that begins before one of the earlier ends, with the last to end."""
    last: Watch | None = None
    for watch in sorted(watches):
        if last is not None and watch.hours.begins < last.hours.ends and watch.where != last.where:
            yield (last, watch) if _number(last) < _number(watch) else (watch, last)
        if last is None or watch.hours.ends > last.hours.ends:
            last = watch


def _number(watch: Watch) -> tuple[str, int]:
    """Return what sorts watches by where they stand in the plan."""
    at, number = watch.where.rsplit("/", 1)
    return at, int(number)


def _said(one: Stretch, other: Stretch) -> dict[str, str]:
    """Return the hours that are in both."""
    begins, ends = max(one.begins, other.begins), min(one.ends, other.ends)
    return {"begins": clock(begins), "ends": clock(ends)}


def _begin_of_night(gap: Stretch, worked: Sequence[Sequence[Stretch]]) -> int:
    """Return when a gap begins, the evening before where it lasts past midnight."""
    latest = max(part.ends for hours in worked for part in hours)
    return latest if gap.begins == 0 and latest < DAY_MINUTES else gap.begins


def _each(at: str, post: Post) -> Iterator[Finding]:
    for n, shift in enumerate(post.shifts):
        hours = length(shift.begins, shift.ends) / 60
        if hours > SHIFT_HOURS_MAX:
            said = {"hours": f"{hours:g}", "most": SHIFT_HOURS_MAX, "holder": shift.holder}
            yield finding(SHIFT_TOO_LONG, f"{at}/shifts/{n}", **said)
        if {*post.deputies, *post.members} == {shift.holder}:
            said = {"name": post.id, "holder": shift.holder}
            yield finding(SHIFT_HOLDER_STANDS_IN, f"{at}/shifts/{n}/holder", **said)


KINDS = (
    SHIFT_GAP,
    SHIFT_OVERLAP,
    SHIFT_TOO_LONG,
    PERSON_ON_TWO_SHIFTS,
    SHIFT_HOLDER_STANDS_IN,
)
RULES = (shifts, in_two_places)
