"""What every kind of stream has in common: a fold over facts, and decisions about commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

from domain.refusals import Refusal
from domain.values import Actor, Command, Event

State = TypeVar("State")
Folded_co = TypeVar("Folded_co", covariant=True)
Name = TypeVar("Name")
Thing = TypeVar("Thing")


class Refused(NamedTuple):
    """A command was refused, and what makes it so. A refusal is an answer, not a failure."""

    reason: Refusal
    details: Mapping[str, str] = {}
    """For programs and for the localised text: what was found, what would be right."""


Decision = Sequence[Event] | Refusal | Refused
"""What a command leads to: facts, none if it is already so, or why it is refused."""


@dataclass(frozen=True, slots=True)
class CommandEnvelope:
    """A command, with who asks, why, and what makes it safe to ask again."""

    command: Command
    command_id: UUID
    actor: Actor
    occurred_at: datetime | None = None
    """When it happened in the world, if that was before it was told; None means now."""
    on_behalf_of: str | None = None
    reason: str | None = None
    expected_version: int | None = None
    validate_only: bool = False
    correlation_id: str | None = None
    causation_id: str | None = None
    trace: str | None = None

    @property
    def who(self) -> str:
        """Return the person whose act this is: the one named, else the actor."""
        return self.on_behalf_of or self.actor.id


class Versioned(NamedTuple, Generic[State]):
    """What is known of a stream: its state after `version` facts, the last one at `position`."""

    state: State
    version: int = 0
    position: int = 0


class Fold(Protocol[Folded_co]):
    """A fold that is under way."""

    def take(self, fact: Event) -> None:
        """Take the next fact into account."""

    def state(self) -> Folded_co:
        """Return the state after all facts so far. Nothing is to be taken after that."""
        ...


@dataclass(frozen=True)
class Decider(Generic[State]):
    """A kind of stream: how its facts fold, and how a command about it is decided.

    `decide(state, asked, now, surroundings)` is pure; `surroundings` is what else must be known,
    such as the plan that an incident is pinned to.
    """

    category: str
    initial: State
    facts: Mapping[str, type[Event]]
    evolve: Callable[[State, Event], State]
    """Takes a fact into account. Raises NotYet if it speaks of what no fact before it made."""
    decide: Callable[[State, CommandEnvelope, datetime, object], Sequence[Event] | Refused]
    folding: Callable[[State], Fold[State]] | None = None
    """Folds many facts faster than one by one, to the same result, where there is a way."""
    upcasts: Mapping[tuple[str, int], Callable[[str], str]] = field(default_factory=dict)
    """Lift a stored text from (kind, schema version) to the next schema version."""

    def stream(self, key: str) -> str:
        """Return the name of the stream with a key."""
        return f"{self.category}/{key}"


class NotYet(Exception):
    """A fact speaks of something that no fact before it made, such as a task nobody assigned."""


def existing(things: Mapping[Name, Thing], name: Name) -> Thing:
    """Return the thing that a fact speaks of. Raises NotYet while there is none."""
    thing = things.get(name)
    if thing is None:
        raise NotYet(str(name))
    return thing


class ShapeUnknown(ValueError):
    """A fact was stored in a shape that this program does not know yet."""


def decode(decider: Decider[State], kind: str, schema_version: int, text: str) -> Event:
    """Read a fact from its stored text, lifting older shapes.

    Raises KeyError for an unknown kind, ShapeUnknown for a shape of a later program.
    """
    shape = decider.facts[kind]
    if schema_version != shape.schema_version:
        text = _lifted(decider, kind, schema_version, text)
    fact: Event = shape.__pydantic_validator__.validate_json(text)
    return fact


def start_fold(decider: Decider[State], state: State) -> Fold[State]:
    """Begin a fold from a state on."""
    return decider.folding(state) if decider.folding else _OneByOne(decider, state)


def _lifted(decider: Decider[State], kind: str, schema_version: int, text: str) -> str:
    if schema_version > decider.facts[kind].schema_version:
        raise ShapeUnknown(f"{kind} in schema version {schema_version} is of a later program")
    for version in range(schema_version, decider.facts[kind].schema_version):
        text = decider.upcasts[kind, version](text)
    return text


class _OneByOne(Generic[State]):
    """A fold by `evolve` alone."""

    def __init__(self, decider: Decider[State], state: State) -> None:
        self._evolve = decider.evolve
        self._state = state

    def take(self, fact: Event) -> None:
        self._state = self._evolve(self._state, fact)

    def state(self) -> State:
        return self._state


def encode(fact: Event) -> str:
    """Return the text that is stored and hashed; the kind has a column of its own."""
    return fact.model_dump_json(exclude={"kind"})


def refused(decision: Decision) -> Refused | None:
    """Return the refusal in a decision, if it is one."""
    match decision:
        case Refused():
            return decision
        case StrEnum():
            return Refused(Refusal(decision))
        case _:
            return None
