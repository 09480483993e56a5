"""Units: somebody holds what a task needs, it comes in time, and not to two places at once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from compiler.analysis.demand import units_at_once
from compiler.diagnostics.findings import Finding, Kind, Severity, finding
from domain.plan.model.notation import spelled
from domain.values import Phase, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import timedelta

    from domain.plan.model.plan import Plan, PlannedUnit, ResourceNeed

NO_UNIT_OF_KIND = Kind(
    "no-unit-of-kind",
    Severity.WARNING,
    "{who}需要“{unit}”，但预案没有一个这样的单元",
    "{who} needs '{unit}', and the plan counts on no such unit",
    why=Text.of(
        "启动时会请求支援，但没有人可派；现找来不及。",
        "It is asked for when the response begins, and there is nobody to send.",
    ),
    mend=Text.of(
        "在 units 中写明由谁提供，或不再需要它。",
        "Say in `units` who provides it, or do without it.",
    ),
    source="国务院令第708号 (2019), art. 9-10, 13",
    example="/units/3: -\n/units/2: -",
)
UNITS_TOO_FEW = Kind(
    "units-too-few",
    Severity.WARNING,
    "{level}级响应需要 {needed} 个“{unit}”，预案只有 {held} 个",
    "level {level} asks for {needed} of '{unit}', and the plan counts on {held}",
    why=Text.of(
        "请求会一直挂着，等不到第二支队伍。",
        "The request stays open: there is no other to come.",
    ),
    mend=Text.of("增加 units，或减少需求数量。", "Add `units`, or ask for fewer."),
    source="国务院令第708号 (2019), art. 13",
    example="/resource_needs/1/quantity: 3",
)
UNIT_NEEDED_TWICE = Kind(
    "unit-needed-twice",
    Severity.WARNING,
    "{level}级响应（{hazard}）{when} 时同时需要 {needed} 个“{unit}”，只有 {held} 个：{tasks}",
    "{needed} of '{unit}' are needed at once {when} into level {level} ({hazard}), "
    "{held} there are: {tasks}",
    why=Text.of(
        "同一支队伍不能同时在两处；总有一项任务要等。",
        "A unit can't be in two places; one of the tasks has to wait.",
    ),
    mend=Text.of(
        "增加单元，或用 after 排出先后并写明完成时限。",
        "Add units, or put the tasks in order with `after` and deadlines.",
    ),
    example="/tasks/3/units: {guard-team: 2}\n/tasks/10/units: {guard-team: 1}\n/tasks/3/after: []",
)
UNIT_NOT_ASKED_FOR = Kind(
    "unit-not-asked-for",
    Severity.WARNING,
    "任务“{name}”在{level}级响应需要“{unit}”，但该级别不会请求它",
    "the task '{name}' needs '{unit}' at level {level}, but nobody asks for one there",
    why=Text.of(
        "任务派下去了，队伍却没有人去叫。",
        "The task is assigned, and nobody calls the unit that it needs.",
    ),
    mend=Text.of(
        "在 resource_needs 中为该级别加上这一类。",
        "Add the kind to `resource_needs` at that level.",
    ),
    example="/tasks/3/levels: [II, III]",
)
UNITS_ARRIVE_LATE = Kind(
    "units-arrive-late",
    Severity.WARNING,
    "“{unit}”须在 {within} 内到达，只有 {intime} 个能按时到，需要 {needed} 个",
    "'{unit}' must arrive within {within}: {intime} can, {needed} are needed",
    why=Text.of(
        "约定的到达时间本身就晚于预案的要求。",
        "What was agreed on is already later than what the plan asks for.",
    ),
    mend=Text.of(
        "找更近的队伍驻场，或如实放宽 arrive_within。",
        "Station one nearer, or ask honestly for a later `arrive_within`.",
    ),
    source="国务院令第708号 (2019), art. 13",
    example="/units/2/arrives_within: 20 min\n/units/3/arrives_within: 20 min",
)
UNIT_WITHOUT_AGREEMENT = Kind(
    "unit-without-agreement",
    Severity.WARNING,
    "外部单元“{name}”没有写明依据什么协议前来",
    "the unit '{name}' is from outside, and nothing obliges it to come",
    why=Text.of(
        "没有协议，别人有权不来；预案却把它算在内。",
        "Without an agreement it may stay away, and the plan counts on it.",
    ),
    mend=Text.of(
        "签订协议并写 agreement；如驻在场所则写 venue。",
        "Agree on it and say `agreement`, or say at which `venue` it is stationed.",
    ),
    source="国务院令第708号 (2019), art. 10",
    example="/units/2/agreement: -",
)
UNIT_WITHOUT_ARRIVAL = Kind(
    "unit-without-arrival",
    Severity.WARNING,
    "外部单元“{name}”没有写明多久能到",
    "the unit '{name}' is from outside, and nobody knows how long it takes",
    why=Text.of(
        "不知道多久能到，就无法检查它能不能按时到。",
        "Nothing can tell whether it comes in time.",
    ),
    mend=Text.of("与提供方商定后写 arrives_within。", "Agree on `arrives_within` and say it."),
    example="/units/2/arrives_within: -",
)
RESOURCE_KIND_UNUSED = Kind(
    "resource-kind-unused",
    Severity.WARNING,
    "没有任务或级别需要“{name}”",
    "no task and no level needs '{name}'",
    why=Text.of("列在预案里却永远不会被请求。", "It is listed and will never be asked for."),
    mend=Text.of(
        "在 resource_needs 或任务的 units 中用到它，或删去。",
        "Name it in `resource_needs` or a task's `units`, or take it out.",
    ),
    example="/resource_kinds/-: {id: power-unit, title: {zh: 电源车, en: Power unit}}",
)


def held(plan: Plan) -> Iterator[Finding]:
    """Find kinds of unit that are needed and not there, or there and not needed."""
    units: dict[str, list[PlannedUnit]] = {}
    for unit in plan.units:
        units.setdefault(unit.kind, []).append(unit)
    for n, need in enumerate(plan.resource_needs):
        if need.kind in plan.kinds:
            yield from _enough(f"/resource_needs/{n}", need, units.get(need.kind, ()))
    for n, task in enumerate(plan.tasks):
        for kind in task.units:
            if kind in plan.kinds and kind not in units:
                said = {"who": f"task/{task.id}", "unit": kind}
                yield finding(NO_UNIT_OF_KIND, f"/tasks/{n}/units/{kind}", **said)
    wanted = {need.kind for need in plan.resource_needs}
    wanted |= {kind for task in plan.tasks for kind in task.units}
    for n, known in enumerate(plan.resource_kinds):
        if known.id not in wanted:
            yield finding(RESOURCE_KIND_UNUSED, f"/resource_kinds/{n}", name=known.id)


def asked_for(plan: Plan) -> Iterator[Finding]:
    """Find tasks whose units nobody asks for at a level."""
    asked = {(need.kind, level) for need in plan.resource_needs for level in need.levels}
    planned = sorted({rule.level for rule in plan.levels})
    for n, task in enumerate(plan.tasks):
        if task.phase is not Phase.RESPONSE or task.hazards:  # a need is asked for in all of them
            continue
        for kind in task.units:
            missing = [one for one in planned if one in task.levels and (kind, one) not in asked]
            if missing and kind in plan.kinds:
                said = {"name": task.id, "unit": kind, "level": missing[0].name}
                yield finding(UNIT_NOT_ASKED_FOR, f"/tasks/{n}/units/{kind}", **said)


def at_once(plan: Plan) -> Iterator[Finding]:
    """Find units that tasks need in two places at the same time, in the worst of hazards."""
    units = Counter(unit.kind for unit in plan.units)
    told: set[str] = set()
    for level in sorted({rule.level for rule in plan.levels}):
        for hazard in dict.fromkeys(plan.hazards):
            tasks = plan.tasks_of(Phase.RESPONSE, hazard, level)
            for kind, peak in units_at_once(tasks).items():
                if kind in told or not 0 < units[kind] < peak.units:
                    continue
                told.add(kind)
                said = {"unit": kind, "needed": peak.units, "held": units[kind]}
                when = {"level": level.name, "hazard": hazard, "when": _when(peak.after)}
                listed = ", ".join(peak.tasks)
                first = next(n for n, one in enumerate(plan.tasks) if one.id in peak.tasks)
                where = f"/tasks/{first}/units/{kind}"
                yield finding(UNIT_NEEDED_TWICE, where, **said, **when, tasks=listed)


def outside(plan: Plan) -> Iterator[Finding]:
    """Find units of others that may not come, or nobody knows when."""
    for n, unit in enumerate(plan.units):
        if unit.venue is None and unit.agreement is None:
            yield finding(UNIT_WITHOUT_AGREEMENT, f"/units/{n}", name=unit.id)
        if unit.venue is None and unit.arrives_within is None:
            yield finding(UNIT_WITHOUT_ARRIVAL, f"/units/{n}", name=unit.id)


def _enough(at: str, need: ResourceNeed, units: Sequence[PlannedUnit]) -> Iterator[Finding]:
    levels = ", ".join(level.name for level in need.levels)
    said = {"unit": need.kind, "needed": need.quantity}
    intime = sum(
        unit.arrives_within is None or unit.arrives_within <= need.arrive_within for unit in units
    )
    number = len(units)
    if not number:
        who = f"resource_needs ({levels})"
        yield finding(NO_UNIT_OF_KIND, f"{at}/kind", who=who, unit=need.kind)
    elif number < need.quantity:
        yield finding(UNITS_TOO_FEW, f"{at}/quantity", **said, held=number, level=levels)
    elif intime < need.quantity:
        within = spelled(need.arrive_within)
        yield finding(
            UNITS_ARRIVE_LATE, f"{at}/arrive_within", **said, intime=intime, within=within
        )


def _when(after: timedelta) -> str:
    return spelled(after) if after else "0 min"


KINDS = (
    NO_UNIT_OF_KIND,
    UNITS_TOO_FEW,
    UNIT_NEEDED_TWICE,
    UNIT_NOT_ASKED_FOR,
    UNITS_ARRIVE_LATE,
    UNIT_WITHOUT_AGREEMENT,
    UNIT_WITHOUT_ARRIVAL,
    RESOURCE_KIND_UNUSED,
)
RULES = (held, asked_for, at_once, outside)
