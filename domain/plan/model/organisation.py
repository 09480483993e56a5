"""Who there is: contacts, posts with their shifts, groups, and what the groups are for."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, StrictInt

from domain.plan.model.quantities import Day, Span, TimeOfDay
from domain.plan.model.references import ContactName, EscalationName, GroupName
from domain.values import Id, Text, Value


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
    verified_on: Day | None = None
    """When somebody last made sure that each channel reaches the contact: every ninety days."""


class Duty(StrEnum):
    """What has to be somebody's in every emergency, whatever a venue calls its groups."""

    COMMAND = "command"
    """Decides levels, commands all groups."""
    DUTY_DESK = "duty_desk"
    """Takes alarms, verifies them, keeps the record and the roster."""
    ON_SCENE_COMMAND = "on_scene_command"
    """Commands whoever works at the scene."""
    COORDINATION = "coordination"
    """Settles what is between groups, calls for outside help."""
    GUIDANCE = "guidance"
    """Leads people along the set routes."""
    PATROL = "patrol"
    """Finds hazards and deals with them."""
    ORDER = "order"
    """Keeps order, sets cordons, prevents crushes."""
    ASSISTANCE = "assistance"
    """Helps special customers."""
    LOGISTICS = "logistics"
    """Supplies, equipment, people to carry them."""
    MEDICAL = "medical"
    """Treats the injured and hands them over."""
    REPORTING = "reporting"
    """Collects what is known and reports it upwards."""
    INFORMATION = "information"
    """Tells the public."""
    CUSTOMER_SERVICE = "customer_service"
    """Answers questions, from released information only."""
    TRAFFIC = "traffic"
    """Controls traffic, keeps rescue lanes open."""
    SIGNAGE = "signage"
    """Places guiding signs, and removes those that now mislead."""
    DAMAGE = "damage"
    """Assesses what was lost."""
    SETTLEMENT = "settlement"
    """Looks after people and families afterwards."""
    COMPENSATION = "compensation"
    """Takes, verifies and settles claims."""
    EVALUATION = "evaluation"
    """Says what went well and what did not, and what is to change."""
    RECOVERY = "recovery"
    """Inspects, restores, reopens."""


class Shift(Value):
    """Hours at which somebody else than the post's holder sits there."""

    begins: TimeOfDay
    ends: TimeOfDay
    """The next day when it is not later than `begins`."""
    holder: ContactName


class Post(Value):
    """A seat in the organisation that somebody holds, and those who stand in, in order."""

    id: Id
    title: Text
    holder: ContactName
    deputies: tuple[ContactName, ...] = ()
    members: tuple[ContactName, ...] = ()
    """Who else of the group is told when the holder does not answer, before the deputies."""
    shifts: tuple[Shift, ...] = ()
    """Who sits there at which hours, if not always the holder; together they cover the day."""


class Group(Value):
    """A part of the organisation, with the duties that the plan gives it."""

    id: Id
    title: Text
    parent: GroupName | None = None
    duties: tuple[Text, ...] = Field(min_length=1)
    covers: tuple[Duty, ...] = ()
    """Which duties of the catalogue are this group's."""
    posts: tuple[Post, ...] = ()


class AcknowledgePolicy(StrEnum):
    """When those told together count as having answered."""

    ANY = "any"
    ALL = "all"
    QUORUM = "quorum"


class EscalationStep(Value):
    """Whom to tell together, and how long to wait for their answer."""

    tell: tuple[ContactName, ...] = Field(min_length=1)
    """Contacts."""
    acknowledge: AcknowledgePolicy = AcknowledgePolicy.ANY
    quorum: StrictInt | None = Field(default=None, ge=1)
    """How many must answer; with `acknowledge: quorum` only."""
    within: Span


class Escalation(Value):
    """Who is told, in steps, when a duty's owner does not answer; else the post's own chain."""

    id: Id
    title: Text
    steps: tuple[EscalationStep, ...] = Field(min_length=1)
    then: EscalationName | None = None
    """The escalation that follows when the last step stayed silent, too."""
