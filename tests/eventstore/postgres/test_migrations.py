"""Migrations: each once, in order, and never on a past or a future that is not ours."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncpg
import pytest

from eventstore.notary.notary import SESSION_LOCK
from eventstore.postgres import migrations
from eventstore.postgres.migrations import (
    DatabaseUnfit,
    PastChanged,
    SchemaNewer,
    SchemaOlder,
    check,
    known_migrations,
    migrate,
)
from projections.runner import VIEW_LOCK
from tests.conftest import Database, execute

if TYPE_CHECKING:
    from tests.postgres import Cluster

LOG_LOCK = 7309940773834519397
"""Of `muster.append`."""

A_MOMENT_S = 10.0


async def test_a_second_migration_has_nothing_to_do(database: Database) -> None:
    assert await migrate(database.owner_dsn) == []
    await check(database.dsn)


async def test_a_migration_waits_for_nobody_who_works(database: Database) -> None:
    working = await asyncpg.connect(database.dsn)
    try:
        for number in (LOG_LOCK, SESSION_LOCK, VIEW_LOCK):
            await working.execute("SELECT pg_advisory_lock($1)", number)
        assert await asyncio.wait_for(migrate(database.owner_dsn), A_MOMENT_S) == []
    finally:
        await working.close()


async def test_an_empty_database_is_migrated_step_by_step(postgres: Cluster) -> None:
    await execute(postgres.dsn(), "DROP DATABASE IF EXISTS fresh", "CREATE DATABASE fresh")
    with pytest.raises(SchemaOlder, match="run `muster migrate`"):
        await check(postgres.dsn("fresh"))
    steps = [step.name for step in known_migrations()]
    assert await migrate(postgres.dsn("fresh")) == steps
    await execute(postgres.dsn(), "DROP DATABASE fresh")


async def test_a_changed_past_is_refused(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *rest = known_migrations()
    changed = [first._replace(sha256=b"other"), *rest]
    monkeypatch.setattr(migrations, "known_migrations", lambda: changed)
    with pytest.raises(PastChanged, match="0001_log"):
        await migrate(database.owner_dsn)
    with pytest.raises(PastChanged):
        await check(database.dsn)


async def test_a_newer_schema_is_refused(database: Database) -> None:
    await execute(
        database.owner_dsn, "INSERT INTO muster.migration VALUES (9999, '9999_later.sql', '\\x00')"
    )
    with pytest.raises(SchemaNewer, match="9999_later"):
        await migrate(database.owner_dsn)
    with pytest.raises(SchemaNewer):
        await check(database.dsn)


async def test_a_newer_schema_that_only_adds_is_taken(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = known_migrations()[-1]._replace(
        number=9999, name="9999_more.sql", sql="-- Compatible: it only adds.\nSELECT 1"
    )
    with monkeypatch.context() as newer:
        steps = [*known_migrations(), more]
        newer.setattr(migrations, "known_migrations", lambda: steps)
        assert await migrate(database.owner_dsn) == ["9999_more.sql"]
    await check(database.dsn)
    assert await migrate(database.owner_dsn) == []
    await execute(
        database.owner_dsn, "INSERT INTO muster.migration VALUES (10000, '10000_other.sql', '')"
    )
    with pytest.raises(SchemaNewer, match="10000_other"):
        await check(database.dsn)


async def test_a_database_that_an_older_program_migrated_is_read(
    database: Database,
) -> None:
    await execute(database.owner_dsn, "ALTER TABLE muster.migration DROP COLUMN compatible")
    await check(database.dsn)
    assert await migrate(database.owner_dsn) == []


async def test_an_older_schema_is_refused_until_it_is_migrated(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = known_migrations()[-1]._replace(number=9999, name="9999_more.sql", sql="SELECT 1")
    steps = [*known_migrations(), more]
    monkeypatch.setattr(migrations, "known_migrations", lambda: steps)
    with pytest.raises(SchemaOlder, match="9999_more"):
        await check(database.dsn)
    assert await migrate(database.owner_dsn) == ["9999_more.sql"]
    await check(database.dsn)


async def test_a_step_that_fails_leaves_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = known_migrations()[-1]._replace(
        number=9999, name="9999_wrong.sql", sql="CREATE TABLE muster.left_behind (); SELECT 1 / 0"
    )
    steps = [*known_migrations(), wrong]
    monkeypatch.setattr(migrations, "known_migrations", lambda: steps)
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(database.owner_dsn)
    await execute(database.owner_dsn, "CREATE TABLE muster.left_behind ()")


async def test_a_database_that_does_not_keep_utf8_is_refused(postgres: Cluster) -> None:
    await execute(
        postgres.dsn(),
        "DROP DATABASE IF EXISTS ascii",
        "CREATE DATABASE ascii ENCODING 'SQL_ASCII' TEMPLATE template0",
    )
    with pytest.raises(DatabaseUnfit, match="SQL_ASCII"):
        await migrate(postgres.dsn("ascii"))
    await execute(postgres.dsn(), "DROP DATABASE ascii")
