"""Several processes would keep a view, one does; when it is killed another goes on."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import Process
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from projections.status import ProjectionStatus
from tests.eventstore.samples import event
from tests.projections.test_rebuild import PATIENCE_S, Hand, asked, log, reader, rows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from eventstore.log.log import Log
    from projections.queries.lists import ViewReader
    from tests.conftest import Database

__all__ = ["log", "reader"]

PROCESSES = 3
EVENTS = 120
EACH_S = 0.02
CONNECTED = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"


@asynccontextmanager
async def a_process(database: Database) -> AsyncIterator[Process]:
    """Let a process keep the view."""
    module = ("-m", "tests.projections.keeping", database.dsn)
    process = await asyncio.create_subprocess_exec(sys.executable, *module)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def writer_of(overseer: ProjectionStatus) -> object:
    """Return who keeps the view, once somebody does."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            for seen in await overseer.look():
                if seen.writer is not None:
                    return seen.writer
            await asyncio.sleep(0.02)


async def grow(log: Log) -> None:
    for version in range(EVENTS):
        await log.append("door/a", version, [event()])
        await asyncio.sleep(EACH_S)


async def test_who_keeps_a_view_is_killed_and_another_goes_on(
    database: Database, log: Log, reader: ViewReader
) -> None:
    overseer = await ProjectionStatus.open(database.dsn, [Hand().view])
    async with a_process(database) as first:
        kept_first = await writer_of(overseer)
        async with a_process(database), a_process(database):
            growing = asyncio.create_task(grow(log))
            ((before,),) = await asked(database, CONNECTED)
            async with asyncio.timeout(PATIENCE_S):  # until the others have connected as well
                while before < 2 * PROCESSES:
                    await asyncio.sleep(0.05)
                    ((before,),) = await asked(database, CONNECTED)
            assert await writer_of(overseer) == kept_first
            first.kill()
            await growing
            await reader.wait_for("seen", EVENTS, PATIENCE_S)
            assert await writer_of(overseer) != kept_first
    assert await rows(database) == [(position, 1) for position in range(1, EVENTS + 1)]
    await overseer.close()
