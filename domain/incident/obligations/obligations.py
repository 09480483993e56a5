"""The work that an incident still owes, and the little that its workflow must know."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import assert_never

from pydantic import ConfigDict, Field

from domain.incident.obligations.deadlines import LetDeadlinePass, due
from domain.incident.state.incident import Incident, RequestStatus, UnitStatus
from domain.values import Mode, Phase, ResponseLevel, Value


class WorkKind(StrEnum):
    """What kind of work it is, the most urgent first."""

    DISPATCH = "dispatch"
    RETURN = "return"
    EVALUATE = "evaluate"
    NOTIFY = "notify"


class WorkflowValue(Value):
    """A value that is kept in the histories of workflows, and read there by older programs."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class Obligation(WorkflowValue):
    """Something that must be done. The same work always has the same kind and subject."""

    kind: WorkKind
    subject: str
    """A notification, a request, a unit; `case` for the evaluation."""

    @property
    def key(self) -> str:
        """Return `<kind>/<subject>`: names the work within its incident."""
        return f"{self.kind}/{self.subject}"


class WorkOrder(WorkflowValue):
    """One piece of work of an incident, for whoever does it."""

    incident: str
    subject: str
    mode: Mode = Mode.LIVE
    """The incident's: exercises wait for emergencies."""


class NextDeadline(WorkflowValue):
    """The earliest deadline, and what the clock says when it comes."""

    at: datetime
    command: LetDeadlinePass
    asked_at: datetime | None = Field(default=None, exclude_if=lambda at: at is None)
    """What the workflow's clock says when it asks that the deadline pass, if it says so."""


class WorkflowView(WorkflowValue):
    """Where an incident stands: all that its workflow knows of it."""

    incident: str
    version: int
    phase: Phase | None
    level: ResponseLevel | None
    venue: str
    plan: str
    mode: Mode
    next_deadline: NextDeadline | None
    owed: tuple[WorkKind, ...] = ()
    """Which kinds of work are owed, the most urgent first. What exactly, the log says: a list here
    would be in the history of a workflow as often as it was asked for."""


def subjects(incident: Incident, kind: WorkKind) -> list[str]:
    """Return what an incident owes of one kind of work, in a fixed order."""
    match kind:
        case WorkKind.DISPATCH:
            return sorted(filter(partial(_is_open, incident), incident.requests))
        case WorkKind.RETURN:
            return sorted(filter(partial(_is_released, incident), incident.units))
        case WorkKind.EVALUATE:
            return ["case"] if _is_unevaluated(incident) else []
        case WorkKind.NOTIFY:
            return sorted(incident.notifications, key=lambda name: int(name[1:]))
        case _:
            assert_never(kind)


def is_owed(incident: Incident, kind: WorkKind, subject: str) -> bool:
    """Tell whether one piece of work is owed."""
    match kind:
        case WorkKind.DISPATCH:
            return subject in incident.requests and _is_open(incident, subject)
        case WorkKind.RETURN:
            return subject in incident.units and _is_released(incident, subject)
        case WorkKind.EVALUATE:
            return _is_unevaluated(incident)
        case WorkKind.NOTIFY:
            return subject in incident.notifications
        case _:
            assert_never(kind)


def owed(incident: Incident) -> tuple[WorkKind, ...]:
    """Return which kinds of work are owed, the most urgent first."""
    return tuple(kind for kind in WorkKind if _owes(incident, kind))


def obligations(incident: Incident) -> tuple[Obligation, ...]:
    """Return all that an incident owes, the most urgent first."""
    return tuple(
        Obligation(kind=kind, subject=subject)
        for kind in WorkKind
        for subject in subjects(incident, kind)
    )


def workflow_view(key: str, incident: Incident, version: int) -> WorkflowView:
    """Return where an incident stands."""
    coming = due(incident)
    return WorkflowView(
        incident=key,
        version=version,
        phase=incident.phase,
        level=incident.level,
        venue=incident.venue,
        plan=incident.plan.id if incident.plan else "",
        mode=incident.mode,
        next_deadline=NextDeadline(at=coming.at, command=coming.command) if coming else None,
        owed=owed(incident),
    )


def _owes(incident: Incident, kind: WorkKind) -> bool:
    if kind is WorkKind.NOTIFY:  # there may be very many
        return len(incident.notifications) > 0
    return bool(subjects(incident, kind))


def _is_open(incident: Incident, request: str) -> bool:
    status = incident.requests[request].status
    return status is RequestStatus.OPEN and incident.phase is Phase.RESPONSE


def _is_released(incident: Incident, unit: str) -> bool:
    return incident.units[unit].status is UnitStatus.RELEASED


def _is_unevaluated(incident: Incident) -> bool:
    return incident.phase is Phase.AFTERMATH and not incident.evaluated
