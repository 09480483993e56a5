"""The limit: the same rows by a bare INSERT, one connection a writer, nothing checked or hashed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import count

import asyncpg
import uvloop

from benchmarks.log.drivers.protocol import payload, serve_async
from eventstore.recorder.event_ids import event_id, new_command_id

TABLE = """
    CREATE SCHEMA IF NOT EXISTS bare;
    CREATE TABLE bare.event (
        position bigint PRIMARY KEY,
        recorded_at timestamptz NOT NULL, occurred_at timestamptz NOT NULL,
        event_id uuid NOT NULL UNIQUE, version bigint NOT NULL, schema_version smallint NOT NULL,
        stream text COLLATE "C" NOT NULL, type text COLLATE "C" NOT NULL, data json NOT NULL,
        meta json NOT NULL, hash bytea NOT NULL, UNIQUE (stream, version))"""
INSERT = "INSERT INTO bare.event VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)"
READ = "SELECT * FROM bare.event WHERE position > $1 ORDER BY position LIMIT 10000"
HASH = bytes(32)
WRITERS_MAX = 16


async def main(dsn: str) -> None:
    """Drive a table."""
    pool = await asyncpg.create_pool(dsn, min_size=WRITERS_MAX, max_size=WRITERS_MAX)
    await pool.execute(TABLE)
    positions = count(1)
    data = payload()

    async def append(stream: str, version: int, batch: int) -> None:
        now, command = datetime.now(UTC), new_command_id()
        rows = [
            (
                next(positions),
                now,
                now,
                event_id(command, n),
                version + n,
                1,
                stream,
                "Reported",
                data,
                "{}",
                HASH,
            )
            for n in range(1, batch + 1)
        ]
        async with pool.acquire() as connection:
            if batch == 1:
                await connection.execute(INSERT, *rows[0])
            else:
                await connection.executemany(INSERT, rows)

    async def read() -> AsyncIterator[int]:
        after = 0
        while rows := await pool.fetch(READ, after):
            yield len(rows)
            after = rows[-1]["position"]
            await asyncio.sleep(0)

    await serve_async(append, read)
    await pool.close()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
