"""Streams by when things happened, beside the order in which they were recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from eventstore.log.events import aware

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import asyncpg

    from eventstore.log.log import Log

DISORDER = """
    SELECT max(version) AS version, max(occurred_at) AS latest,
           min(version) FILTER (WHERE occurred_at < greatest(before, $4)) AS first,
           min(occurred_at) FILTER (WHERE occurred_at < greatest(before, $4)) AS earliest
    FROM (SELECT version, occurred_at, max(occurred_at) OVER (ORDER BY version) AS before
          FROM muster.event WHERE stream = $1 AND version > $2 AND version <= $3) AS told"""
READ_HAPPENED = """
    SELECT occurred_at, version, type, schema_version, data FROM muster.event
    WHERE stream = $1 AND version <= $2 AND (occurred_at, version) > ($3, $4)
        AND occurred_at <= $5
    ORDER BY occurred_at, version LIMIT $6"""
READ_TYPES = """
    SELECT occurred_at, version, type, schema_version, data FROM muster.event
    WHERE stream = $1 AND version > $2 AND version <= $3 AND type = ANY ($4) ORDER BY version"""
FIND_NAMED = """
    SELECT occurred_at, version, type, schema_version, data FROM muster.event
    WHERE stream = $1 AND type = $2 AND data ->> $3 = ANY ($4) ORDER BY version"""
HAPPENED_BY = """
    SELECT version FROM muster.event
    WHERE stream = $1 AND version < $2 AND occurred_at <= $3 ORDER BY version DESC LIMIT 1"""


class ValidTimeEvent(NamedTuple):
    """An event, as much as is needed to put it where it belongs."""

    occurred_at: datetime
    version: int
    type: str
    schema_version: int
    data: str


class Disorder(NamedTuple):
    """How far the events of a stream stand in the order in which they happened."""

    version: int = 0
    """Up to which version this was found."""
    latest: datetime | None = None
    """When the latest of them happened."""
    first: int | None = None
    """The first version that happened before one that was recorded earlier."""
    earliest: datetime | None = None
    """When the earliest of all such happened."""

    def and_then(self, later: Disorder) -> Disorder:
        """Return the same of the whole stream, with what was found beyond."""
        return Disorder(
            later.version,
            max(filter(None, (self.latest, later.latest))),
            self.first or later.first,
            min(filter(None, (self.earliest, later.earliest)), default=None),
        )


class ValidTimeStreams:
    """Reads a log by when things happened."""

    def __init__(self, log: Log) -> None:
        self._log = log

    async def disorder(self, stream: str, known: Disorder, up_to: int) -> Disorder:
        """Return what of a stream, beyond what is known, is not in the order in which it happened.

        There must be something beyond, up to a version.
        """
        (row,) = await self._log.fetch(DISORDER, stream, known.version, up_to, known.latest)
        latest, first, earliest = aware(row["latest"]), row["first"], row["earliest"]
        return Disorder(row["version"], latest, first, earliest and aware(earliest))

    async def happened_by(self, stream: str, before: int, instant: datetime) -> int:
        """Return the last version before one that had happened by an instant; 0 if none had."""
        found = await self._log.fetch(HAPPENED_BY, stream, before, instant)
        return found[0]["version"] if found else 0

    async def read_happened(
        self, stream: str, *, after: tuple[datetime, int], by: datetime, up_to: int, limit: int
    ) -> Sequence[ValidTimeEvent]:
        """Return what happened after a moment and by another, in the order in which it happened.

        A moment is an instant and, of what happened at once, a version; all up to a version.
        """
        return _happened(await self._log.fetch(READ_HAPPENED, stream, up_to, *after, by, limit))

    async def read_types(
        self, stream: str, types: Sequence[str], *, after: int, up_to: int
    ) -> Sequence[ValidTimeEvent]:
        """Return the facts of some types after a version and up to another, in their order."""
        return _happened(await self._log.fetch(READ_TYPES, stream, after, up_to, types))

    async def find_named(
        self, stream: str, kind: str, field: str, names: Sequence[str]
    ) -> Sequence[ValidTimeEvent]:
        """Return the facts of a type in which a field has one of some values."""
        return _happened(await self._log.fetch(FIND_NAMED, stream, kind, field, names))


def _happened(rows: list[asyncpg.Record]) -> list[ValidTimeEvent]:
    facts = [ValidTimeEvent._make(row) for row in rows]
    return [one._replace(occurred_at=aware(one.occurred_at)) for one in facts]
