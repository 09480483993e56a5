"""The map's entries in the database, for those who prove, and for a notary that begins again.

They follow from the log and can be made again; a proof out of them is verified before it is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from eventstore.heads.hashes import HASH_BYTES, Opened, Space
from eventstore.heads.source import Entry
from eventstore.heads.subtrees import Summary, decode, encode

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from eventstore.heads.hashes import Leaf
    from eventstore.heads.source import Opening
    from eventstore.postgres.connection import Connection, Lent

KEPT_FOR: Final = "10 minutes"
"""How long the subtrees of a checkpoint are kept; older maps are made again from the log."""

KEEP_ENTRIES: Final = """
    INSERT INTO muster.head AS kept (key, space, name, number, hash, position)
    SELECT * FROM unnest($1::bytea[], $2::text[], $3::text[], $4::bigint[], $5::bytea[],
                         $6::bigint[])
    ON CONFLICT (key) DO UPDATE
    SET number = excluded.number, hash = excluded.hash, position = excluded.position"""
KEEP_OPENINGS: Final = """
    INSERT INTO muster.venue_incident (venue, number, position, stream, opened, hash)
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::bytea[],
                         $6::bytea[])
    ON CONFLICT (venue, number) DO UPDATE
    SET position = excluded.position, stream = excluded.stream, opened = excluded.opened,
        hash = excluded.hash"""
KEEP_BUCKETS: Final = """
    INSERT INTO muster.head_buckets (lineage, size, buckets) VALUES ($1, $2, $3)
    ON CONFLICT (lineage, size) DO UPDATE SET buckets = excluded.buckets"""
FORGET_BUCKETS: Final = f"""
    DELETE FROM muster.head_buckets WHERE kept_at < now() - interval '{KEPT_FOR}'"""  # noqa: S608 - our own constant
FORGET: Final = """
    DELETE FROM muster.head; DELETE FROM muster.venue_incident; DELETE FROM muster.head_buckets"""

# What was kept of a later size is wound back: who reads is up to some checkpoints behind.
ENTRIES: Final = """
    SELECT space, name, number, hash, position FROM muster.head
    WHERE key BETWEEN $1 AND $2 AND position <= $3
    UNION ALL
    SELECT h.space, h.name, e.version, e.hash, e.position FROM muster.head h CROSS JOIN LATERAL (
        SELECT version, hash, position FROM muster.event
        WHERE stream = h.name AND position <= $3 ORDER BY version DESC LIMIT 1) AS e
    WHERE h.key BETWEEN $1 AND $2 AND h.position > $3 AND h.space = 'stream'
    UNION ALL
    SELECT h.space, h.name, i.number, i.hash, i.position FROM muster.head h CROSS JOIN LATERAL (
        SELECT number, hash, position FROM muster.venue_incident
        WHERE venue = h.name AND position <= $3 ORDER BY number DESC LIMIT 1) AS i
    WHERE h.key BETWEEN $1 AND $2 AND h.position > $3 AND h.space = 'venue'"""
BUCKETS: Final = "SELECT buckets FROM muster.head_buckets WHERE lineage = $1 AND size = $2"
INCIDENTS: Final = """
    SELECT position, stream, opened FROM muster.venue_incident
    WHERE venue = $1 AND number <= $2 ORDER BY number"""


async def keep(
    connection: Connection,
    entries: Collection[Entry],
    leaves: Collection[Leaf],
    opened: Collection[Opening],
) -> None:
    """Keep entries, each with its leaf, and incidents that are new."""
    await connection.execute(
        KEEP_ENTRIES,
        [leaf.key for leaf in leaves],
        [str(entry.space) for entry in entries],
        [entry.name for entry in entries],
        [entry.number for entry in entries],
        [entry.hash for entry in entries],
        [entry.position for entry in entries],
    )
    if opened:
        await connection.execute(
            KEEP_OPENINGS,
            [one.venue for one in opened],
            [one.number for one in opened],
            [one.incident.position for one in opened],
            [one.incident.stream for one in opened],
            [one.incident.hash for one in opened],
            [one.chained for one in opened],
        )


async def keep_buckets(
    connection: Connection, lineage: int, size: int, buckets: Sequence[Summary]
) -> None:
    """Keep the subtrees of the map that a checkpoint is to sign."""
    await connection.execute(KEEP_BUCKETS, lineage, size, encode(buckets))
    await connection.execute(FORGET_BUCKETS)


async def is_kept(connection: Connection, lineage: int, size: int) -> bool:
    """Tell whether the map as of a size was kept, and did not get lost since."""
    return await connection.fetchval(BUCKETS, lineage, size) is not None


async def forget(connection: Connection) -> None:
    """Forget all of it."""
    await connection.execute(FORGET)


async def entries_of(
    connection: Connection | Lent, size: int, first: int = 0, last: int = 0xFF
) -> list[Entry]:
    """Return the entries as of a size whose keys begin with a byte from one to another."""
    low = bytes([first]) + bytes(HASH_BYTES - 1)
    high = bytes([last]) + b"\xff" * (HASH_BYTES - 1)
    rows = await connection.fetch(ENTRIES, low, high, size)
    return [Entry(Space(row["space"]), *list(row.values())[1:]) for row in rows]


async def buckets_of(
    connection: Connection | Lent, lineage: int, size: int
) -> list[Summary] | None:
    """Return the subtrees of the map under a checkpoint; None if they aren't kept."""
    content = await connection.fetchval(BUCKETS, lineage, size)
    return decode(content) if content else None


async def incidents_of(connection: Connection | Lent, venue: str, count: int) -> list[Opened]:
    """Return the first incidents of a venue."""
    return [Opened(*row.values()) for row in await connection.fetch(INCIDENTS, venue, count)]
