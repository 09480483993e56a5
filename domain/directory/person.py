"""A contact's own stream: who it is and how to reach them, sealed.

A name or an address comes here only as a sealed text (see `eventstore.privacy.vault`), so the log
never holds one in the plain, and destroying a person's key forgets them without breaking a proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple, get_args

from domain import privacy
from domain.decider import CommandEnvelope, Decider, Refused, refused
from domain.delegation import may_not_speak
from domain.plan.model.plan import ChannelKind
from domain.privacy import Privacy, PrivacyCommand, PrivacyFact, Sealed
from domain.refusals import Refusal
from domain.values import Command, Event, Id, Mode, Value


class Channel(Value):
    """A way to reach somebody."""

    kind: ChannelKind
    address: Sealed
    exercise: bool = False
    """Whether it leads to a practice mailbox: exercises use only such ones, emergencies never."""


class ContactRegistered(Event):
    """Somebody can be reached from now on."""

    kind: Literal["ContactRegistered"] = "ContactRegistered"
    person: Id
    name: Sealed | None = None
    channels: tuple[Channel, ...]


class ContactChanged(Event):
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
    privacy: Privacy = Privacy()

    def reachable_in(self, mode: Mode) -> tuple[Channel, ...]:
        """Return the channels to try, in order: an exercise reaches nobody's live channel."""
        practising = mode is Mode.EXERCISE
        return tuple(channel for channel in self.channels if channel.exercise is practising)


def evolve(state: Person, fact: Event) -> Person:
    """Take a fact into account."""
    match fact:
        case ContactRegistered() | ContactChanged():
            known = privacy.recorded(state.privacy, fact.person, _sealed(fact))
            return Person(fact.person, fact.name, fact.channels, known)
        case privacy.PersonalDataErased():
            return Person(fact.person, privacy=privacy.evolve(state.privacy, fact))
        case privacy.LegalHoldPlaced() | privacy.LegalHoldLifted():
            return state._replace(privacy=privacy.evolve(state.privacy, fact))
        case _:
            raise AssertionError(fact)


def decide(
    state: Person, asked: CommandEnvelope, now: datetime, _surroundings: object
) -> Sequence[Event] | Refused:
    """Decide what registering somebody changes, and what becomes of what is known of them."""
    ask = asked.command
    if refusal := may_not_speak(asked):
        return refusal
    if isinstance(ask, RegisterContact):
        return _register(state, ask)
    assert isinstance(ask, PrivacyCommand), ask  # noqa: S101 - the only others
    decision = privacy.decide(state.privacy, asked, ask, now)
    return refused(decision) or decision  # type: ignore[return-value] # no refusal


def _register(state: Person, ask: RegisterContact) -> Sequence[Event] | Refused:
    if not ask.channels:
        return Refused(Refusal.CHANNEL_REQUIRED, {"person": ask.person})
    if state[:3] == (ask.person, ask.name, ask.channels):
        return []
    if privacy.unreadable(state.privacy, _sealed(ask)):
        return Refused(Refusal.KEY_DESTROYED, {"person": ask.person})
    shape = ContactRegistered if state.person is None else ContactChanged
    return [shape(person=ask.person, name=ask.name, channels=ask.channels)]


def _sealed(said: RegisterContact | ContactRegistered | ContactChanged) -> list[str | None]:
    return [said.name, *(channel.address for channel in said.channels)]


PERSONS = Decider[Person](
    category="person",
    initial=Person(),
    facts={
        "ContactRegistered": ContactRegistered,
        "ContactChanged": ContactChanged,
        **{shape.__name__: shape for shape in get_args(PrivacyFact)},
    },
    evolve=evolve,
    decide=decide,
)
