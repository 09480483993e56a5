"""What is due, and what follows when nobody acted first."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Literal, NamedTuple, assert_never

from domain.decider import Decision
from domain.incident import command, information, reporting, resources, tasks, warning
from domain.incident.policy import acknowledgements, notice_schedule, task_assignment
from domain.incident.policy.decisions import Decisions, Rule
from domain.incident.state.context import Context
from domain.incident.state.incident import DeadlineKey, DeadlineKind, Incident
from domain.values import Command, Event, Instant


class LetDeadlinePass(Command):
    """Say that a deadline came and nobody had acted. Sent by the clock."""

    kind: Literal["LetDeadlinePass"] = "LetDeadlinePass"
    deadline: DeadlineKind
    subject: str
    due_at: Instant
    """Names the arming: one that was armed again since then does not pass."""


class Due(NamedTuple):
    """The earliest armed deadline, and the command that the clock sends then."""

    at: datetime
    command: LetDeadlinePass


class Armed(NamedTuple):
    """A deadline that is armed."""

    at: datetime
    kind: DeadlineKind
    subject: str


def due(incident: Incident) -> Due | None:
    """Return what comes first, if anything is due at all."""
    return earliest(incident)


def earliest(incident: Incident, *, besides: Collection[LetDeadlinePass] = ()) -> Due | None:
    """Return what comes first, leaving some out."""
    out = {Armed(one.due_at, one.deadline, one.subject) for one in besides}
    first = first_armed(incident, besides=out)
    return None if first is None else _due(*first)


def first_armed(incident: Incident, *, besides: Collection[Armed] = ()) -> Armed | None:
    """Return the same without the command: what a screen shows, and a view keeps for each event."""
    armed = (Armed(at, *key) for key, at in incident.deadlines.items())
    return min((one for one in armed if one not in besides), default=None)


def due_by(incident: Incident, moment: datetime) -> list[Due]:
    """Return all that is armed and due at or before a moment, the earliest first."""
    found = sorted((at, *key) for key, at in incident.deadlines.items() if at <= moment)
    return [_due(*one) for one in found]


def _due(at: datetime, kind: DeadlineKind, subject: str) -> Due:
    return Due(at, LetDeadlinePass(deadline=kind, subject=subject, due_at=at))


def is_armed(incident: Incident, passing: LetDeadlinePass) -> bool:
    """Tell whether a deadline is armed as it was when it was promised."""
    return incident.deadlines.get(DeadlineKey(passing.deadline, passing.subject)) == passing.due_at


def let_deadline_pass(on: Context, ask: LetDeadlinePass) -> Decision:
    """Decide by whether the deadline is still armed, whatever a wall clock says."""
    if not is_armed(on.incident, ask):
        return []
    return passed(on, DeadlineKey(ask.deadline, ask.subject))


def passed(on: Context, key: DeadlineKey) -> list[Event]:  # noqa: C901, PLR0911 - one case a kind
    """Return what follows when an armed deadline passes."""
    match key.kind:
        case DeadlineKind.ALARM_VERIFICATION:
            return warning.alarm_left_unverified(on)
        case DeadlineKind.POST_ACCEPTANCE:
            return command.offer_expired(on, key.subject)
        case DeadlineKind.TASK_ACKNOWLEDGEMENT:
            return acknowledgements.acknowledgement_missed(on, key.subject)
        case DeadlineKind.TASK_START:
            return tasks.overdue(on, key.subject, "start")
        case DeadlineKind.TASK_FINISH:
            return tasks.overdue(on, key.subject, "finish")
        case DeadlineKind.TASK_REPEAT:
            return task_assignment.again(on, key.subject)
        case DeadlineKind.REPORT:
            return reporting.missed(on, key.subject)
        case DeadlineKind.FIRST_NOTICE:
            return information.first_notice_missed(on)
        case DeadlineKind.NOTICE:
            return notice_schedule.missed(on, key.subject)
        case DeadlineKind.UNIT_ARRIVAL:
            return resources.overdue(on, key.subject)
        case _:
            assert_never(key.kind)


DECISIONS: Decisions = {
    LetDeadlinePass: Rule(let_deadline_pass),
}
