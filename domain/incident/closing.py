"""The two gates: the response is terminated, the case is closed."""

from __future__ import annotations

from typing import Literal

from domain.aggregate import Decision, Refused
from domain.incident import assigning, reporting, resources, tasks
from domain.incident.events.aftermath import IncidentClosed
from domain.incident.events.duties import Message
from domain.incident.events.response import GateOverruled, ResponseTerminated
from domain.incident.situation import Situation
from domain.incident.state import Incident, UnitStatus
from domain.plan.model import Plan
from domain.refusals import Refusal
from domain.values import Command, Fact, Phase

GateName = Literal["termination", "closing"]


class TerminateResponse(Command):
    """End the response, if its gate is passed, or against it with a reason (art. 86)."""

    kind: Literal["TerminateResponse"] = "TerminateResponse"
    overrule: bool = False


class CloseIncident(Command):
    """Close the case, if its gate is passed, or against it with a reason."""

    kind: Literal["CloseIncident"] = "CloseIncident"
    overrule: bool = False


def terminate_response(on: Situation, ask: TerminateResponse) -> Decision:
    overruled = _through(on, "termination", termination_unmet(on.incident, on.plan), ask.overrule)
    if not isinstance(overruled, list):
        return overruled
    after = on._replace(incident=on.incident._replace(phase=Phase.AFTERMATH))
    holders = {on.plan.posts[task.post].holder for task in on.incident.tasks.values()}
    told = [on.tell(one, Message.RESPONSE_TERMINATED, "incident") for one in sorted(holders)]
    return [
        *overruled,
        ResponseTerminated(),
        *resources.end(on),
        *tasks.end(on),
        *reporting.end(on, Phase.AFTERMATH),
        *assigning.begin(after, Phase.AFTERMATH, None),
        *reporting.begin(after, Phase.AFTERMATH),
        *told,
    ]


def close_incident(on: Situation, ask: CloseIncident) -> Decision:
    overruled = _through(on, "closing", closing_unmet(on.incident), ask.overrule)
    if not isinstance(overruled, list):
        return overruled
    return [
        *overruled,
        *tasks.end(on),
        *reporting.end(on, Phase.CLOSED),
        IncidentClosed(),
    ]


def termination_unmet(incident: Incident, plan: Plan) -> list[str]:
    """Return what stands in the way of ending the response, as `<what>: <which>`."""
    zones = sorted(incident.zones.items())
    unfiled = [rule.id for rule in plan.reports if rule.required_to_terminate]
    return [
        *(
            f"measure in force without an owner: {measure}"
            for measure, state in sorted(incident.measures.items())
            if not state.lifted and state.owner is None
        ),
        *(f"zone not cleared: {zone}" for zone, state in zones if not state.cleared),
        *(f"people unaccounted for: {zone}" for zone, state in zones if state.unaccounted),
        *(f"assistance open: {case}" for case in sorted(incident.assistance)),
        *(f"report not filed: {report}" for report in unfiled if report not in incident.reports),
        *(
            f"unit not released: {unit}"
            for unit, state in sorted(incident.units.items())
            if state.status is not UnitStatus.RELEASED
        ),
    ]


def closing_unmet(incident: Incident) -> list[str]:
    """Return what stands in the way of closing the case, as `<what>: <which>`."""
    return [
        *(() if incident.evaluated else ("not evaluated yet: the case",)),
        *(f"unit not returned: {unit}" for unit in sorted(incident.units)),
    ]


def _through(
    on: Situation,
    gate: GateName,
    unmet: list[str],
    overrule: bool,  # noqa: FBT001 - as asked
) -> list[Fact] | Refusal | Refused:
    if not unmet:
        return []
    if not overrule:
        return Refused(Refusal.GATE_NOT_PASSED, {"gate": gate, "unmet": "; ".join(unmet)})
    if not on.asked.reason:
        return Refusal.REASON_REQUIRED
    return [GateOverruled(gate=gate, unmet=tuple(unmet))]
