"""What came of a notification. Sent by the hands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import field_validator

from domain.decider import Decision
from domain.incident.events.duties import (
    NotificationDelivered,
    NotificationFailed,
    NotificationOrdered,
)
from domain.incident.obligations import deadlines
from domain.incident.policy import acknowledgements
from domain.incident.policy.decisions import ALWAYS, Decisions, Rule
from domain.incident.state.context import Context
from domain.incident.state.incident import DeadlineKey, DeadlineKind, Notification
from domain.plan.model.plan import ChannelKind
from domain.refusals import Refusal
from domain.texts import visible
from domain.values import Command, Event, Line

_DUTY_DEADLINE = {
    "task": DeadlineKind.TASK_ACKNOWLEDGEMENT,
    "post": DeadlineKind.POST_ACCEPTANCE,
}


class ConfirmDelivery(Command):
    """Say that a channel took the message."""

    kind: Literal["ConfirmDelivery"] = "ConfirmDelivery"
    notification: str
    channel: ChannelKind


class ReportDeliveryFailure(Command):
    """Say that no channel took the message; whoever is next is told at once."""

    kind: Literal["ReportDeliveryFailure"] = "ReportDeliveryFailure"
    notification: str
    cause: Line
    """As another machine said it, so what can't be seen in it is escaped."""
    may_recover: bool = False
    """Whether a server hangs that may yet take it: it stays owed where nobody is told instead."""

    @field_validator("cause", mode="before")
    @classmethod
    def cause_can_be_seen(cls, cause: str) -> str:
        """Escape what the other machine had no reason to say."""
        return visible(cause)


def confirm_delivery(on: Context, ask: ConfirmDelivery) -> Decision:
    if not _ever_ordered(on, ask.notification):
        return Refusal.NOTIFICATION_UNKNOWN
    if ask.notification not in on.incident.notifications:
        return []
    return [NotificationDelivered(notification=ask.notification, channel=ask.channel)]


def report_delivery_failure(on: Context, ask: ReportDeliveryFailure) -> Decision:
    if not _ever_ordered(on, ask.notification):
        return Refusal.NOTIFICATION_UNKNOWN
    owed = on.incident.notifications.get(ask.notification)
    if owed is None:
        return []
    instead = _ask_the_next(on, ask.notification)
    if ask.may_recover and not (_tells(instead) or _others_are_asked(on, owed)):
        return []
    return [NotificationFailed(notification=ask.notification, cause=ask.cause), *instead]


def _ask_the_next(on: Context, notification: str) -> list[Event]:
    """Return the escalation of a duty whose owner can't be reached, without waiting for it."""
    owed = on.incident.notifications[notification]
    key = _duty(on, owed)
    if key is None or not _is_lost(on, key, owed.to):
        return []
    left = on.incident.notifications.discard(notification)
    return deadlines.passed(on._replace(incident=on.incident._replace(notifications=left)), key)


def _duty(on: Context, owed: Notification) -> DeadlineKey | None:
    """Return the deadline of the answer that a notification asks for, while it is armed."""
    topic, _, subject = owed.about.partition("/")
    kind = _DUTY_DEADLINE.get(topic)
    key = DeadlineKey(kind, subject) if kind else None
    return key if key is not None and key in on.incident.deadlines else None


def _tells(facts: Sequence[Event]) -> bool:
    return any(isinstance(fact, NotificationOrdered) for fact in facts)


def _others_are_asked(on: Context, owed: Notification) -> bool:
    """Tell whether others were asked for the same answer, and may yet give it."""
    key = _duty(on, owed)
    if key is None or key.kind is not DeadlineKind.TASK_ACKNOWLEDGEMENT:
        return False
    return not _is_lost(on, key, owed.to)


def _is_lost(on: Context, key: DeadlineKey, to: str) -> bool:
    if key.kind is DeadlineKind.POST_ACCEPTANCE:
        return on.incident.posts[key.subject].offered_to == to
    return acknowledgements.is_lost(on, key.subject, to)


def _ever_ordered(on: Context, notification: str) -> bool:
    number = notification.removeprefix("n")
    return number.isdecimal() and 0 < int(number) <= on.incident.notified


DECISIONS: Decisions = {
    ConfirmDelivery: Rule(confirm_delivery, phases=ALWAYS),
    ReportDeliveryFailure: Rule(report_delivery_failure, phases=ALWAYS),
}
