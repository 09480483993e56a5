"""The connection that a process appends with outlasts what the database refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from eventstore.log.events import Appended
from eventstore.postgres.errors import LogDiverged
from tests.conftest import execute
from tests.eventstore.samples import event, events

if TYPE_CHECKING:
    from eventstore.log.log import Log
    from tests.conftest import Database

NO_TEXT = "\x00"
"""PostgreSQL takes it for no text."""

APPENDING = """
    SELECT pid FROM pg_stat_activity
    WHERE usename = 'muster_runtime' AND query LIKE '%muster.append%' AND state = 'idle'
    ORDER BY query_start DESC LIMIT 1"""
GATE = "{} EXECUTE ON ALL FUNCTIONS IN SCHEMA muster {} muster_runtime"


async def appended_with(log: Log, database: Database) -> int:
    """Append something, and return which connection of the server did."""
    assert isinstance(await log.append("door/a", await log.head(), events(1)), Appended)
    return await appending(database)


async def appending(database: Database) -> int:
    owner = await asyncpg.connect(database.owner_dsn)
    pid: int = await owner.fetchval(APPENDING)
    await owner.close()
    return pid


async def test_an_append_that_the_database_cannot_take_leaves_the_connection(
    log: Log, database: Database
) -> None:
    before = await appended_with(log, database)
    for _ in range(2):
        with pytest.raises(asyncpg.CharacterNotInRepertoireError):
            await log.append("door/b", 0, [event(NO_TEXT)])
    assert await appended_with(log, database) == before


async def test_a_closed_gate_costs_no_connection_an_append(log: Log, database: Database) -> None:
    before = await appended_with(log, database)
    await execute(database.owner_dsn, GATE.format("REVOKE", "FROM"))
    for _ in range(2):
        with pytest.raises(LogDiverged):
            await log.append("door/a", 1, events(1))
        assert await appending(database) == before
    await execute(database.owner_dsn, GATE.format("GRANT", "TO"))
    assert await appended_with(log, database) == before


async def test_a_connection_that_was_ended_is_replaced_before_the_next_append(
    log: Log, database: Database
) -> None:
    before = await appended_with(log, database)
    await execute(database.owner_dsn, f"SELECT pg_terminate_backend({before}, 5000)")
    assert await appended_with(log, database) != before
