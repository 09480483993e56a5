"""The parts of a plan that are compared one by one, and whom each concerns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import attrgetter
from typing import Any, NamedTuple

from compiler.diff.change import Topic
from domain.plan.model.plan import Plan
from domain.values import Text, Value

Concerned = Callable[[Plan, Any], Iterable[str]]
"""Returns the contacts that a part is about."""


class Part(NamedTuple):
    """A kind of part."""

    topic: Topic
    name: Text
    of: Callable[[Plan], Iterator[tuple[str, Value]]]
    """The parts of this kind, each with the name that it has in both texts."""
    concerns: Concerned = lambda _plan, _part: ()
    besides: frozenset[str] = frozenset({"id"})
    """Fields that are compared elsewhere."""

    def named(self, plan: Plan) -> Mapping[str, Value]:
        """Return the parts by name; a name that is there twice is counted on."""
        found: dict[str, Value] = {}
        for name, part in self.of(plan):
            number = 2
            unique = name
            while unique in found:
                unique, number = f"{name}#{number}", number + 1
            found[unique] = part
        return found


def holders(plan: Plan, post: str) -> tuple[str, ...]:
    """Return who sits at a post, and who of its group is told with them."""
    seat = plan.posts.get(post)
    if seat is None:
        return ()
    on_shift = (shift.holder for shift in seat.shifts)
    return tuple(dict.fromkeys((seat.holder, *on_shift, *seat.members)))


def everybody_at(plan: Plan, post: str) -> tuple[str, ...]:
    """Return who sits at a post, or may have to."""
    seat = plan.posts.get(post)
    deputies = seat.deputies if seat else ()
    return tuple(dict.fromkeys((*holders(plan, post), *deputies)))


def _listed(field: str, by: str = "id") -> Callable[[Plan], Iterator[tuple[str, Value]]]:
    """Return what finds the parts in a list of the plan."""
    read, named = attrgetter(field), attrgetter(by)

    def of(plan: Plan) -> Iterator[tuple[str, Value]]:
        for part in read(plan):
            name = named(part)
            yield getattr(name, "name", name) if by == "level" else str(name), part

    return of


def _alone(field: str) -> Callable[[Plan], Iterator[tuple[str, Value]]]:
    """Return what finds a part that there is once, or not at all."""

    def of(plan: Plan) -> Iterator[tuple[str, Value]]:
        part = getattr(plan, field)
        if part is not None:
            yield field, part

    return of


def _placed(field: str) -> Callable[[Plan], Iterator[tuple[str, Value]]]:
    """Return what finds the parts in a list of each venue."""

    def of(plan: Plan) -> Iterator[tuple[str, Value]]:
        for venue in plan.venues:
            for part in getattr(venue, field):
                yield f"{venue.id}/{part.id}", part

    return of


def _posts(plan: Plan) -> Iterator[tuple[str, Value]]:
    for group in plan.groups:
        for post in group.posts:
            yield post.id, post


def _post_of(plan: Plan, part: Any) -> Iterable[str]:
    return holders(plan, part.post)


def _everybody(plan: Plan, part: Any) -> Iterable[str]:
    return everybody_at(plan, part.id)


def _deciding(plan: Plan, part: Any) -> Iterable[str]:
    return (person for post in part.decided_by for person in holders(plan, post))


def _told(_plan: Plan, part: Any) -> Iterable[str]:
    return (person for step in part.steps for person in step.tell)


def _itself(_plan: Plan, part: Any) -> Iterable[str]:
    return (part.id,)


def _custodian(plan: Plan, part: Any) -> Iterable[str]:
    return holders(plan, part.custodian)


VENUE_LISTS = (
    "zones",
    "junctions",
    "assembly_areas",
    "passages",
    "routes",
    "refuges",
    "signs",
    "cordons",
    "traffic_points",
)
IN_VENUES = frozenset({"id", "overrides", *VENUE_LISTS})

POST = Part(Topic.PEOPLE, Text.of("岗位", "post"), _posts, _everybody)
SUPPLY = Part(Topic.MEANS, Text.of("物资", "supply"), _listed("supplies"), _custodian)

PARTS = (
    Part(Topic.SCOPE, Text.of("场所", "venue"), _listed("venues"), besides=IN_VENUES),
    Part(Topic.SCOPE, Text.of("响应级别", "level"), _listed("levels", "level"), _deciding),
    Part(Topic.SCOPE, Text.of("预警", "warning"), _listed("warnings", "colour")),
    Part(Topic.SCOPE, Text.of("信号", "signal"), _listed("signals")),
    Part(Topic.SCOPE, Text.of("高峰时段", "peak period"), _listed("peaks")),
    Part(Topic.SCOPE, Text.of("防护行动", "protective action"), _listed("protective_actions")),
    Part(Topic.SCOPE, Text.of("阶段结束条件", "gate"), _listed("gates", "phase")),
    Part(Topic.SCOPE, Text.of("指挥规则", "command"), _alone("command"), _post_of),
    Part(Topic.SCOPE, Text.of("报警规则", "alarm"), _alone("alarm")),
    Part(Topic.SCOPE, Text.of("必告内容", "statements"), _alone("statements")),
    Part(Topic.SCOPE, Text.of("演练", "drill"), _listed("drills")),
    Part(Topic.SCOPE, Text.of("培训", "training"), _listed("trainings")),
    Part(Topic.SCOPE, Text.of("复审", "review"), _alone("review")),
    Part(Topic.SCOPE, Text.of("赔付规则", "money"), _alone("money"), _deciding),
    Part(Topic.SCOPE, Text.of("个人信息", "personal data"), _alone("personal_data"), _post_of),
    Part(Topic.PEOPLE, Text.of("联系人", "contact"), _listed("contacts"), _itself),
    Part(
        Topic.PEOPLE,
        Text.of("工作组", "group"),
        _listed("groups"),
        besides=frozenset({"id", "posts"}),
    ),
    POST,
    Part(Topic.PEOPLE, Text.of("升级流程", "escalation"), _listed("escalations"), _told),
    Part(Topic.DUTY, Text.of("任务", "task"), _listed("tasks"), _post_of),
    Part(Topic.DUTY, Text.of("报告", "report"), _listed("reports"), _post_of),
    Part(Topic.DUTY, Text.of("协助", "assistance"), _listed("assistance"), _post_of),
    Part(Topic.PLACE, Text.of("区域", "zone"), _placed("zones")),
    Part(Topic.PLACE, Text.of("交汇处", "junction"), _placed("junctions")),
    Part(Topic.PLACE, Text.of("集合区", "assembly area"), _placed("assembly_areas")),
    Part(Topic.PLACE, Text.of("通道", "passage"), _placed("passages")),
    Part(Topic.PLACE, Text.of("疏散路线", "route"), _placed("routes")),
    Part(Topic.PLACE, Text.of("避难处", "refuge"), _placed("refuges"), _post_of),
    Part(Topic.PLACE, Text.of("标志", "sign"), _placed("signs")),
    Part(Topic.PLACE, Text.of("警戒线", "cordon"), _placed("cordons"), _post_of),
    Part(Topic.PLACE, Text.of("交通管制点", "traffic point"), _placed("traffic_points"), _post_of),
    Part(Topic.MEANS, Text.of("力量类型", "kind of unit"), _listed("resource_kinds")),
    Part(Topic.MEANS, Text.of("力量需求", "need for units"), _listed("resource_needs", "kind")),
    Part(Topic.MEANS, Text.of("力量", "unit"), _listed("units")),
    SUPPLY,
    Part(Topic.INFORMATION, Text.of("公告", "notice"), _listed("notices.rules")),
    Part(
        Topic.INFORMATION,
        Text.of("信息发布", "public information"),
        _alone("notices"),
        _post_of,
        besides=frozenset({"templates", "rules"}),
    ),
)
"""Every kind of part, in the order in which changes are told."""
