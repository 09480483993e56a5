"""The two gates: the response is terminated, the case is closed."""

from __future__ import annotations

from typing import Literal

from domain.decider import Decision, Refused
from domain.incident import reporting, resources, tasks
from domain.incident.events.aftermath import IncidentClosed
from domain.incident.events.duties import Message
from domain.incident.events.response import GateOverruled, ResponseTerminated
from domain.incident.policy import gates, notice_schedule, task_assignment
from domain.incident.policy.decisions import AFTERMATH, RESPONSE, Decisions, Rule
from domain.incident.state.context import Context
from domain.plan.model.duties import GatePhase
from domain.refusals import Refusal
from domain.values import Command, Event, Phase

_NAMES: dict[GatePhase, Literal["termination", "closing"]] = {
    GatePhase.RESPONSE: "termination",
    GatePhase.AFTERMATH: "closing",
}


class TerminateResponse(Command):
    """End the response, if its gate is passed, or against it with a reason (art. 86)."""

    kind: Literal["TerminateResponse"] = "TerminateResponse"
    overrule: bool = False


class CloseIncident(Command):
    """Close the case, if its gate is passed, or against it with a reason."""

    kind: Literal["CloseIncident"] = "CloseIncident"
    overrule: bool = False


def terminate_response(on: Context, ask: TerminateResponse) -> Decision:
    overruled = _through(on, GatePhase.RESPONSE, ask.overrule)
    if not isinstance(overruled, list):
        return overruled
    after = on._replace(incident=on.incident._replace(phase=Phase.AFTERMATH))
    holders = {on.seated(task.post) for task in on.incident.tasks.values()}
    told = [on.tell(one, Message.RESPONSE_TERMINATED, "incident") for one in sorted(holders)]
    return [
        *overruled,
        ResponseTerminated(),
        *resources.end(on),
        *tasks.end(on),
        *reporting.end(on, Phase.AFTERMATH),
        *notice_schedule.end(on),
        *task_assignment.begin(after, Phase.AFTERMATH, None),
        *reporting.begin(after, Phase.AFTERMATH),
        *notice_schedule.begin(after, Phase.AFTERMATH),
        *told,
    ]


def close_incident(on: Context, ask: CloseIncident) -> Decision:
    overruled = _through(on, GatePhase.AFTERMATH, ask.overrule)
    if not isinstance(overruled, list):
        return overruled
    return [
        *overruled,
        *tasks.end(on),
        *reporting.end(on, Phase.CLOSED),
        *notice_schedule.end(on),
        IncidentClosed(),
    ]


def _through(
    on: Context,
    phase: GatePhase,
    overrule: bool,  # noqa: FBT001 - as asked
) -> list[Event] | Refusal | Refused:
    unmet, gate = gates.unmet(phase, on.incident, on.plan), _NAMES[phase]
    if not unmet:
        return []
    if not overrule:
        return Refused(Refusal.GATE_NOT_PASSED, {"gate": gate, "unmet": "; ".join(unmet)})
    if not on.asked.reason:
        return Refusal.REASON_REQUIRED
    return [GateOverruled(gate=gate, unmet=tuple(unmet))]


DECISIONS: Decisions = {
    TerminateResponse: Rule(terminate_response, phases=RESPONSE),
    CloseIncident: Rule(close_incident, phases=AFTERMATH),
}
