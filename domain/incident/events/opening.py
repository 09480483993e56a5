"""How an incident begins: warnings and alarms."""

from __future__ import annotations

from typing import Literal

from domain.plan.model.plan import PlanRef
from domain.values import (
    Event,
    HazardKind,
    Id,
    Instant,
    Line,
    Mode,
    Prose,
    WarningColour,
)


class IncidentOpened(Event):
    """An incident began at a venue, pinned to a version of its plan."""

    kind: Literal["IncidentOpened"] = "IncidentOpened"
    venue: Id
    hazard: HazardKind
    plan: PlanRef
    mode: Mode
    pace: float
    """How many times faster than the wall clock an exercise runs; 1 when lives hang on it."""


class WarningRaised(Event):
    """A warning was announced, with all that the law asks for (突发事件应对法 art. 64)."""

    kind: Literal["WarningRaised"] = "WarningRaised"
    colour: WarningColour
    starts_at: Instant
    scope: tuple[Id, ...]
    matters: Prose
    issuer: Line


class WarningAdjusted(Event):
    """The warning was announced anew as things developed (art. 70)."""

    kind: Literal["WarningAdjusted"] = "WarningAdjusted"
    colour: WarningColour
    scope: tuple[Id, ...]
    matters: Prose
    issuer: Line


class WarningCancelled(Event):
    """The danger is over; the warning period ended (art. 70)."""

    kind: Literal["WarningCancelled"] = "WarningCancelled"
    issuer: Line


class AlarmReported(Event):
    """Somebody, or a device, reported that something happened."""

    kind: Literal["AlarmReported"] = "AlarmReported"
    zone: Id
    source: Line
    verify_by: Instant


class AlarmVerified(Event):
    """Somebody looked: the alarm is genuine."""

    kind: Literal["AlarmVerified"] = "AlarmVerified"


class AlarmFoundFalse(Event):
    """Somebody looked: there is nothing."""

    kind: Literal["AlarmFoundFalse"] = "AlarmFoundFalse"


class AlarmLeftUnverified(Event):
    """Nobody looked in time, so the plan's fail-safe applies."""

    kind: Literal["AlarmLeftUnverified"] = "AlarmLeftUnverified"


class IncidentStoodDown(Event):
    """The incident ended without a response."""

    kind: Literal["IncidentStoodDown"] = "IncidentStoodDown"
