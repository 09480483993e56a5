"""Names in a plan: each is given once, and whatever is named is there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Protocol

from compiler.analysis.posts import posts_at
from compiler.diagnostics.findings import Finding, Kind, Severity, finding, unknown
from domain.plan.model.references import Thing, mentions
from domain.values import ResponseLevel, Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from domain.plan.model.plan import Plan, ResourceNeed, Task, Venue
    from domain.plan.model.references import Mention
    from domain.values import HazardKind

CALLED = {
    Thing.CONTACT: ("联系人", "contact", "/groups/0/posts/0/deputies: [deputy-manger]"),
    Thing.POST: ("岗位", "post", "/tasks/0/post: dutty"),
    Thing.GROUP: ("工作组", "group", "/groups/2/parent: headquarter"),
    Thing.ESCALATION: ("升级链", "escalation", "/tasks/2/escalation: guides-silnt"),
    Thing.TASK: ("任务", "task", "/tasks/3/after: [guide-uot]"),
    Thing.TEMPLATE: ("公告模板", "template", "/notices/rules/1/template: leave-nwo"),
    Thing.SIGNAL: ("信号", "signal", "/levels/0/automatic/0/signal: densty"),
    Thing.SUPPLY: ("物资", "supply", "/tasks/2/supplies: {megafones: 4}"),
    Thing.RESOURCE_KIND: ("资源类别", "resource kind", "/resource_needs/0/kind: guards-team"),
    Thing.VENUE: ("场所", "venue", "/units/0/venue: bookshp"),
    Thing.ZONE: ("区域", "zone", "/tasks/2/zones: [hal, gallery]"),
    Thing.PLACE: (
        "区域、连接点或集合点",
        "zone, junction or assembly area",
        "/venues/0/passages/3/between: [gallery, east-lending]",
    ),
    Thing.PASSAGE: ("通道", "passage", "/venues/0/routes/0/via: [main-dor]"),
    Thing.ASSEMBLY_AREA: ("集合点", "assembly area", "/venues/0/routes/0/to: sqare"),
}
"""What things are called, in Chinese and in English, and how the example plan would misname one."""

UNKNOWN = {
    thing: Kind(
        f"{thing}-unknown",
        Severity.ERROR,
        f"没有名为“{{name}}”的{zh}",
        f"no {en} is called '{{name}}'",
        why=Text.of(
            "它所指的并不存在，这条规定到时会落空。",
            "What it refers to isn't there: in the emergency it comes to nothing.",
        ),
        mend=Text.of("改正拼写，或在预案中补上它。", "Mend the spelling, or add it to the plan."),
        example=misnamed,
    )
    for thing, (zh, en, misnamed) in CALLED.items()
}
"""Of each thing that a name can stand for."""

LEVEL_UNKNOWN = Kind(
    "level-unknown",
    Severity.ERROR,
    "预案未规定{name}级响应",
    "the plan has no response level {name}",
    why=Text.of(
        "永远不会启动这个级别，写在这里的也就不会发生。",
        "That level never begins: what is written here never happens.",
    ),
    mend=Text.of(
        "在 levels 中规定它，或不写它。", "State it under `levels`, or leave it out here."
    ),
    example="/resource_needs/0/levels: [I]",
)
HAZARD_UNKNOWN = Kind(
    "hazard-unknown",
    Severity.ERROR,
    "预案的适用事件不包括“{name}”",
    "the plan is not for the hazard '{name}'",
    why=Text.of(
        "这类事件不会按本预案处置，写在这里的也就不会发生。",
        "The plan is never used for it, and so what is written here never happens.",
    ),
    mend=Text.of("在 hazards 中加上它，或不写它。", "Add it to `hazards`, or leave it out here."),
    example="/tasks/5/hazards: [natural]",
)
ID_DUPLICATE = Kind(
    "id-duplicate",
    Severity.ERROR,
    "“{name}”已在 {first} 使用，须换一个名称",
    "'{name}' is already used at {first}; each needs a name of its own",
    why=Text.of(
        "同名的两个之中，提到它的地方只会找到一个。",
        "Of two with one name, whatever mentions it finds only one.",
    ),
    mend=Text.of("换一个名称。", "Give one of them another name."),
    example="/tasks/1/id: watch",
)
ALL_LEVELS = tuple(ResponseLevel)
"""What a task or a need says when it says nothing: every level that the plan has."""

Things = Mapping[Thing, Collection[str]]

Named = tuple[str, str]
"""Where a name stands, and the name."""


def dangling(plan: Plan) -> Iterator[Finding]:
    """Find names of things that the plan doesn't have."""
    known = _known(plan)
    places = [_places(venue) for venue in plan.venues]
    for mention in mentions(plan):
        here = _there(mention, places) or known
        if mention.name not in here[mention.to]:
            yield unknown(UNKNOWN[mention.to], mention.where, mention.name, here[mention.to])


def outside(plan: Plan) -> Iterator[Finding]:
    """Find levels and hazards that the plan does not speak of."""
    levels = {rule.level for rule in plan.levels}
    for where, level in _levels_named(plan):
        if level not in levels:
            yield finding(LEVEL_UNKNOWN, where, name=level.name)
    for where, hazard in _hazards_named(plan):
        if hazard not in plan.hazards:
            yield unknown(HAZARD_UNKNOWN, where, hazard, plan.hazards)


def duplicates(plan: Plan) -> Iterator[Finding]:
    """Find names that are given twice."""
    for names in _given(plan):
        first: dict[str, str] = {}
        for where, name in names:
            if name in first:
                yield finding(ID_DUPLICATE, where, name=name, first=first[name])
            first.setdefault(name, where)


