"""Warnings and alarms: how an incident opens, and how it stands down."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from domain.decider import Decision
from domain.incident import activation, measures, reporting, tasks
from domain.incident.events.opening import (
    AlarmFoundFalse,
    AlarmLeftUnverified,
    AlarmReported,
    AlarmVerified,
    IncidentOpened,
    IncidentStoodDown,
    WarningAdjusted,
    WarningCancelled,
    WarningRaised,
)
from domain.incident.measures import NewMeasure
from domain.incident.policy import notice_schedule, task_assignment
from domain.incident.policy.decisions import ACTING, Decisions, Rule
from domain.incident.state.context import Context
from domain.incident.state.incident import AlarmStatus, Warning_
from domain.refusals import Refusal
from domain.values import (
    Command,
    Event,
    HazardKind,
    Id,
    Instant,
    Line,
    Mode,
    Phase,
    Prose,
    WarningColour,
)

PACE_MAX = 3_600.0
"""An exercise may run at most an hour a second."""


class Opening(Command):
    """What every command that may open an incident says."""

    venue: Id
    plan: Id
    hazard: HazardKind
    mode: Mode = Mode.LIVE
    pace: float = Field(default=1.0, ge=1.0, le=PACE_MAX)


class RaiseWarning(Opening):
    """Announce a warning; opens the incident if there is none yet (突发事件应对法 art. 64)."""

    kind: Literal["RaiseWarning"] = "RaiseWarning"
    colour: WarningColour
    starts_at: Instant
    scope: tuple[Id, ...] = Field(min_length=1)
    """Zones."""
    matters: Prose
    """What people should mind."""
    measures: tuple[NewMeasure, ...] = Field(min_length=1)
    issuer: Line


class ReportAlarm(Opening):
    """Report that something happened; opens the incident."""

    kind: Literal["ReportAlarm"] = "ReportAlarm"
    zone: Id
    source: Line
    """A call, a button, a camera; no name."""


class AdjustWarning(Command):
    """Announce the warning anew, as things developed (art. 70)."""

    kind: Literal["AdjustWarning"] = "AdjustWarning"
    colour: WarningColour
    scope: tuple[Id, ...] = Field(min_length=1)
    matters: Prose
    issuer: Line


class CancelWarning(Command):
    """Announce that the danger is over; without a response, the incident stands down (art. 70)."""

    kind: Literal["CancelWarning"] = "CancelWarning"
    issuer: Line


class VerifyAlarm(Command):
    """Say whether the alarm is genuine."""

    kind: Literal["VerifyAlarm"] = "VerifyAlarm"
    genuine: bool


def raise_warning(on: Context, ask: RaiseWarning) -> Decision:
    if on.incident.phase is None:
        opened = opening(on, ask)
        if not isinstance(opened, Context):
            return opened
        return _warn(opened, ask, [_opened(opened, ask)])
    if on.incident.warning is None and on.incident.venue == ask.venue:
        return _warn(on, ask, [])
    same = Warning_(ask.colour, ask.scope, ask.matters, ask.issuer)
    return [] if on.incident.warning == same else Refusal.INCIDENT_ALREADY_OPEN


def report_alarm(on: Context, ask: ReportAlarm) -> Decision:
    if on.incident.phase is not None:
        reported = on.incident.alarm is not AlarmStatus.NONE and on.incident.venue == ask.venue
        return [] if reported else Refusal.INCIDENT_ALREADY_OPEN
    opened = opening(on, ask)
    if not isinstance(opened, Context):
        return opened
    if not opened.knows_zone(ask.zone):
        return Refusal.ZONE_UNKNOWN
    verify_by = opened.after(on.plan.alarm.verify_within)
    alarm = AlarmReported(zone=ask.zone, source=ask.source, verify_by=verify_by)
    return [_opened(opened, ask), alarm]


def adjust_warning(on: Context, ask: AdjustWarning) -> Decision:
    if on.incident.warning is None:
        return Refusal.NO_WARNING_IN_FORCE
    if any(not on.knows_zone(zone) for zone in ask.scope):
        return Refusal.ZONE_UNKNOWN
    if on.incident.warning == Warning_(ask.colour, ask.scope, ask.matters, ask.issuer):
        return []
    return [
        WarningAdjusted(colour=ask.colour, scope=ask.scope, matters=ask.matters, issuer=ask.issuer)
    ]


def cancel_warning(on: Context, ask: CancelWarning) -> Decision:
    if on.incident.warning is None:
        return Refusal.NO_WARNING_IN_FORCE
    cancelled = WarningCancelled(issuer=ask.issuer)
    if on.incident.phase is not Phase.WARNING:
        return [cancelled]
    return [cancelled, *_stand_down(on)]


def verify_alarm(on: Context, ask: VerifyAlarm) -> Decision:
    match on.incident.alarm, ask.genuine:
        case AlarmStatus.NONE, _:
            return Refusal.NO_ALARM_REPORTED
        case ((AlarmStatus.REPORTED | AlarmStatus.UNVERIFIED), True):
            return [AlarmVerified()]
        case AlarmStatus.REPORTED, False:
            only_an_alarm = on.incident.phase is Phase.NORMAL
            return [AlarmFoundFalse(), *(_stand_down(on) if only_an_alarm else ())]
        case (AlarmStatus.VERIFIED, True) | (AlarmStatus.FALSE, False):
            return []
        case _:
            return Refusal.ALARM_ALREADY_VERIFIED


def alarm_left_unverified(on: Context) -> list[Event]:
    """Return the plan's fail-safe: the response begins by itself (GB/T 29639-2020)."""
    rules = on.plan.alarm
    unverified = AlarmLeftUnverified()
    if on.incident.phase not in {Phase.NORMAL, Phase.WARNING}:
        return [unverified]
    matters = rules.fail_safe_matters.said_in("zh")
    begun = activation.begin(
        on, rules.fail_safe_level, matters, rules.fail_safe_duration, automatic=True
    )
    return [unverified, *begun]


