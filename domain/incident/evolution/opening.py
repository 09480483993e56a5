"""What warnings and alarms change."""

from __future__ import annotations

from collections.abc import Callable

from domain.incident.events import opening
from domain.incident.evolution.armed_deadlines import armed, disarmed
from domain.incident.evolution.changes import Changes, over
from domain.incident.state.incident import AlarmStatus, DeadlineKind, Incident, Warning_
from domain.values import Event, Phase


def _opened(was: Incident, fact: opening.IncidentOpened) -> Incident:
    return was._replace(
        phase=Phase.NORMAL,
        venue=fact.venue,
        hazard=fact.hazard,
        plan=fact.plan,
        mode=fact.mode,
        pace=fact.pace,
    )


def _warned(was: Incident, fact: opening.WarningRaised) -> Incident:
    warning = Warning_(fact.colour, fact.scope, fact.matters, fact.issuer)
    phase = Phase.WARNING if was.phase is Phase.NORMAL else was.phase
    return was._replace(warning=warning, phase=phase)


def _adjusted(was: Incident, fact: opening.WarningAdjusted) -> Incident:
    return was._replace(warning=Warning_(fact.colour, fact.scope, fact.matters, fact.issuer))


def _warning_cancelled(was: Incident, _: opening.WarningCancelled) -> Incident:
    return was._replace(warning=None)


def _alarmed(was: Incident, fact: opening.AlarmReported) -> Incident:
    deadlines = armed(was, DeadlineKind.ALARM_VERIFICATION, "alarm", fact.verify_by)
    return was._replace(alarm=AlarmStatus.REPORTED, deadlines=deadlines)


def _alarm(status: AlarmStatus) -> Callable[[Incident, Event], Incident]:
    def change(was: Incident, _: Event) -> Incident:
        deadlines = disarmed(was, (DeadlineKind.ALARM_VERIFICATION, "alarm"))
        return was._replace(alarm=status, deadlines=deadlines)

    return change


CHANGES: Changes = {
    opening.IncidentOpened: _opened,
    opening.WarningRaised: _warned,
    opening.WarningAdjusted: _adjusted,
    opening.WarningCancelled: _warning_cancelled,
    opening.AlarmReported: _alarmed,
    opening.AlarmVerified: _alarm(AlarmStatus.VERIFIED),
    opening.AlarmFoundFalse: _alarm(AlarmStatus.FALSE),
    opening.AlarmLeftUnverified: _alarm(AlarmStatus.UNVERIFIED),
    opening.IncidentStoodDown: over(Phase.STOOD_DOWN),
}
