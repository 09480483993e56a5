"""message-db through asyncpg: a connection a writer, a call a message, a batch a transaction."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import uvloop

from benchmarks.log.drivers.protocol import payload, serve_async

WRITE = "SELECT write_message($1, $2, $3, $4, $5, $6)"
READ = "SELECT * FROM get_category_messages('incident', $1, 10000)"
WRITERS_MAX = 16
PARTS = (
    "roles/message-store.sql",
    "schema/message-store.sql",
    "types/message.sql",
    "tables/messages.sql",
    *(f"functions/{name}.sql" for name in (
        "message-store-version", "hash-64", "acquire-lock", "category", "is-category", "id",
        "cardinal-id", "stream-version", "write-message", "get-stream-messages",
        "get-category-messages", "get-last-stream-message",
    )),
    "indexes/messages-id.sql",
    "indexes/messages-stream.sql",
    "indexes/messages-category.sql",
)  # fmt: skip


async def main(dsn: str, package: Path) -> None:
    """Install it into a database, and drive it."""
    owner = await asyncpg.connect(dsn)
    for part in PARTS:
        await owner.execute((package / "database" / part).read_text())
    await owner.close()
    pool = await asyncpg.create_pool(
        dsn,
        min_size=WRITERS_MAX,
        max_size=WRITERS_MAX,
        server_settings={"search_path": "message_store,public"},
    )
    data = payload()

    async def append(stream: str, version: int, batch: int) -> None:
        name = f"incident-{stream}"
        async with pool.acquire() as connection:
            if batch == 1:
                await connection.fetchval(
                    WRITE, str(uuid4()), name, "Reported", data, "{}", version - 1
                )
                return
            async with connection.transaction():
                for at in range(version - 1, version - 1 + batch):
                    await connection.fetchval(WRITE, str(uuid4()), name, "Reported", data, "{}", at)

    async def read() -> AsyncIterator[int]:
        after = 1
        while rows := await pool.fetch(READ, after):
            yield len(rows)
            after = rows[-1]["global_position"] + 1

    await serve_async(append, read)
    await pool.close()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], Path(sys.argv[2])))
