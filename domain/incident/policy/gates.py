"""What must be so before a phase ends: as the plan says, else as the product does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from domain.incident.state.incident import Incident, UnitStatus
from domain.plan.model.duties import GateCondition, GatePhase
from domain.plan.model.plan import Plan


def unmet(phase: GatePhase, incident: Incident, plan: Plan) -> list[str]:
    """Return what stands in the way of ending a phase, as `<what>: <which>`."""
    return [found for one in plan.gate(phase) for found in _CONDITIONS[one](incident, plan)]


def _measures(incident: Incident, _: Plan) -> Iterator[str]:
    for measure, state in sorted(incident.measures.items()):
        if not state.lifted and state.owner is None:
            yield f"measure in force without an owner: {measure}"


def _zones(incident: Incident, _: Plan) -> Iterator[str]:
    for zone, state in sorted(incident.zones.items()):
        if not state.cleared:
            yield f"zone not cleared: {zone}"


def _unaccounted(incident: Incident, _: Plan) -> Iterator[str]:
    for zone, state in sorted(incident.zones.items()):
        if state.unaccounted:
            yield f"people unaccounted for: {zone}"


def _assistance(incident: Incident, _: Plan) -> Iterator[str]:
    yield from (f"assistance open: {case}" for case in sorted(incident.assistance))


def _reports(incident: Incident, plan: Plan) -> Iterator[str]:
    for rule in plan.reports:
        if rule.required_to_terminate and rule.id not in incident.reports:
            yield f"report not filed: {rule.id}"


def _released(incident: Incident, _: Plan) -> Iterator[str]:
    for unit, state in sorted(incident.units.items()):
        if state.status is not UnitStatus.RELEASED:
            yield f"unit not released: {unit}"


def _returned(incident: Incident, _: Plan) -> Iterator[str]:
    yield from (f"unit not returned: {unit}" for unit in sorted(incident.units))


def _evaluated(incident: Incident, _: Plan) -> Iterator[str]:
    if not incident.evaluated:
        yield "not evaluated yet: the case"


def _tasks(incident: Incident, _: Plan) -> Iterator[str]:
    for task, owed in sorted(incident.tasks.items()):
        if not owed.status.is_over:
            yield f"task not over: {task}"


def _damage(incident: Incident, _: Plan) -> Iterator[str]:
    if not incident.damages:
        yield "damage not assessed: the case"


def _action(incident: Incident, _: Plan) -> Iterator[str]:
    if not incident.actions:
        yield "no corrective action proposed: the case"


_CONDITIONS: Mapping[GateCondition, Callable[[Incident, Plan], Iterator[str]]] = {
    GateCondition.MEASURES_LIFTED: _measures,
    GateCondition.ZONES_CLEARED: _zones,
    GateCondition.NOBODY_UNACCOUNTED: _unaccounted,
    GateCondition.ASSISTANCE_FINISHED: _assistance,
    GateCondition.REPORTS_FILED: _reports,
    GateCondition.UNITS_RELEASED: _released,
    GateCondition.UNITS_RETURNED: _returned,
    GateCondition.CASE_EVALUATED: _evaluated,
    GateCondition.TASKS_OVER: _tasks,
    GateCondition.DAMAGE_ASSESSED: _damage,
    GateCondition.ACTION_PROPOSED: _action,
}
