"""The schema, step by step: plain SQL files, run once each, in order, never changed afterwards."""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files
from typing import NamedTuple

import asyncpg

from eventstore.postgres.connection import connect

MIGRATION_LOCK = 7309940773834519396
"""One process at a time changes the schema. No other lock has this number: a notary holds its own
for as long as it runs, and must not keep anybody from migrating."""

MIGRATION_TIMEOUT_S = 600.0
CHECK_TIMEOUT_S = 10.0

POSTGRESQL_AT_LEAST = (15, 0)

COMPATIBLE = re.compile(r"^-- Compatible: \w", re.MULTILINE)
"""Begins the line of a step that says why programs that don't know it can go on after it."""

FILE_NAME = re.compile(r"(?P<number>\d{4})_[a-z0-9_]+\.sql")

SCHEMA = """
    CREATE SCHEMA IF NOT EXISTS muster;
    CREATE TABLE IF NOT EXISTS muster.migration (
        number     int         PRIMARY KEY,
        name       text        NOT NULL,
        sha256     bytea       NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    );
    ALTER TABLE muster.migration ADD COLUMN IF NOT EXISTS compatible boolean"""
APPLIED = """
    SELECT number, name, sha256, (to_jsonb(step) ->> 'compatible')::boolean AS compatible
    FROM muster.migration step ORDER BY number"""
NOTE_APPLIED = """
    INSERT INTO muster.migration (number, name, sha256, compatible) VALUES ($1, $2, $3, $4)"""


class SchemaMismatch(Exception):
    """The database's schema is not the one that this program knows."""


class SchemaOlder(SchemaMismatch):
    """Steps are missing: run the migrations."""


class SchemaNewer(SchemaMismatch):
    """The database was migrated by a newer program, and this one can't go on: use that one."""


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

    @property
    def is_compatible(self) -> bool:
        """Tell whether programs that don't know this step can go on after it."""
        return COMPATIBLE.search(self.sql) is not None


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
                noted = (step.number, step.name, step.sha256, step.is_compatible)
                await connection.execute(NOTE_APPLIED, *noted)
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
    unknown = [past for past in applied[len(known) :] if not past["compatible"]]
    if unknown:
        raise SchemaNewer(
            f"the database has {unknown[0]['name']}, which this program does not know"
        )
    for step, past in zip(known, applied, strict=False):
        if (step.number, step.sha256) != (past["number"], past["sha256"]):
            raise PastChanged(
                f"{step.name} is not the {past['name']} that was applied to the database"
            )
    return known[len(applied) :]
