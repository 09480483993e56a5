"""What a decision may look at: the incident, its plan, who asks, and what time it is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from domain.decider import CommandEnvelope
from domain.incident.events.duties import (
    Message,
    NotificationOrdered,
    NotificationWithdrawn,
)
from domain.incident.state import roster
from domain.incident.state.incident import Incident
from domain.plan.model.plan import Plan, PlanRef
from domain.values import Event

UNNUMBERED = ""
"""A notification's id until the decider numbers it."""


class Context(NamedTuple):
    """Everything that a decision may look at."""

    incident: Incident
    plan: Plan
    ref: PlanRef
    asked: CommandEnvelope
    now: datetime

    @property
    def who(self) -> str:
        """Return the person whose act this is."""
        return self.asked.who

    def after(self, span: timedelta) -> datetime:
        """Return when a span from now ends; an exercise's clock runs at the exercise's pace."""
        return self.now + span / self.incident.pace

    def knows_zone(self, zone: str) -> bool:
        """Tell whether the venue has a zone."""
        return zone in self.plan.zones.get(self.incident.venue, {})

    def tell(self, to: str, message: Message, about: str) -> NotificationOrdered:
        """Return the order to tell somebody something; the decider numbers it."""
        return NotificationOrdered(notification=UNNUMBERED, to=to, message=message, about=about)

    def tell_commander(self, message: Message, about: str) -> NotificationOrdered:
        """Return the order to tell whoever commands, or would."""
        return self.tell(self.commander, message, about)

    @property
    def commander(self) -> str:
        """Return who holds the command, else who was offered it, else who the plan says."""
        holding = self.incident.posts.get(self.plan.command.post)
        named = holding and (holding.held_by or holding.offered_to)
        return named or self.seated(self.plan.command.post)

    def seated(self, post: str) -> str:
        """Return who sits in a post at this hour, by the plan."""
        return roster.seated(self.plan, self.incident.venue, post, self.now)

    def line(self, post: str) -> tuple[str, ...]:
        """Return who is asked to take a post at this hour, in order."""
        return roster.line(self.plan, self.incident.venue, post, self.now)

    def chain(self, post: str) -> tuple[str, ...]:
        """Return who is told of a post's duty at this hour, in order, the command last."""
        return roster.chain(self.plan, self.incident.venue, post, self.now)

    def people_of(self, post: str) -> set[str]:
        """Return who holds a post and who stands in there, by the plan and in this incident."""
        planned, holding = roster.people_of(self.plan, post), self.incident.posts.get(post)
        return planned | {holding.held_by} if holding and holding.held_by else planned

    def withdrawn(self, *about: str) -> list[Event]:
        """Return the withdrawal of whatever is still to be told about these duties."""
        if not about:  # what is owed may be thousands
            return []
        these = frozenset(about)
        return [
            NotificationWithdrawn(notification=notification)
            for notification, owed in self.incident.notifications.items()
            if owed.about in these
        ]
