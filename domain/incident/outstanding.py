"""What the hands still owe an incident, and the little that its workflow must know."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import ConfigDict, Field

from domain.incident.deadlines import LetDeadlinePass, due
from domain.incident.state import Incident, RequestStatus, UnitStatus
from domain.values import Mode, Phase, ResponseLevel, Value


class WorkKind(StrEnum):
    """What kind of hand it takes."""

    NOTIFY = "notify"
    DISPATCH = "dispatch"
    RETURN = "return"
    EVALUATE = "evaluate"


class Remembered(Value):
    """A value that is kept in the histories of workflows, and read there by older programs."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class Work(Remembered):
    """Something that a hand must do. The same work always has the same kind and subject."""

    kind: WorkKind
    subject: str
    """A notification, a request, a unit; `case` for the evaluation."""

    @property
    def key(self) -> str:
        """Return `<kind>/<subject>`: names the work within its incident."""
        return f"{self.kind}/{self.subject}"


class Order(Remembered):
    """Work that a workflow gives to a hand."""

    incident: str
    subject: str


class NextDeadline(Remembered):
    """The earliest deadline, and what the clock says when it comes."""

    at: datetime
    command: LetDeadlinePass
    asked_at: datetime | None = Field(default=None, exclude_if=lambda at: at is None)
    """What the workflow's clock says when it asks that the deadline pass, if it says so."""


class Standing(Remembered):
    """Where an incident stands: all that its workflow knows of it."""

    incident: str
    version: int
    phase: Phase | None
    level: ResponseLevel | None
    venue: str
    plan: str
    mode: Mode
    next_deadline: NextDeadline | None
    outstanding: tuple[Work, ...]


def outstanding(incident: Incident) -> tuple[Work, ...]:
    """Return what the hands still owe, in a fixed order."""
    requests = [
        Work(kind=WorkKind.DISPATCH, subject=request)
        for request, state in sorted(incident.requests.items())
        if state.status is RequestStatus.OPEN and incident.phase is Phase.RESPONSE
    ]
    returns = [
        Work(kind=WorkKind.RETURN, subject=unit)
        for unit, sent in sorted(incident.units.items())
        if sent.status is UnitStatus.RELEASED
    ]
    told = [
        Work(kind=WorkKind.NOTIFY, subject=notification)
        for notification in sorted(incident.notifications, key=lambda name: int(name[1:]))
    ]
    evaluation = incident.phase is Phase.AFTERMATH and not incident.evaluated
    case = [Work(kind=WorkKind.EVALUATE, subject="case")] if evaluation else []
    return (*told, *requests, *returns, *case)


def standing(key: str, incident: Incident, version: int) -> Standing:
    """Return where an incident stands."""
    coming = due(incident)
    return Standing(
        incident=key,
        version=version,
        phase=incident.phase,
        level=incident.level,
        venue=incident.venue,
        plan=incident.plan.id if incident.plan else "",
        mode=incident.mode,
        next_deadline=NextDeadline(at=coming.at, command=coming.command) if coming else None,
        outstanding=outstanding(incident),
    )
