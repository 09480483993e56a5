"""What is due, and what follows when nobody acted first."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple, assert_never

from domain.aggregate import Decision
from domain.incident import (
    answering,
    assigning,
    command,
    information,
    notice_rules,
    reporting,
    resources,
    tasks,
    warning,
)
from domain.incident.situation import Situation
from domain.incident.state import DeadlineKey, DeadlineKind, Incident
from domain.values import Command, Fact, Instant


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


def due(incident: Incident) -> Due | None:
    """Return what comes first, if anything is due at all."""
    first = min(((at, *key) for key, at in incident.deadlines.items()), default=None)
    if first is None:
        return None
    at, kind, subject = first
    return Due(at, LetDeadlinePass(deadline=kind, subject=subject, due_at=at))


def let_deadline_pass(on: Situation, ask: LetDeadlinePass) -> Decision:
    """Decide by whether the deadline is still armed, whatever a wall clock says."""
    key = DeadlineKey(ask.deadline, ask.subject)
    if on.incident.deadlines.get(key) != ask.due_at:
        return []
    return passed(on, key)


def passed(on: Situation, key: DeadlineKey) -> list[Fact]:  # noqa: C901, PLR0911 - one case a kind
    """Return what follows when an armed deadline passes."""
    match key.kind:
        case DeadlineKind.ALARM_VERIFICATION:
            return warning.alarm_left_unverified(on)
        case DeadlineKind.POST_ACCEPTANCE:
            return command.offer_expired(on, key.subject)
        case DeadlineKind.TASK_ACKNOWLEDGEMENT:
            return answering.acknowledgement_missed(on, key.subject)
        case DeadlineKind.TASK_START:
            return tasks.overdue(on, key.subject, "start")
        case DeadlineKind.TASK_FINISH:
            return tasks.overdue(on, key.subject, "finish")
        case DeadlineKind.TASK_REPEAT:
            return assigning.again(on, key.subject)
        case DeadlineKind.REPORT:
            return reporting.missed(on, key.subject)
        case DeadlineKind.FIRST_NOTICE:
            return information.first_notice_missed(on)
        case DeadlineKind.NOTICE:
            return notice_rules.missed(on, key.subject)
        case DeadlineKind.UNIT_ARRIVAL:
            return resources.overdue(on, key.subject)
        case _:
            assert_never(key.kind)
