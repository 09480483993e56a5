"""What a plan says: who commands, who does what by when, with which means.

Every figure that the source plans leave open is a field with a default, and each default names the
source of its figure, so that nothing is assumed in code.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Annotated

from pydantic import BeforeValidator, Field, FiniteFloat, Strict, StrictInt

from domain.plan import reading
from domain.values import (
    HazardKind,
    Id,
    Line,
    Phase,
    ResponseLevel,
    Text,
    Value,
    WarningColour,
)

SPAN_MAX = timedelta(days=365)
"""No duty of an emergency takes longer than a year."""

Span = Annotated[timedelta, BeforeValidator(reading.span), Field(gt=timedelta(0), le=SPAN_MAX)]
"""How long something may take: `90 s`, `3 min`, `1 h`, `30 d`, or ISO 8601."""

Numeral = Annotated[ResponseLevel, BeforeValidator(reading.level)]
"""`I` to `IV`, or 1 to 4."""


class ChannelKind(StrEnum):
    """How a contact can be reached."""

    MAIL = "mail"
    WEBHOOK = "webhook"


class Contact(Value):
    """A person, or a public channel such as the entrance screens; the directory has addresses."""

    id: Id
    title: Text
    channels: tuple[ChannelKind, ...] = Field(min_length=1)
    """In the order in which they are tried."""


class Zone(Value):
    """A part of a venue."""

    id: Id
    title: Text
    capacity: StrictInt = Field(gt=0)
    """Persons."""
    x: Annotated[FiniteFloat, Strict()] = 0.0
    """Metres east of the venue's origin."""
    y: Annotated[FiniteFloat, Strict()] = 0.0
    """Metres north of the venue's origin."""


class Venue(Value):
    """A place that the plan covers."""

    id: Id
    title: Text
    zones: tuple[Zone, ...] = Field(min_length=1)


class Post(Value):
    """A seat in the organisation that somebody holds, and those who stand in, in order."""

    id: Id
    title: Text
    holder: Id
    deputies: tuple[Id, ...] = ()
    members: tuple[Id, ...] = ()
    """Who else of the group is told when the holder does not answer, before the deputies."""


class Group(Value):
    """A part of the organisation, with the duties that the plan gives it."""

    id: Id
    title: Text
    parent: Id | None = None
    duties: tuple[Text, ...] = Field(min_length=1)
    posts: tuple[Post, ...] = ()


class Task(Value):
    """A duty that falls to a post when a phase begins."""

    id: Id
    title: Text
    phase: Phase
    post: Id
    levels: tuple[Numeral, ...] = tuple(ResponseLevel)
    """The response levels at which it falls due; of no account outside the response."""
    hazards: tuple[HazardKind, ...] = ()
    """Only for these; for all when empty."""
    acknowledge_within: Span = timedelta(minutes=3)
    """Three minutes: first answer of a post in the house (mission S38, GB/T 38315 second force)."""
    start_within: Span | None = None
    finish_within: Span | None = None


class Report(Value):
    """A report that somebody owes while a phase lasts."""

    id: Id
    title: Text
    phases: tuple[Phase, ...] = Field(min_length=1)
    post: Id
    first_within: Span = timedelta(minutes=10)
    """Ten minutes after the phase begins (mission S18)."""
    every: dict[Numeral, Span] = Field(default_factory=dict)
    """How often after that, by level; `warning_every` outside the response; once when neither."""
    warning_every: Span | None = None
    required_to_terminate: bool = False
    """Whether the response can't be terminated before it was filed (突发事件应对法 art. 61)."""
    source: Line | None = None
    """The law's article, for a statutory clock."""


class NoticeRules(Value):
    """What the public is told, by when, and who must approve it."""

    post: Id
    """Who drafts."""
    channels: tuple[Id, ...] = Field(min_length=1)
    """Contacts that are public channels."""
    first_within: Span = timedelta(minutes=10)
    """Ten minutes after activation (mission S33)."""
    templates: dict[Id, Text] = Field(default_factory=dict)


class ResourceKind(Value):
    """A kind of unit that can be sent."""

    id: Id
    title: Text


class ResourceNeed(Value):
    """Units that are asked for when the response is activated."""

    kind: Id
    quantity: StrictInt = Field(default=1, ge=1, le=100)
    levels: tuple[Numeral, ...] = tuple(ResponseLevel)
    arrive_within: Span = timedelta(minutes=10)
    """Ten minutes for a unit from outside the house (mission S38)."""


