"""Events and a small decider to test with: a door that is opened, closed and counted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, NamedTuple
from uuid import UUID, uuid4

from domain.decider import CommandEnvelope, Decider, Refused
from domain.refusals import Refusal
from domain.values import Actor, Command, Event, Role
from eventstore.log.events import NewEvent, StoredEvent
from eventstore.recorder.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.log.log import Log

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
"""When commands are recorded that were asked at noon."""
DIVERGED: dict[str, object] = {
    "doubt": "content", "position": 5, "stream": "door/a", "version": 3, "expected": "",
    "found": "", "lineage": 1, "signed_size": 0, "signed_root": "", "size": 9, "root": "a1" * 32,
}  # fmt: skip
"""What a program says of a divergence."""

PORTER = Actor("porter", frozenset({Role.RESPONDER}))
GUARD = Actor("guard", frozenset({Role.OPERATOR}))


def event(text: str = "{}", *, event_id: UUID | None = None, kind: str = "DoorOpened") -> NewEvent:
    """Make an event whose data is a text."""
    return NewEvent(event_id or uuid4(), kind, 1, NOON, text, '{"actor":"porter"}')


def events(count: int) -> list[NewEvent]:
    """Make some events."""
    return [event(f'{{"number": {number}}}') for number in range(count)]


async def whole(log: Log) -> list[StoredEvent]:
    """Read the whole log."""
    found: list[StoredEvent] = []
    while page := await log.read(len(found), limit=1_000):
        found += page
    return found


class DoorOpened(Event):
    """Somebody opened it."""

    kind: Literal["DoorOpened"] = "DoorOpened"
    by: str


class DoorClosed(Event):
    """Somebody closed it."""

    kind: Literal["DoorClosed"] = "DoorClosed"


class PersonCounted(Event):
    """One more went through."""

    kind: Literal["PersonCounted"] = "PersonCounted"


class OpenDoor(Command):
    """Open it."""

    kind: Literal["OpenDoor"] = "OpenDoor"
    by: str = "porter"


class CloseDoor(Command):
    """Close it."""

    kind: Literal["CloseDoor"] = "CloseDoor"


class CountPeople(Command):
    """Count some who went through: never already so."""

    kind: Literal["CountPeople"] = "CountPeople"
    count: int = 1


class Stumble(Command):
    """Meet a bug."""

    kind: Literal["Stumble"] = "Stumble"


class Door(NamedTuple):
    """A door."""

    open: bool = False
    people: int = 0


def evolve(door: Door, fact: Event) -> Door:
    """Fold."""
    match fact:
        case DoorOpened():
            return door._replace(open=True)
        case DoorClosed():
            return door._replace(open=False)
        case _:
            return door._replace(people=door.people + 1)


def decide(
    door: Door, asked: CommandEnvelope, now: datetime, around: object
) -> Sequence[Event] | Refused:
    """Decide."""
    del now, around
    match asked.command:
        case OpenDoor(by=by):
            return [] if door.open else [DoorOpened(by=by)]
        case CloseDoor():
            return [DoorClosed()] if door.open else []
        case CountPeople(count=count):
            if not door.open:
                return Refused(Refusal.ZONE_UNKNOWN)
            return [PersonCounted()] * count
        case _:
            message = "a bug"
            raise ZeroDivisionError(message)


DOOR = Decider(
    "door",
    Door(),
    {shape.__name__: shape for shape in (DoorOpened, DoorClosed, PersonCounted)},
    evolve,
    decide,
)


def asked(command: Command, command_id: UUID | None = None, **more: object) -> CommandEnvelope:
    """Ask as the porter."""
    return CommandEnvelope(command, command_id or uuid4(), **{"actor": PORTER, **more})  # type: ignore[arg-type] # the names are Asked's


def recorder_on(log: Log) -> Recorder[Door]:
    """Record what becomes of doors."""
    return Recorder(log, DOOR, clock=lambda: NOW)