def opening(on: Context, ask: Opening) -> Context | Refusal:
    """Return the situation as if the incident were open, or why it can't be opened."""
    if ask.venue not in on.plan.zones:
        return Refusal.PLAN_NOT_FOR_VENUE
    if ask.hazard not in on.plan.hazards:
        return Refusal.HAZARD_NOT_IN_PLAN
    if ask.mode is Mode.LIVE and ask.pace != 1.0:
        return Refusal.EXERCISE_ONLY
    incident = on.incident._replace(
        phase=Phase.NORMAL,
        venue=ask.venue,
        hazard=ask.hazard,
        mode=ask.mode,
        pace=ask.pace,
    )
    return on._replace(incident=incident)


def _opened(on: Context, ask: Opening) -> IncidentOpened:
    return IncidentOpened(
        venue=ask.venue, hazard=ask.hazard, plan=on.ref, mode=ask.mode, pace=ask.pace
    )


def _warn(on: Context, ask: RaiseWarning, opened: list[Event]) -> Decision:
    if any(not on.knows_zone(zone) for zone in ask.scope):
        return Refusal.ZONE_UNKNOWN
    raised = WarningRaised(
        colour=ask.colour,
        starts_at=ask.starts_at,
        scope=ask.scope,
        matters=ask.matters,
        issuer=ask.issuer,
    )
    imposed = measures.impose(on, ask.measures)
    begun = on.incident.phase is Phase.NORMAL
    duties = [
        *task_assignment.begin(on, Phase.WARNING, None),
        *reporting.begin(on, Phase.WARNING),
        *notice_schedule.begin(on, Phase.WARNING),
    ]
    return [*opened, raised, *imposed, *(duties if begun else ())]


def _stand_down(on: Context) -> list[Event]:
    return [
        *measures.lift_all(on),
        *tasks.end(on),
        *reporting.end(on, Phase.STOOD_DOWN),
        *notice_schedule.end(on),
        IncidentStoodDown(),
    ]


DECISIONS: Decisions = {
    RaiseWarning: Rule(raise_warning, phases=ACTING),
    ReportAlarm: Rule(report_alarm, phases=ACTING),
    AdjustWarning: Rule(adjust_warning, phases=ACTING),
    CancelWarning: Rule(cancel_warning, phases=ACTING),
    VerifyAlarm: Rule(verify_alarm, phases=ACTING),
}
