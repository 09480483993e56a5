"""The schema, step by step: plain SQL files, run once each, in order, never changed afterwards."""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files
from typing import NamedTuple

import asyncpg

from eventstore.connecting import connect

MIGRATION_LOCK = 7309940773834519398
"""One process at a time changes the schema."""

MIGRATION_TIMEOUT_S = 600.0
CHECK_TIMEOUT_S = 10.0

POSTGRESQL_AT_LEAST = (15, 0)

FILE_NAME = re.compile(r"(?P<number>\d{4})_[a-z0-9_]+\.sql")

SCHEMA = """
    CREATE SCHEMA IF NOT EXISTS muster;
    CREATE TABLE IF NOT EXISTS muster.migration (
        number     int         PRIMARY KEY,
        name       text        NOT NULL,
        sha256     bytea       NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    )"""
APPLIED = "SELECT number, name, sha256 FROM muster.migration ORDER BY number"
NOTE_APPLIED = "INSERT INTO muster.migration (number, name, sha256) VALUES ($1, $2, $3)"


class SchemaMismatch(Exception):  # noqa: N818 - a state of the world
    """The database's schema is not the one that this program knows."""


class SchemaOlder(SchemaMismatch):
    """Steps are missing: run the migrations."""


class SchemaNewer(SchemaMismatch):
    """The database was migrated by a newer program: use that one."""


class PastChanged(SchemaMismatch):
    """A step that was applied is not the one in this program: nothing can be said of the schema."""


class DatabaseUnfit(SchemaMismatch):
    """The server is too old or does not keep texts in UTF-8."""


class Migration(NamedTuple):
    """One step."""

    number: int
    name: str
    sha256: bytes
    sql: str


def known_migrations() -> list[Migration]:
    """Read the steps that come with this program, in order."""
    found = []
    for file in files("eventstore.schema").iterdir():
        named = FILE_NAME.fullmatch(file.name)
        if named:
            text = file.read_bytes()
            digest = hashlib.sha256(text).digest()
            found.append(Migration(int(named["number"]), file.name, digest, text.decode()))
    return sorted(found)


async def migrate(dsn: str) -> list[str]:
    """Bring a database up to date as its owner; return the names of the steps that were run."""
    connection = await connect(dsn, {}, command_timeout_s=MIGRATION_TIMEOUT_S)
    try:
        await _refuse_unfit(connection)
        await connection.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK)
        await connection.execute(SCHEMA)
        missing = _missing(known_migrations(), await connection.fetch(APPLIED))
        for step in missing:
            async with connection.transaction():
                await connection.execute(step.sql)
                await connection.execute(NOTE_APPLIED, step.number, step.name, step.sha256)
        return [step.name for step in missing]
    finally:
        await connection.close()


async def check(dsn: str) -> None:
    """Refuse to start on a schema that is not this program's. Raises SchemaMismatch."""
    connection = await connect(dsn, {}, command_timeout_s=CHECK_TIMEOUT_S)
    try:
        await _refuse_unfit(connection)
        missing = _missing(known_migrations(), await _applied(connection))
    finally:
        await connection.close()
    if missing:
        raise SchemaOlder(f"the database lacks {missing[0].name}: run `muster migrate`")


async def _applied(connection: asyncpg.Connection[asyncpg.Record]) -> list[asyncpg.Record]:
    try:
        return await connection.fetch(APPLIED)
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
        return []


async def _refuse_unfit(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    version = connection.get_server_version()
    if (version.major, version.minor) < POSTGRESQL_AT_LEAST:
        raise DatabaseUnfit(
            f"PostgreSQL {POSTGRESQL_AT_LEAST[0]} or newer is needed, this is {version.major}"
        )
    encoding = await connection.fetchval("SHOW server_encoding")
    if encoding != "UTF8":
        raise DatabaseUnfit(
            f"the database must keep texts in UTF8, this one keeps them in {encoding}"
        )


def _missing(known: list[Migration], applied: list[asyncpg.Record]) -> list[Migration]:
    """Return the steps still to be run, having compared all that were with those that are known."""
    if len(applied) > len(known):
        message = (
            f"the database has {applied[len(known)]['name']}, which this program does not know"
        )
        raise SchemaNewer(message)
    for step, past in zip(known, applied, strict=False):
        if (step.number, step.sha256) != (past["number"], past["sha256"]):
            raise PastChanged(
                f"{step.name} is not the {past['name']} that was applied to the database"
            )
    return known[len(applied) :]