def _known(plan: Plan) -> Things:
    places = [_places(venue) for venue in plan.venues]
    return {
        Thing.CONTACT: plan.people,
        Thing.POST: plan.posts,
        Thing.GROUP: _ids(plan.groups),
        Thing.ESCALATION: _ids(plan.escalations),
        Thing.TASK: plan.tasks_by_id,
        Thing.TEMPLATE: plan.notices.templates,
        Thing.SIGNAL: _ids(plan.signals),
        Thing.SUPPLY: _ids(plan.supplies),
        Thing.RESOURCE_KIND: plan.kinds,
        Thing.VENUE: _ids(plan.venues),
        **{thing: {name for one in places for name in one[thing]} for thing in PLACES},
    }


PLACES = (Thing.ZONE, Thing.PLACE, Thing.PASSAGE, Thing.ASSEMBLY_AREA)
"""What a venue mentions must be its own; elsewhere it may be any venue's."""


def _places(venue: Venue) -> Things:
    zones, areas = _ids(venue.zones), _ids(venue.assembly_areas)
    return {
        Thing.ZONE: zones,
        Thing.ASSEMBLY_AREA: areas,
        Thing.PLACE: [*zones, *_ids(venue.junctions), *areas],
        Thing.PASSAGE: _ids(venue.passages),
    }


def _there(mention: Mention, places: Sequence[Things]) -> Things | None:
    """Return what is at the venue that mentions a place; None if no venue does."""
    _, top, number, *_ = [*mention.where.split("/"), ""]
    return places[int(number)] if top == "venues" and mention.to in PLACES else None


def _ids(things: Iterable[_HasId]) -> Sequence[str]:
    return [thing.id for thing in things]


class _HasId(Protocol):
    @property
    def id(self) -> str: ...


def _levels_named(plan: Plan) -> Iterator[tuple[str, ResponseLevel]]:
    yield "/alarm/fail_safe_level", plan.alarm.fail_safe_level
    named: dict[str, Sequence[Task | ResourceNeed]] = {
        "tasks": plan.tasks,
        "resource_needs": plan.resource_needs,
    }
    for key, rules in named.items():
        for n, rule in enumerate(rules):
            if rule.levels != ALL_LEVELS:
                yield from ((f"/{key}/{n}/levels/{k}", one) for k, one in enumerate(rule.levels))
    for n, report in enumerate(plan.reports):
        yield from ((f"/reports/{n}/every/{level.name}", level) for level in report.every)
    for n, supply in enumerate(plan.supplies):
        yield from ((f"/supplies/{n}/demand/{level.name}", level) for level in supply.demand)


def _hazards_named(plan: Plan) -> Iterator[Named]:
    cordons = {f"venues/{n}/cordons": venue.cordons for n, venue in enumerate(plan.venues)}
    lists: dict[str, Sequence[_ForHazards]] = {
        "tasks": plan.tasks,
        "notices/rules": plan.notices.rules,
        "protective_actions": plan.protective_actions,
        "drills": plan.drills,
        **cordons,
    }
    for key, rules in lists.items():
        for n, rule in enumerate(rules):
            yield from ((f"/{key}/{n}/hazards/{k}", one) for k, one in enumerate(rule.hazards))


class _ForHazards(Protocol):
    @property
    def hazards(self) -> Sequence[HazardKind]: ...


def _given(plan: Plan) -> Iterator[Iterable[Named]]:
    yield ((f"{at}/id", post.id) for at, post in posts_at(plan))
    lists: dict[str, Sequence[_HasId]] = {
        "contacts": plan.contacts,
        "groups": plan.groups,
        "reports": plan.reports,
        "resource_kinds": plan.resource_kinds,
        "supplies": plan.supplies,
        "tasks": plan.tasks,
        "venues": plan.venues,
        "signals": plan.signals,
        "peaks": plan.peaks,
        "escalations": plan.escalations,
        "protective_actions": plan.protective_actions,
        "assistance": plan.assistance,
        "units": plan.units,
        "drills": plan.drills,
        "trainings": plan.trainings,
        "notices/rules": plan.notices.rules,
    }
    for n, supply in enumerate(plan.supplies):
        lists[f"supplies/{n}/lots"] = supply.lots
    for key, things in lists.items():
        yield ((f"/{key}/{n}/id", thing.id) for n, thing in enumerate(things))
    for n, venue in enumerate(plan.venues):
        yield from _given_there(f"/venues/{n}", venue)
    yield ((f"/levels/{n}/level", rule.level.name) for n, rule in enumerate(plan.levels))
    yield ((f"/warnings/{n}/colour", rule.colour) for n, rule in enumerate(plan.warnings))
    yield ((f"/gates/{n}/phase", rule.phase) for n, rule in enumerate(plan.gates))


def _given_there(at: str, venue: Venue) -> Iterator[Iterable[Named]]:
    places: dict[str, Sequence[_HasId]] = {
        "zones": venue.zones,
        "junctions": venue.junctions,
        "assembly_areas": venue.assembly_areas,
    }
    yield [
        (f"{at}/{key}/{n}/id", one.id) for key, ones in places.items() for n, one in enumerate(ones)
    ]
    lists: dict[str, Sequence[_HasId]] = {
        "passages": venue.passages,
        "routes": venue.routes,
        "refuges": venue.refuges,
        "signs": venue.signs,
        "cordons": venue.cordons,
        "traffic_points": venue.traffic_points,
    }
    for key, things in lists.items():
        yield ((f"{at}/{key}/{n}/id", thing.id) for n, thing in enumerate(things))


KINDS = (
    *UNKNOWN.values(),
    LEVEL_UNKNOWN,
    HAZARD_UNKNOWN,
    ID_DUPLICATE,
)
RULES = (dangling, outside, duplicates)
