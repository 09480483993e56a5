"""A contact's own stream: who it is and how to reach them, sealed.

A name or an address comes here only as a sealed text (see `eventstore.vault`), so the log never
holds one in the plain, and destroying a person's key forgets them without breaking a proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, NamedTuple

from pydantic import StringConstraints

from domain.aggregate import Asked, Decider, Refused
from domain.plan.model import ChannelKind
from domain.refusals import Refusal
from domain.values import Command, Fact, Id, Mode, Value

SEALED_LENGTH_MAX = 8_192
"""Characters of a sealed text."""

Sealed = Annotated[
    str,
    StringConstraints(
        pattern=r"^sealed:v1:[A-Za-z0-9._/-]+:[A-Za-z0-9+/_-]{38,}={0,2}$",
        max_length=SEALED_LENGTH_MAX,
    ),
]
"""`sealed:v1:<key id>:<base64>`: nonce, text and tag, so at least 38 characters of base64."""


class Channel(Value):
    """A way to reach somebody."""

    kind: ChannelKind
    address: Sealed
    exercise: bool = False
    """Whether it leads to a practice mailbox: exercises use only such ones, emergencies never."""


class ContactRegistered(Fact):
    """Somebody can be reached from now on."""

    kind: Literal["ContactRegistered"] = "ContactRegistered"
    person: Id
    name: Sealed | None = None
    channels: tuple[Channel, ...]


class ContactChanged(Fact):
    """Somebody is to be reached in another way, or under another name."""

    kind: Literal["ContactChanged"] = "ContactChanged"
    person: Id
    name: Sealed | None = None
    channels: tuple[Channel, ...]


class RegisterContact(Command):
    """Say how a person or a public channel of a plan is reached, in the order to try."""

    kind: Literal["RegisterContact"] = "RegisterContact"
    person: Id
    name: Sealed | None = None
    channels: tuple[Channel, ...]


class Person(NamedTuple):
    """How somebody is reached; not at all before they are registered."""

    person: str | None = None
    name: str | None = None
    channels: tuple[Channel, ...] = ()

    def reachable_in(self, mode: Mode) -> tuple[Channel, ...]:
        """Return the channels to try, in order: an exercise reaches nobody's live channel."""
        practising = mode is Mode.EXERCISE
        return tuple(channel for channel in self.channels if channel.exercise is practising)


def evolve(_state: Person, fact: Fact) -> Person:
    """Take a fact into account."""
    assert isinstance(fact, ContactRegistered | ContactChanged), fact  # noqa: S101 - no other kind
    return Person(fact.person, fact.name, fact.channels)


def decide(
    state: Person, asked: Asked, _now: datetime, _surroundings: object
) -> Sequence[Fact] | Refused:
    """Decide what registering somebody changes."""
    ask = asked.command
    assert isinstance(ask, RegisterContact), ask  # noqa: S101 - the only command
    if not ask.channels:
        return Refused(Refusal.CHANNEL_REQUIRED, {"person": ask.person})
    if state == (ask.person, ask.name, ask.channels):
        return []
    shape = ContactRegistered if state.person is None else ContactChanged
    return [shape(person=ask.person, name=ask.name, channels=ask.channels)]


PERSONS = Decider[Person](
    category="person",
    initial=Person(),
    facts={"ContactRegistered": ContactRegistered, "ContactChanged": ContactChanged},
    evolve=evolve,
    decide=decide,
)
