"""Views whose rows are what a fold makes of each stream: the same fold that decisions stand on."""

from __future__ import annotations

from typing import Generic, TypeVar

from domain.decider import Decider, Versioned, decode
from domain.lru import LruCache
from eventstore.log.events import StoredEvent
from eventstore.postgres.connection import Lent

S = TypeVar("S")

FOLDS_MAX = 2_000
"""Streams whose state a view remembers."""

PAST = """
    SELECT version, position, type, schema_version, data FROM muster.event
    WHERE stream = $1 AND version < $2 ORDER BY version"""


class Folding(Generic[S]):
    """The states of one category of streams, as far as a view has come."""

    def __init__(self, decider: Decider[S]) -> None:
        self._decider = decider
        self._states: LruCache[str, Versioned[S]] = LruCache(FOLDS_MAX)

    async def take(self, connection: Lent, event: StoredEvent) -> tuple[S, Versioned[S]] | None:
        """Return a stream's state before and after an event; None if it is of another category."""
        category, _, key = event.stream.partition("/")
        if category != self._decider.category:
            return None
        before = await self._before(connection, key, event)
        fact = decode(self._decider, event.type, event.schema_version, event.data)
        after = Versioned(self._decider.evolve(before.state, fact), event.version, event.position)
        self._states[key] = after
        return before.state, after

    async def _before(self, connection: Lent, key: str, event: StoredEvent) -> Versioned[S]:
        known = self._states.get(key) or Versioned(self._decider.initial)
        if known.version == event.version - 1:
            return known
        state = self._decider.initial
        for row in await connection.fetch(PAST, event.stream, event.version):
            fact = decode(self._decider, row["type"], row["schema_version"], row["data"])
            state = self._decider.evolve(state, fact)
        return Versioned(state, event.version - 1)


def key_of(event: StoredEvent) -> str:
    """Return what comes after the category in the name of its stream."""
    return event.stream.partition("/")[2]
