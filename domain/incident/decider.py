"""Every command of an incident, and how it is decided."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from domain.decider import CommandEnvelope, Decider, Refused, refused
from domain.delegation import may_not_speak
from domain.incident import (
    activation,
    aftermath,
    closing,
    command,
    corrections,
    evacuation,
    information,
    measures,
    notification,
    people,
    reporting,
    resources,
    tasks,
    warning,
)
from domain.incident.events import FACTS
from domain.incident.events.duties import NotificationOrdered
from domain.incident.evolution.bulk_fold import IncidentFold
from domain.incident.evolution.evolve import evolve
from domain.incident.obligations import deadlines
from domain.incident.policy.decisions import Decisions
from domain.incident.state.context import Context
from domain.incident.state.incident import NOTHING_YET, Incident
from domain.plan.model.plan import PinnedPlan
from domain.refusals import Refusal
from domain.values import Command, Event, Phase

DECISIONS: Decisions = {
    **warning.DECISIONS,
    **activation.DECISIONS,
    **command.DECISIONS,
    **tasks.DECISIONS,
    **reporting.DECISIONS,
    **measures.DECISIONS,
    **evacuation.DECISIONS,
    **resources.DECISIONS,
    **information.DECISIONS,
    **closing.DECISIONS,
    **aftermath.DECISIONS,
    **people.DECISIONS,
    **corrections.DECISIONS,
    **notification.DECISIONS,
    **deadlines.DECISIONS,
}
"""Every kind of command of an incident, and how it is decided."""

COMMANDS: dict[str, type[Command]] = {
    shape.model_fields["kind"].default: shape for shape in DECISIONS
}
"""Every command of an incident, by its name."""


def decide(
    incident: Incident, asked: CommandEnvelope, now: datetime, surroundings: object
) -> Sequence[Event] | Refused:
    """Return the facts that a command leads to, none if it is already so, or why it is refused."""
    if refusal := _out_of_place(incident, asked):
        return refusal
    if not isinstance(surroundings, PinnedPlan):
        return Refused(Refusal.PLAN_UNKNOWN)
    plan = surroundings.plan.at(_venue(incident, asked))
    on = Context(incident, plan, surroundings.ref, asked, now)
    decision = DECISIONS[type(asked.command)].decide(on, asked.command)
    return refused(decision) or _numbered(incident, decision)  # type: ignore[arg-type] # no refusal


def _out_of_place(incident: Incident, asked: CommandEnvelope) -> Refused | None:
    venue = _venue(incident, asked)
    if incident.phase is None and not isinstance(asked.command, warning.Opening):
        return Refused(Refusal.INCIDENT_UNKNOWN)
    if not asked.actor.may_act_at(venue):
        return Refused(Refusal.VENUE_NOT_PERMITTED, {"venue": venue})
    if refusal := may_not_speak(asked):
        return refusal
    if incident.phase is None:
        return None
    allowed = DECISIONS[type(asked.command)].phases
    if incident.phase in allowed:
        return None
    order = list(Phase)
    early = order.index(incident.phase) < min(order.index(phase) for phase in allowed)
    reason = Refusal.PHASE_NOT_REACHED if early else Refusal.PHASE_OVER
    needed = ", ".join(phase for phase in Phase if phase in allowed)
    return Refused(reason, {"phase": incident.phase, "needed": needed})


def _venue(incident: Incident, asked: CommandEnvelope) -> str:
    """Return where the incident is, or where an opening command says that it is."""
    return getattr(asked.command, "venue", "") if incident.phase is None else incident.venue


def _numbered(incident: Incident, facts: Sequence[Event]) -> list[Event]:
    """Give each new notification its number, in order, and leave each person one per duty."""
    number = incident.notified
    numbered: list[Event] = []
    for fact in facts:
        if isinstance(fact, NotificationOrdered):
            number += 1
            numbered.append(fact.model_copy(update={"notification": f"n{number}"}))
        else:
            numbered.append(fact)
    return numbered


INCIDENTS = Decider[Incident](
    category="incident",
    initial=NOTHING_YET,
    facts=FACTS,
    evolve=evolve,
    decide=decide,
    folding=IncidentFold,
)
"""The incident, as the recorder knows it."""
