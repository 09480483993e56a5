"""Backups of the log. Keys of personal data are in `eventstore.backup.vault_backup`.

Where they lie and what they say of themselves is in `eventstore.backup.manifest`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import asyncpg

from eventstore.backup import dump
from eventstore.backup.manifest import (
    LOG_FILE,
    BackupInvalid,
    LogManifest,
    begun,
    digest,
    finished,
    intact,
    read_manifest,
)
from eventstore.integrity.audit import audit
from eventstore.postgres.connection import close_quietly, connect
from eventstore.postgres.migrations import migrate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable
    from pathlib import Path

    from eventstore.postgres.connection import Connection

POLL_S = 0.2
CHECKPOINT_TIMEOUT_S = 600.0

HEAD = "SELECT coalesce(max(position), 0) FROM muster.event"
HASH_AT = "SELECT hash FROM muster.event WHERE position = $1"
COPIED = """
    SELECT max(tuples_processed) FROM pg_stat_progress_copy WHERE datname = current_database()"""
MADE_AGAIN = """
    SELECT c.oid::regclass::text AS name FROM pg_catalog.pg_class c
    WHERE c.relnamespace = 'muster_view'::regnamespace AND c.relkind IN ('r', 'v', 'm')
        AND pg_catalog.pg_get_userbyid(c.relowner) = 'muster_runtime'"""
"""Whoever keeps the views made their tables, and must own them."""

IS_THERE = "SELECT to_regclass('muster.event') IS NOT NULL"
KEYS = "SELECT count(*) FROM muster_vault.key WHERE wrapped IS NOT NULL"
RUNTIME = """
    DO $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'muster_runtime') THEN
            CREATE ROLE muster_runtime LOGIN;
        END IF;
    END $$"""
CLEAR = "DROP SCHEMA IF EXISTS muster, muster_view, muster_vault CASCADE"
BEGIN_ANEW = """
    DELETE FROM muster.bookmark;
    INSERT INTO muster_vault.obeyed (position) VALUES (0)
        ON CONFLICT (one) DO UPDATE SET position = 0"""

Tell = Callable[[str, int, int], object]
"""Hears what is being done, and how many events of how many are done."""


class DatabaseInUse(Exception):
    """The database holds a log, or keys, already: nothing is ever restored over them."""


async def save_log(programs: Path, dsn: str, folder: Path, tell: Tell) -> tuple[Path, LogManifest]:
    """Save the log as its owner, read it again and verify it; return where, and what it is.

    Raises ProgramFailed, and BackupInvalid if the file is not what the database holds.
    """
    now = datetime.now(UTC)
    part = begun(folder, now)
    file = part / LOG_FILE
    async with connected(dsn) as connection:
        total = int(await connection.fetchval(HEAD))
        besides = [row["name"] for row in await connection.fetch(MADE_AGAIN)]
        writing = dump.write(programs, dsn, file, besides)
        await _watched(connection, writing, "saving", total, tell)
        found = await asyncio.to_thread(
            dump.examine, programs, file, lambda done: tell("verifying", done, total)
        )
        tell("verifying", found.position, max(total, found.position))
        kept = await connection.fetchval(HASH_AT, found.position)
    if found.position < total or (found.position and kept != found.head):
        raise BackupInvalid(f"{file} does not hold what the database does")
    manifest = LogManifest(
        made_at=now,
        log=found.first.hex(),
        position=found.position,
        hash=found.head.hex(),
        root=found.tree.root().hex(),
        checkpoint=found.checkpoint.note if found.checkpoint else None,
        unsound=str(found.unsound) if found.unsound else None,
        bytes=file.stat().st_size,
        sha256=await asyncio.to_thread(digest, file),
    )
    return finished(part, manifest), manifest


async def settle(dsn: str) -> None:
    """Have a server write everything where it belongs, so that it can stop at once."""
    async with connected(dsn) as connection:
        await connection.execute("CHECKPOINT", timeout=CHECKPOINT_TIMEOUT_S)


async def restore_log(programs: Path, dsn: str, place: Path, tell: Tell) -> LogManifest:
    """Bring a log into an empty database as its owner, and verify it there.

    Views, workflows and erasures begin anew. Raises BackupInvalid, DatabaseInUse, ProgramFailed.
    """
    manifest = read_manifest(place, LogManifest)
    file = await asyncio.to_thread(intact, place / LOG_FILE, manifest.bytes, manifest.sha256)
    async with connected(dsn) as connection:
        await _refuse_used(connection)
        await connection.execute(RUNTIME)
        await connection.execute(CLEAR)
        loading = dump.load(programs, dsn, file)
        await _watched(connection, loading, "restoring", manifest.position, tell)
        await migrate(dsn)
        await connection.execute(BEGIN_ANEW)
    await _verified(dsn, manifest, tell)
    return manifest


async def _refuse_used(connection: Connection) -> None:
    """Refuse a database that holds anything. Raises DatabaseInUse."""
    if not await connection.fetchval(IS_THERE):
        return
    position = int(await connection.fetchval(HEAD))
    keys = int(await connection.fetchval(KEYS))
    if position or keys:
        raise DatabaseInUse(
            f"the database holds a log of {position} events and {keys} keys already: nothing is "
            "restored over them; name an empty database"
        )


async def _verified(dsn: str, manifest: LogManifest, tell: Tell) -> None:
    """See that the database holds what was saved. Raises BackupInvalid."""
    done = 0

    def count(events: int) -> None:
        nonlocal done
        done += events
        tell("verifying", done, manifest.position)

    report = await audit(dsn, None, None, count)
    if (report.size, report.root.hex()) != (manifest.position, manifest.root):
        raise BackupInvalid(f"what was restored has {report.size} events and another root")
    if report.flaws and manifest.unsound is None:
        raise BackupInvalid(f"what was restored is not sound: {report.flaws[0]}")


async def _watched(
    connection: Connection,
    work: Awaitable[None],
    what: str,
    total: int,
    tell: Tell,
) -> None:
    """Await some work on the events, and tell how far PostgreSQL says that it is."""
    tell(what, 0, total)
    doing = asyncio.ensure_future(work)
    try:
        while not doing.done():
            await asyncio.wait([doing], timeout=POLL_S)
            if (done := await connection.fetchval(COPIED)) is not None:
                tell(what, int(done), total)
    finally:
        doing.cancel()
        await asyncio.gather(doing, return_exceptions=True)
    await doing
    tell(what, total, total)


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[Connection]:
    """Connect to a database that holds a log. Raises BackupInvalid."""
    connection = await connect(dsn)
    try:
        yield connection
    except asyncpg.UndefinedTableError as error:
        raise BackupInvalid(f"the database holds no log of Muster: {error}") from None
    finally:
        await close_quietly(connection)
