"""Views follow the log: every event once, each view by itself, made again at will."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg
import pytest

from eventstore.log.log import Log
from projections.checkpoints import Checkpoints
from projections.queries.lists import ViewBehind, ViewReader
from projections.runner import ProjectionRunner
from projections.view import Stopped, View
from tests.eventstore.samples import event, events

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from eventstore.log.events import StoredEvent
    from eventstore.postgres.connection import Lent
    from projections.view import Apply
    from tests.conftest import Database

PATIENCE_S = 10.0


def counting(name: str, *, refuses: int | None = None, rules: int = 1) -> View:
    """Make a view that counts the events of each stream, and may stumble over a position."""

    def begin(into: str) -> Apply:
        async def apply(connection: Lent, page: Sequence[StoredEvent]) -> None:
            for one in page:
                if one.position == refuses:
                    raise LookupError(f"position {refuses} is not for {name}")
                await connection.execute(
                    f"INSERT INTO {into} AS was VALUES ($1, 1)"  # noqa: S608 - our name
                    " ON CONFLICT (stream) DO UPDATE SET events = was.events + 1",
                    one.stream,
                )

        return apply

    table = "CREATE TABLE {table} (stream text PRIMARY KEY, events int NOT NULL)"
    return View(name, table, rules, begin)


@asynccontextmanager
async def kept(
    database: Database, log: Log, *views: View, report: Callable[[Stopped], None] = print
) -> AsyncIterator[ProjectionRunner]:
    """Keep views for a while."""
    keeper = await ProjectionRunner.open(database.dsn, log, views, report)
    work = asyncio.create_task(keeper.run())
    try:
        yield keeper
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await keeper.close()


@pytest.fixture
async def log(database: Database) -> AsyncIterator[Log]:
    opened = await Log.open(database.dsn)
    yield opened
    await opened.close()


@pytest.fixture
async def reader(database: Database) -> AsyncIterator[ViewReader]:
    opened = await ViewReader.open(database.dsn)
    yield opened
    await opened.close()


async def counted(database: Database, name: str) -> dict[str, int]:
    connection = await asyncpg.connect(database.owner_dsn)
    rows = await connection.fetch(f"SELECT stream, events FROM muster_view.{name}")  # noqa: S608 - our name
    await connection.close()
    return {row["stream"]: row["events"] for row in rows}


async def test_a_view_takes_in_what_was_and_what_comes(
    database: Database, log: Log, reader: ViewReader
) -> None:
    await log.append("door/a", 0, events(3))
    async with kept(database, log, counting("doors")):
        assert await reader.wait_for("doors", 3, PATIENCE_S) == 3
        await log.append("door/b", 0, events(2))
        await reader.wait_for("doors", 5, PATIENCE_S)
    assert await counted(database, "doors") == {"door/a": 3, "door/b": 2}


async def test_what_is_none_of_a_view_s_is_passed_by(
    database: Database, log: Log, reader: ViewReader
) -> None:
    doors = counting("doors", refuses=1)._replace(category="door")
    await log.append("window/a", 0, events(1))
    async with kept(database, log, doors):
        assert await reader.wait_for("doors", 1, PATIENCE_S) == 1
        await log.append("door/a", 0, events(2))
        assert await reader.wait_for("doors", 3, PATIENCE_S) == 3
    assert await counted(database, "doors") == {"door/a": 2}


async def test_after_a_restart_a_view_goes_on_where_it_was(
    database: Database, log: Log, reader: ViewReader
) -> None:
    for version in range(0, 9, 3):
        async with kept(database, log, counting("doors")):
            await log.append("door/a", version, events(3))
            await reader.wait_for("doors", version + 3, PATIENCE_S)
    assert await counted(database, "doors") == {"door/a": 9}


async def test_a_view_that_fails_stops_alone_and_says_why(
    database: Database, log: Log, reader: ViewReader
) -> None:
    stopped: list[Stopped] = []
    await log.append("door/a", 0, events(3))
    views = (counting("sound"), counting("broken", refuses=5))
    async with kept(database, log, *views, report=stopped.append):
        await reader.wait_for("broken", 3, PATIENCE_S)
        await log.append("door/a", 3, events(3))
        assert await reader.wait_for("sound", 6, PATIENCE_S) == 6
        with pytest.raises(ViewBehind, match="position 5 is not for broken"):
            await reader.wait_for("broken", 6, PATIENCE_S)
    assert [(one.view, one.position) for one in stopped] == [("broken", 3)]
    assert await counted(database, "broken") == {"door/a": 3}
    assert await counted(database, "sound") == {"door/a": 6}


async def test_a_mended_view_goes_on(database: Database, log: Log, reader: ViewReader) -> None:
    await log.append("door/a", 0, events(3))
    async with kept(database, log, counting("doors", refuses=2)):
        with pytest.raises(ViewBehind):
            await reader.wait_for("doors", 3, PATIENCE_S)
    async with kept(database, log, counting("doors")):
        assert await reader.wait_for("doors", 3, PATIENCE_S) == 3


async def test_other_rules_make_a_view_again(
    database: Database, log: Log, reader: ViewReader
) -> None:
    await log.append("door/a", 0, events(3))
    async with kept(database, log, counting("doors")):
        await reader.wait_for("doors", 3, PATIENCE_S)
    async with asyncpg.create_pool(database.owner_dsn, min_size=1) as pool:
        await pool.execute("UPDATE muster_view.doors SET events = 99")
    async with kept(database, log, counting("doors", rules=2)):
        await log.append("door/a", 3, events(1))
        await reader.wait_for("doors", 4, PATIENCE_S)
    assert await counted(database, "doors") == {"door/a": 4}


async def test_a_view_is_made_again_while_it_is_kept(
    database: Database, log: Log, reader: ViewReader
) -> None:
    await log.append("door/a", 0, events(3))
    async with kept(database, log, counting("doors")) as keeper:
        await reader.wait_for("doors", 3, PATIENCE_S)
        await keeper.rebuild("doors")
        await log.append("door/a", 3, events(1))
        await reader.wait_for("doors", 4, PATIENCE_S)
    assert await counted(database, "doors") == {"door/a": 4}


async def test_two_processes_that_keep_a_view_apply_every_event_once(
    database: Database, log: Log, reader: ViewReader
) -> None:
    other = await Log.open(database.dsn)
    async with kept(database, log, counting("doors")), kept(database, other, counting("doors")):
        for version in range(50):
            await log.append("door/a", version, [event()])
        await reader.wait_for("doors", 50, PATIENCE_S)
        await asyncio.sleep(0.1)
    await other.close()
    assert await counted(database, "doors") == {"door/a": 50}


async def test_views_outlast_a_crash_of_the_database(
    database: Database, log: Log, reader: ViewReader
) -> None:
    async with kept(database, log, counting("doors")):
        for version in range(0, 60, 20):
            for step in range(20):
                await log.append("door/a", version + step, [event()])
            await asyncio.to_thread(database.cluster.kill)
            await asyncio.to_thread(database.cluster.start)
        await reader.wait_for("doors", 60, PATIENCE_S)
    assert await counted(database, "doors") == {"door/a": 60}


async def test_who_waits_in_vain_is_told_how_far_a_view_is(
    database: Database, log: Log, reader: ViewReader
) -> None:
    async with kept(database, log, counting("doors")):
        with pytest.raises(ViewBehind) as behind:
            await reader.wait_for("doors", 1, 0.1)
    assert behind.value.position == 0


async def test_a_bookmark_stays_where_it_was_put(database: Database) -> None:
    bookmarks = await Checkpoints.open(database.dsn)
    assert await bookmarks.read_bookmark("relay") == 0
    await bookmarks.move_bookmark("relay", 7)
    await bookmarks.move_bookmark("relay", 5)
    assert await bookmarks.read_bookmark("relay") == 5
    await bookmarks.close()
