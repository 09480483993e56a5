"""Access log of whole cases: record each read, with its reason, on a stream beside the case's own.

The case's stream takes none of it, so that a case does not change by being read. One event stands
for all alike readings until a moment that it names: who polls does not make the log grow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal, NamedTuple

from pydantic import Field
from rpds import HashTrieMap

from domain.decider import CommandEnvelope, Decider, Refused
from domain.refusals import Refusal
from domain.values import Command, Event, IncidentId, Instant

WHOLE_LOG = "log"
"""The key of the stream of those who read the whole log, and so all cases."""

Position = Annotated[int, Field(ge=0)]


class ReadKind(StrEnum):
    """What of a case is read."""

    EVENTS = "events"
    """Its events; `after` is a version of the case, or a position of the whole log."""
    STATE = "state"
    """How it stood at a moment, or stands now."""
    CHANGES = "changes"
    """What changed between two moments."""
    WATCH = "watch"
    """What happens, as it happens; `after` is a position of the log, 0 with a snapshot."""


class CaseRead(Event):
    """A case, or the whole log, was read by an actor, for a reason."""

    kind: Literal["CaseRead"] = "CaseRead"
    incident: IncidentId | None
    """The whole log if None."""
    what: ReadKind
    reader: str
    """The actor that authentication found."""
    reason: str | None = None
    after: Position = 0
    """Only what comes after this was asked for; all if 0."""
    venues: tuple[str, ...] | None = None
    """Of the whole log only the cases at these venues; all if None."""
    at: Instant
    until: Instant
    """Whatever the reader reads likewise until then, for this reason, is this reading."""

    def stands_for(self, ask: ReadCase, asked: CommandEnvelope, at: datetime) -> bool:
        """Tell whether a reading at a moment is this one still."""
        return (
            (self.what, self.reader, self.reason) == (ask.what, asked.actor.id, asked.reason)
            and self.after <= ask.after
            and (self.venues is None or self.venues == ask.venues)
            and self.at <= at < self.until
        )


class ReadCase(Command):
    """Ask to read a case, or the whole log; the context's reason says why."""

    kind: Literal["ReadCase"] = "ReadCase"
    incident: IncidentId | None = None
    what: ReadKind
    after: Position = 0
    venues: tuple[str, ...] | None = None
    window: Annotated[int, Field(ge=1)]
    """Seconds for which alike readings are one."""

    @property
    def key(self) -> str:
        """Return what the stream is called within its category."""
        return self.incident or WHOLE_LOG


class Readings(NamedTuple):
    """Who read, within the window before their last reading."""

    by: HashTrieMap[str, tuple[CaseRead, ...]] = HashTrieMap()

    def of(self, reader: str, at: datetime) -> Sequence[CaseRead]:
        """Return a reader's readings that stand for others at a moment."""
        return [one for one in self.by.get(reader) or () if at < one.until]

    def standing_for(
        self, ask: ReadCase, asked: CommandEnvelope, at: datetime
    ) -> Iterator[CaseRead]:
        """Yield the readings that a reading at a moment is one of."""
        return (one for one in self.of(asked.actor.id, at) if one.stands_for(ask, asked, at))


def evolve(state: Readings, fact: Event) -> Readings:
    """Take a fact into account."""
    assert isinstance(fact, CaseRead), fact  # noqa: S101 - no other kind
    known = (*state.of(fact.reader, fact.at), fact)
    return Readings(state.by.insert(fact.reader, known))


def decide(
    state: Readings, asked: CommandEnvelope, now: datetime, surroundings: object
) -> Sequence[Event] | Refused:
    """Decide whether a reading is one more; `surroundings` is how many one reader may have."""
    ask = asked.command
    assert isinstance(ask, ReadCase), ask  # noqa: S101 - the only command
    assert isinstance(surroundings, int), surroundings  # noqa: S101 - a setting
    at = asked.occurred_at or now
    if next(state.standing_for(ask, asked, at), None):
        return []
    mine = state.of(asked.actor.id, at)
    if len(mine) >= surroundings:
        again = min(one.until for one in mine).isoformat()
        found = {"actor": asked.actor.id, "limit": str(surroundings), "again": again}
        return Refused(Refusal.READINGS_TOO_MANY, found)
    read = CaseRead(
        incident=ask.incident,
        what=ask.what,
        reader=asked.actor.id,
        reason=asked.reason,
        after=ask.after,
        venues=ask.venues,
        at=at,
        until=at + timedelta(seconds=ask.window),
    )
    return [read]


READINGS = Decider[Readings](
    category="reading",
    initial=Readings(),
    facts={"CaseRead": CaseRead},
    evolve=evolve,
    decide=decide,
)
