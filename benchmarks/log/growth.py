"""A log that grows to millions of events, to see whether it gets slower."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import asyncpg

if TYPE_CHECKING:
    from benchmarks.log.place import Databases

CHUNK = 250_000
TIMEOUT_S = 600.0

HEAD = "SELECT coalesce(max(position), 0) FROM muster.event"
FILL = """
    INSERT INTO muster.event
    SELECT p, timestamptz '2026-01-01' + p * interval '1 microsecond', timestamptz '2026-01-01',
           (substr(encode(int8send(1767225600000 + p / 1000), 'hex'), 5)
               || substr(md5(p::text), 13))::uuid,
           (p - 1) % 50 + 1, 1, 'incident/' || md5(((p - 1) / 50)::text),
           'Reported', $3::json, $4::json, sha256(int8send(p))
    FROM generate_series($1::bigint, $2::bigint) AS p"""


async def grown(databases: Databases, events: int, data: str, meta: str) -> float:
    """Fill the log up to a number of events with rows like all others; return the seconds.

    The rows go past the append function and are no chain; the indexes (their ids begin with the
    moment, as the product's do), the table and its statistics are what they would be.
    """
    begun = time.perf_counter()
    owner = await asyncpg.connect(databases.owner("muster"))
    head = int(await owner.fetchval(HEAD))
    for start in range(head + 1, events + 1, CHUNK):
        end = min(start + CHUNK - 1, events)
        await owner.execute(FILL, start, end, data, meta, timeout=TIMEOUT_S)
        sys.stderr.write(f"\rfilling: {end:,} of {events:,} events")
    sys.stderr.write("\n")
    await owner.execute("VACUUM (ANALYZE) muster.event", timeout=TIMEOUT_S)
    await owner.execute("CHECKPOINT", timeout=TIMEOUT_S)
    await owner.close()
    return time.perf_counter() - begun
