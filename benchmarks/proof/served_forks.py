"""Forks of a log in PostgreSQL, with its notary and its service: seen by a client over gRPC."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self
from uuid import uuid4

import asyncpg

from benchmarks.proof.forgery import Kind, forged, sealed, written
from eventstore.log.events import NewEvent, StoredEvent
from eventstore.log.log import Log
from eventstore.postgres.migrations import migrate
from services.client.checkpoints.grpc_source import ServiceSource
from services.client.checkpoints.log_contact import LogContact
from services.client.checkpoints.store import CheckpointStore
from services.runtime.settings.settings import Notary as NotarySettings
from tests.api.conftest import running, settings_of
from tests.conftest import Database, execute
from tests.eventstore.notarising import (
    acknowledge,
    notarising,
    refused_because,
    signed_up_to,
    until,
)
from tests.postgres import temporary_cluster

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from pathlib import Path

    from services.client.checkpoints.comparison import Finding
    from tests.postgres import Cluster

TEMPLATE = "muster_forks"
EVENTS_MAX = 120
GROWN_MAX = 20
COLUMNS = tuple(StoredEvent._fields)


@dataclass(frozen=True)
class ServedForks:
    """A PostgreSQL server with databases for logs to be forked."""

    cluster: Cluster
    folder: Path

    @classmethod
    @asynccontextmanager
    async def running(cls, folder: Path) -> AsyncIterator[Self]:
        """Run the server."""
        with temporary_cluster() as cluster:
            await execute(cluster.dsn(), f"CREATE DATABASE {TEMPLATE}")
            await migrate(cluster.dsn(TEMPLATE))
            yield cls(cluster, folder)

    async def fork(self, kind: Kind, chance: random.Random) -> tuple[Finding, Finding]:
        """Keep a checkpoint, grow, fork; return what the contacts after both found."""
        async with AsyncExitStack() as held:
            database = await held.enter_async_context(self._database())
            folder = self.folder / database.name
            folder.mkdir(parents=True)
            chosen = settings_of(database, folder)
            notary = NotarySettings(folder=folder / "notary")
            settings = chosen.model_copy(update={"notary": notary})
            service = await held.enter_async_context(running(settings))
            source = ServiceSource(await service.client("operator"))
            contact = LogContact(source, CheckpointStore(folder / "kept"), service.address)
            count = await self._signed(database, notary.folder, chance, 0)
            await contact.check()
            await self._signed(database, notary.folder, chance, count)
            honest = await contact.check()
            await forge(database, notary.folder, kind, chance)
            return honest, await contact.check()

    async def _signed(
        self, database: Database, folder: Path, chance: random.Random, before: int
    ) -> int:
        """Record some more events, and have them signed."""
        more = chance.randint(2, EVENTS_MAX)
        log = await Log.open(database.dsn)
        for number in range(more):
            at = NewEvent(
                uuid4(),
                "DoorOpened",
                1,
                written(chance, 1)[0].occurred_at,
                f'{{"number": {number}}}',
                '{"actor":"porter"}',
            )
            await log.append(f"door/{before}", number, [at])
        await log.close()
        async with notarising(database.dsn, folder):
            return (await signed_up_to(folder, before + more)).size

    @asynccontextmanager
    async def _database(self) -> AsyncIterator[Database]:
        name = f"forks_{uuid4().hex}"
        await execute(self.cluster.dsn(), f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        try:
            yield Database(self.cluster, name)
        finally:
            await execute(self.cluster.dsn(), f"DROP DATABASE {name} WITH (FORCE)")


async def forge(database: Database, folder: Path, kind: Kind, chance: random.Random) -> None:
    """Rewrite the log, forget what was signed, and have the notary sign what is there now."""
    connection = await asyncpg.connect(database.owner_dsn)
    try:
        stored = await connection.fetch(
            f"SELECT {', '.join(COLUMNS)} FROM muster.event ORDER BY position"  # noqa: S608 - our own
        )
        rows = forged([StoredEvent.of(row) for row in stored], kind, chance)
        rows = sealed([*rows, *written(chance, chance.choice((1, GROWN_MAX)))])
        await connection.execute("ALTER TABLE muster.event DISABLE TRIGGER USER")
        await connection.execute("DELETE FROM muster.event; DELETE FROM muster.subtree")
        if kind is not Kind.RELABELLED:
            await connection.execute("DELETE FROM muster.checkpoint")
        await _insert(connection, rows)
        await connection.execute("ALTER TABLE muster.event ENABLE TRIGGER USER")
    finally:
        await connection.close()
    if kind is Kind.RELABELLED:
        await acknowledge_other_log(database, folder, len(rows) + 1)
        return
    await asyncio.to_thread(shutil.rmtree, folder)
    async with notarising(database.dsn, folder):
        await signed_up_to(folder, len(rows))


async def acknowledge_other_log(database: Database, folder: Path, size: int) -> None:
    """Let the notary find the other log, and acknowledge that: it goes on as the next lineage."""
    async with notarising(database.dsn, folder) as notary:
        divergence, _ = await refused_because(database.dsn)
        await acknowledge(database.dsn, divergence, "a disk was lost")
        await until(lambda: notary.seen.size == size and notary.seen.refusing is None)


async def _insert(connection: asyncpg.Connection, rows: Sequence[StoredEvent]) -> None:
    places = ", ".join(f"${number}" for number in range(1, len(COLUMNS) + 1))
    await connection.executemany(
        f"INSERT INTO muster.event ({', '.join(COLUMNS)}) VALUES ({places})",  # noqa: S608 - our own
        rows,
    )
