"""Who owes what by when, who was told, and what became of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from domain.plan.model.plan import ChannelKind
from domain.values import Event, Id, Instant, Line, Prose, Text


class Message(StrEnum):
    """What a notification is about."""

    TASK_ASSIGNED = "task_assigned"
    TASK_ESCALATED = "task_escalated"
    TASK_OVERDUE = "task_overdue"
    TASK_IMPOSSIBLE = "task_impossible"
    TASK_UNANSWERED = "task_unanswered"
    POST_OFFERED = "post_offered"
    POST_VACANT = "post_vacant"
    REPORT_OVERDUE = "report_overdue"
    NOTICE_OVERDUE = "notice_overdue"
    NOTICE_MISSED = "notice_missed"
    PUBLIC_NOTICE = "public_notice"
    UNIT_OVERDUE = "unit_overdue"
    RESOURCE_UNAVAILABLE = "resource_unavailable"
    RESPONSE_ACTIVATED = "response_activated"
    RESPONSE_TERMINATED = "response_terminated"


class NotificationOrdered(Event):
    """Somebody is to be told something."""

    kind: Literal["NotificationOrdered"] = "NotificationOrdered"
    notification: str
    """`n1`, `n2`, … in the order in which the incident ordered them."""
    to: Id
    """A contact of the plan."""
    message: Message
    about: str
    """The duty's key: `task/<id>`, `post/<id>`, `report/<id>`, `notice/<id>`, `request/<id>`,
    `notice-rule/<id>`."""


class NotificationDelivered(Event):
    """A channel took the message."""

    kind: Literal["NotificationDelivered"] = "NotificationDelivered"
    notification: str
    channel: ChannelKind


class NotificationFailed(Event):
    """No channel of the contact took the message."""

    kind: Literal["NotificationFailed"] = "NotificationFailed"
    notification: str
    cause: Line


class NotificationWithdrawn(Event):
    """It need not be sent any more: the duty was answered or is over."""

    kind: Literal["NotificationWithdrawn"] = "NotificationWithdrawn"
    notification: str


class TaskAssigned(Event):
    """A post owes a task."""

    kind: Literal["TaskAssigned"] = "TaskAssigned"
    task: Id
    title: Text
    post: Id
    acknowledge_by: Instant
    start_by: Instant | None
    finish_by: Instant | None


class TaskAcknowledged(Event):
    """Somebody of the post took notice of a task."""

    kind: Literal["TaskAcknowledged"] = "TaskAcknowledged"
    task: Id
    person: Id


class TaskEscalated(Event):
    """Nobody acknowledged in time: the next was asked; of several together each by a fact."""

    kind: Literal["TaskEscalated"] = "TaskEscalated"
    task: Id
    to: Id
    step: int
    """1 for the first one after the holder."""
    acknowledge_by: Instant


class EscalationAnswered(Event):
    """One of several who were asked together answered, and more must."""

    kind: Literal["EscalationAnswered"] = "EscalationAnswered"
    task: Id
    person: Id


class TaskLeftUnanswered(Event):
    """Nobody of the chain acknowledged."""

    kind: Literal["TaskLeftUnanswered"] = "TaskLeftUnanswered"
    task: Id


class TaskStarted(Event):
    """Work on a task began."""

    kind: Literal["TaskStarted"] = "TaskStarted"
    task: Id
    person: Id


class TaskFinished(Event):
    """A task was done."""

    kind: Literal["TaskFinished"] = "TaskFinished"
    task: Id
    person: Id


class TaskDeclaredImpossible(Event):
    """A task can't be done. The reason is in the meta."""

    kind: Literal["TaskDeclaredImpossible"] = "TaskDeclaredImpossible"
    task: Id
    person: Id


class TaskOverdue(Event):
    """A task was not started, or not finished, by its deadline."""

    kind: Literal["TaskOverdue"] = "TaskOverdue"
    task: Id
    missed: Literal["start", "finish"]


class TaskLapsed(Event):
    """A task fell away because its phase ended."""

    kind: Literal["TaskLapsed"] = "TaskLapsed"
    task: Id


class TaskRepeatExpected(Event):
    """A task that was finished is to be done again."""

    kind: Literal["TaskRepeatExpected"] = "TaskRepeatExpected"
    task: Id
    assign_at: Instant


class ReportExpected(Event):
    """A post owes a report."""

    kind: Literal["ReportExpected"] = "ReportExpected"
    report: Id
    due_at: Instant


class SituationReported(Event):
    """A report was filed."""

    kind: Literal["SituationReported"] = "SituationReported"
    report: Id
    filing: Id
    number: int
    """1 for the first of its kind in this incident."""
    summary: Prose
    headcount: int | None
    """Persons in the affected zones."""
    casualties: int | None
    """Persons hurt or worse, to date."""


class ReportMissed(Event):
    """A report was not filed in time."""

    kind: Literal["ReportMissed"] = "ReportMissed"
    report: Id
    due_at: Instant


class ReportNoLongerExpected(Event):
    """A report fell away because its phase ended."""

    kind: Literal["ReportNoLongerExpected"] = "ReportNoLongerExpected"
    report: Id