class Supply(Value):
    """An item of the plan's list of supplies."""

    id: Id
    title: Text
    quantity: StrictInt = Field(ge=0)
    minimum: StrictInt = Field(ge=0)
    unit: Text
    location: Text
    custodian: Id
    """A post."""


class Level(Value):
    """A response level: when it applies, and who may decide it."""

    level: Numeral
    criteria: Text
    decided_by: tuple[Id, ...] = Field(min_length=1)
    """Posts."""


class WarningRule(Value):
    """What a warning colour means here."""

    colour: WarningColour
    criteria: Text


class CommandRules(Value):
    """Who commands, and how long an offer of the command stands."""

    post: Id
    accept_within: Span = timedelta(minutes=3)
    """Three minutes, then the next deputy is asked (mission S14)."""


class AlarmRules(Value):
    """What follows when nobody verifies an alarm (GB/T 29639-2020: automatic activation)."""

    verify_within: Span = timedelta(minutes=2)
    """Two minutes (mission S26)."""
    fail_safe_level: Numeral
    fail_safe_matters: Text
    fail_safe_duration: Span = timedelta(hours=2)


class Plan(Value):
    """A whole plan, pinned to an incident by the hash of its canonical form."""

    id: Id
    version: StrictInt = Field(ge=1)
    title: Text
    purpose: Text
    scope: Text
    hazards: tuple[HazardKind, ...] = Field(min_length=1)
    venues: tuple[Venue, ...] = Field(min_length=1)
    contacts: tuple[Contact, ...] = Field(min_length=1)
    groups: tuple[Group, ...] = Field(min_length=1)
    command: CommandRules
    alarm: AlarmRules
    warnings: tuple[WarningRule, ...] = Field(min_length=1)
    levels: tuple[Level, ...] = Field(min_length=1)
    tasks: tuple[Task, ...] = Field(min_length=1)
    reports: tuple[Report, ...] = Field(min_length=1)
    notices: NoticeRules
    resource_kinds: tuple[ResourceKind, ...] = ()
    resource_needs: tuple[ResourceNeed, ...] = ()
    resource_post: Id
    """Who is told when a unit is late or none is to be had."""
    supplies: tuple[Supply, ...] = ()

    @cached_property
    def posts(self) -> dict[str, Post]:
        """Return the posts of all groups, by id."""
        return {post.id: post for group in self.groups for post in group.posts}

    @cached_property
    def zones(self) -> dict[str, dict[str, Zone]]:
        """Return the zones by venue and id."""
        return {venue.id: {zone.id: zone for zone in venue.zones} for venue in self.venues}

    @cached_property
    def people(self) -> dict[str, Contact]:
        """Return the contacts by id."""
        return {contact.id: contact for contact in self.contacts}

    @cached_property
    def kinds(self) -> dict[str, ResourceKind]:
        """Return the kinds of unit by id."""
        return {kind.id: kind for kind in self.resource_kinds}

    def report(self, report: str) -> Report | None:
        """Return the rule of a report."""
        return next((rule for rule in self.reports if rule.id == report), None)

    def level(self, level: ResponseLevel) -> Level | None:
        """Return what the plan says of a level."""
        return next((rule for rule in self.levels if rule.level == level), None)

    def tasks_of(
        self, phase: Phase, hazard: HazardKind, level: ResponseLevel | None
    ) -> tuple[Task, ...]:
        """Return the duties that a phase begins with."""
        return tuple(
            task
            for task in self.tasks
            if task.phase is phase
            and (not task.hazards or hazard in task.hazards)
            and (phase is not Phase.RESPONSE or level in task.levels)
        )

    def chain(self, post: str) -> tuple[str, ...]:
        """Return who is told of a post's duty, in order, ending with whoever commands."""
        seat, command = self.posts[post], self.posts[self.command.post]
        told = (
            seat.holder,
            *seat.members,
            *seat.deputies,
            command.holder,
            *command.deputies,
        )
        return tuple(dict.fromkeys(told))


class PlanRef(Value):
    """Which plan an incident is pinned to."""

    id: Id
    version: int
    hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    """SHA-256 of the plan's canonical form, in hexadecimal."""


class PinnedPlan(Value):
    """A plan with the reference that pins it."""

    ref: PlanRef
    plan: Plan
