"""Where the stores are compared: one PostgreSQL of its own with fsync, a database for each."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from eventstore.postgres.migrations import migrate
from eventstore.postgres.provision import set_password
from services.local.child import ChildProcess
from services.local.folder import Folder
from services.local.postgres import OWNER, RUNTIME, Postgres
from services.local.stack import Ports, recipes

NAMES = (
    "muster",
    "young",
    "unsealed",
    "bare",
    "eventsourcing",
    "eventsourcing_functions",
    "message_db",
    "emmett",
)

NO_HASH = """
    CREATE FUNCTION muster.no_hash(
        bytea, bytea, bigint, uuid, timestamptz, timestamptz, bytea, smallint, json, json
    ) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$ SELECT decode(repeat('00', 32), 'hex') $$"""
APPENDS = """
    SELECT pg_get_functiondef(oid) FROM pg_proc
    WHERE pronamespace = 'muster'::regnamespace AND proname = 'append'"""


class Databases:
    """The databases of one server."""

    def __init__(self, server: Postgres) -> None:
        self._server = server

    def owner(self, name: str) -> str:
        """Return the address of a database, for whom it belongs to."""
        return self._server.dsn(OWNER, name)

    def runtime(self, name: str) -> str:
        """Return the address of one of Muster's, as its processes use it."""
        return self._server.dsn(RUNTIME, name)


@asynccontextmanager
async def databases() -> AsyncIterator[Databases]:
    """Start a server, make the databases, and remove all of it afterwards."""
    root = Path(tempfile.mkdtemp(prefix="muster-bench-log-"))
    root.chmod(0o755)  # noqa: ASYNC240 - before anything is measured
    folder = Folder.at(root / "data")
    folder.make()
    server = Postgres(folder)
    server.prepare()
    part = ChildProcess(recipes(folder, Ports(0, 0, 0))["postgres"], folder.run, folder.logs)
    try:
        await part.start()
        found = Databases(server)
        await _prepare(found)
        yield found
    finally:
        await part.stop()
        shutil.rmtree(root, ignore_errors=True)


async def _prepare(found: Databases) -> None:
    owner = await asyncpg.connect(found.owner("postgres"))
    for name in NAMES:
        await owner.execute(f"CREATE DATABASE {name}")
    await owner.close()
    for name in ("muster", "young", "unsealed"):
        await migrate(found.owner(name))
        await set_password(found.owner(name), RUNTIME, found.runtime(name))
    await _unseal(found.owner("unsealed"))


async def _unseal(dsn: str) -> None:
    """Add twins of the appending functions that do all but hash."""
    owner = await asyncpg.connect(dsn)
    await owner.execute(NO_HASH)
    definitions = [row[0] for row in await owner.fetch(APPENDS)]
    for definition in sorted(definitions, key=len, reverse=True):
        twin = definition.replace("muster.append(", "muster.append_unsealed(")
        await owner.execute(twin.replace("muster.event_hash(", "muster.no_hash("))
    await owner.execute("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA muster TO muster_runtime")
    await owner.close()
