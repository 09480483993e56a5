"""What the log asks the database, beside what its tail does."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

import asyncpg

from eventstore.log.events import StoredEvent
from eventstore.log.subscription import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

READ_CATEGORY = f"""
    SELECT {COLUMNS} FROM muster.event WHERE position > $1 AND starts_with(stream, $3 || '/')
    ORDER BY position LIMIT $2"""  # noqa: S608 - our own column names
READ_STREAM = f"""
    SELECT {COLUMNS} FROM muster.event WHERE stream = $1 AND version > $2 AND version <= $3
    ORDER BY version LIMIT $4"""  # noqa: S608 - our own column names
READ_FACTS = """
    SELECT version, position, type, schema_version, data FROM muster.event
    WHERE stream = $1 AND version > $2 AND version <= $3 ORDER BY version LIMIT $4"""
FIND = f"""
    SELECT {COLUMNS}, here.alone FROM (
        SELECT current_setting('synchronous_standby_names') = ''
               AND NOT EXISTS (SELECT FROM muster.epoch) AS alone
    ) here LEFT JOIN muster.event ON event_id = ANY ($1)"""  # noqa: S608 - our own column names
"""Finds events, and says in the same look that there is no standby to wait for and that no other
server was ever the primary: what `muster.settle` would look at (0010)."""
GROWN = "SELECT stream, max(position) FROM muster.event WHERE position > $1 GROUP BY stream"
VERSIONS = """
    SELECT asked, coalesce((SELECT max(version) FROM muster.event WHERE stream = asked), 0)
    FROM unnest($1::text[]) AS asked"""
POSITION_AT = "SELECT muster.position_at($1)"
VERSION_AT = "SELECT muster.version_at($1, $2)"
FIND_SNAPSHOT = """
    SELECT s.version, e.position FROM muster.snapshot s
    JOIN muster.event e ON e.stream = s.stream AND e.version = s.version AND e.hash = s.hash
    WHERE s.stream = $1 AND s.fold = $2 AND s.version <= $3 ORDER BY s.version DESC LIMIT 1"""
READ_SNAPSHOT = "SELECT state, digest FROM muster.snapshot WHERE stream = $1 AND version = $2"
KEEP_SNAPSHOT = """
    INSERT INTO muster.snapshot (stream, version, fold, hash, state, digest)
    SELECT $1, $2, $3, e.hash, $4, $5 FROM muster.event e WHERE e.stream = $1 AND e.version = $2
    ON CONFLICT (stream, version) DO UPDATE
    SET fold = $3, hash = excluded.hash, state = $4, digest = $5"""
DROP_SNAPSHOT = "DELETE FROM muster.snapshot WHERE stream = $1 AND version = $2"


class EventRecord(asyncpg.Record):
    """What a fold needs of an event, as the database's driver made it: nothing is copied."""

    version: int = property(itemgetter(0))  # type: ignore[assignment] # what it gets is one
    position: int = property(itemgetter(1))  # type: ignore[assignment] # as above
    type: str = property(itemgetter(2))  # type: ignore[assignment] # as above
    schema_version: int = property(itemgetter(3))  # type: ignore[assignment] # as above
    data: str = property(itemgetter(4))  # type: ignore[assignment] # as above


def found(rows: Sequence[asyncpg.Record]) -> Mapping[UUID, StoredEvent]:
    """Return the events of an answer to FIND, which has one row if there are none."""
    events = [StoredEvent.of(tuple(row)[:-1]) for row in rows if row["event_id"] is not None]
    return {event.event_id: event for event in events}
