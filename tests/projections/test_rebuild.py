"""A view is made anew beside the one that is read, and one of several followers keeps it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg
import pytest

from eventstore.log.log import Log
from projections import rebuild
from projections.queries.lists import ViewBehind, ViewReader
from projections.runner import ProjectionRunner, RebuildStopped
from projections.view import Stopped, View
from tests.eventstore.samples import event, events

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from eventstore.log.events import StoredEvent
    from eventstore.postgres.connection import Lent
    from projections.view import Apply
    from tests.conftest import Database

PATIENCE_S = 20.0
COMMIT_EVENTS = 1_000
TABLE = "CREATE TABLE {table} (position bigint PRIMARY KEY, rules int NOT NULL)"


class Hand:
    """Writes a row for each event; can be held still, and tells what it wrote."""

    def __init__(self, *, rules: int = 1, refuses: int | None = None) -> None:
        self.wrote: list[tuple[str, int]] = []
        self.goes_on = asyncio.Event()
        self.goes_on.set()
        self.began = asyncio.Event()
        self._rules = rules
        self._refuses = refuses
        self.view = View("seen", TABLE, rules, self._begin)

    def _begin(self, table: str) -> Apply:
        async def apply(connection: Lent, page: Sequence[StoredEvent]) -> None:
            if table == self.view.beside:
                self.began.set()
                await self.goes_on.wait()
            for one in page:
                if one.position == self._refuses:
                    raise LookupError(f"position {one.position} is refused")
                insert = f"INSERT INTO {table} VALUES ($1, $2)"  # noqa: S608 - our name
                await connection.execute(insert, one.position, self._rules)
                self.wrote.append((table, one.position))

        return apply


class Follower:
    """A process that keeps the view, as far as the database can tell."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.stopped: list[Stopped] = []
        self.keeper: ProjectionRunner

    async def begin(self, view: View) -> None:
        self._log = await Log.open(self._database.dsn)
        dsn, report = self._database.dsn, self.stopped.append
        self.keeper = await ProjectionRunner.open(dsn, self._log, [view], report)
        self._work = asyncio.create_task(self.keeper.run())

    async def end(self) -> None:
        self._work.cancel()
        await asyncio.gather(self._work, return_exceptions=True)
        await self.keeper.close()
        await self._log.close()


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


@asynccontextmanager
async def following(database: Database, *hands: Hand) -> AsyncIterator[list[Follower]]:
    """Let followers keep the view for a while, begun one after the other."""
    async with AsyncExitStack() as opened:
        followers = []
        for hand in hands:
            follower = Follower(database)
            await follower.begin(hand.view)
            opened.push_async_callback(follower.end)
            followers.append(follower)
        yield followers


async def asked(database: Database, query: str) -> list[tuple[int, ...]]:
    connection = await asyncpg.connect(database.owner_dsn)
    rows = await connection.fetch(query)
    await connection.close()
    return [tuple(row) for row in rows]


async def rows(database: Database) -> list[tuple[int, ...]]:
    return await asked(database, "SELECT * FROM muster_view.seen ORDER BY position")


async def until(so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not so():
            await asyncio.sleep(0.02)


async def until_rows(database: Database, wanted: Sequence[tuple[int, ...]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while await rows(database) != list(wanted):
            await asyncio.sleep(0.05)


async def grow(log: Log, version: int, until: int) -> None:
    """Append to a stream until it has a version."""
    for first in range(version, until, COMMIT_EVENTS):
        await log.append("door/a", first, events(min(COMMIT_EVENTS, until - first)))


async def test_the_live_view_is_kept_and_read_while_it_is_made_anew(
    database: Database, log: Log, reader: ViewReader
) -> None:
    hand = Hand()
    await log.append("door/a", 0, events(3))
    async with following(database, hand) as (follower,):
        await reader.wait_for("seen", 3, PATIENCE_S)
        await asked(database, "DELETE FROM muster_view.seen WHERE position = 2")
        await grow(log, 3, 3 + rebuild.PAGE_EVENTS)
        hand.goes_on.clear()
        again = asyncio.create_task(follower.keeper.rebuild("seen"))
        await hand.began.wait()
        last = 4 + rebuild.PAGE_EVENTS
        await log.append("door/b", 0, [event()])
        assert await reader.wait_for("seen", last, PATIENCE_S) == last
        assert [position for position, _ in await rows(database)][:2] == [1, 3]
        hand.goes_on.set()
        await again
        assert await rows(database) == [(position, 1) for position in range(1, last + 1)]
        await log.append("door/b", 1, [event()])
        await reader.wait_for("seen", last + 1, PATIENCE_S)
    assert len(await rows(database)) == last + 1
    assert await asked(database, "SELECT 1, 1 FROM muster_view.making") == []


async def test_rows_by_other_rules_replace_the_old_ones_at_once(
    database: Database, log: Log, reader: ViewReader
) -> None:
    old, new = Hand(), Hand(rules=2)
    await log.append("door/a", 0, events(3))
    async with following(database, old):
        await reader.wait_for("seen", 3, PATIENCE_S)
    new.goes_on.clear()
    async with following(database, new):
        await new.began.wait()
        assert await reader.wait_for("seen", 3, 0) == 3
        assert await rows(database) == [(1, 1), (2, 1), (3, 1)]
        new.goes_on.set()
        await until_rows(database, [(1, 2), (2, 2), (3, 2)])
        await log.append("door/a", 3, events(1))
        await reader.wait_for("seen", 4, PATIENCE_S)
    assert await rows(database) == [(1, 2), (2, 2), (3, 2), (4, 2)]


async def test_while_other_rules_are_applied_an_old_follower_goes_on_and_then_stands_by(
    database: Database, log: Log, reader: ViewReader
) -> None:
    old, new = Hand(), Hand(rules=2)
    await log.append("door/a", 0, events(1))
    new.goes_on.clear()
    async with following(database, old, new):
        await new.began.wait()
        await log.append("door/a", 1, events(1))
        assert await reader.wait_for("seen", 1, PATIENCE_S) == 1
        new.goes_on.set()
        await until_rows(database, [(1, 2), (2, 2)])
        await log.append("door/a", 2, events(1))
        await reader.wait_for("seen", 3, PATIENCE_S)
    assert await rows(database) == [(1, 2), (2, 2), (3, 2)]
    assert ("muster_view.seen", 3) not in old.wrote


async def test_a_making_that_fails_leaves_the_live_view_as_it_was(
    database: Database, log: Log, reader: ViewReader
) -> None:
    await log.append("door/a", 0, events(3))
    async with following(database, Hand()):
        await reader.wait_for("seen", 3, PATIENCE_S)
    broken = Hand(rules=2, refuses=2)
    async with following(database, broken) as (follower,):
        await until(lambda: bool(follower.stopped))
        with pytest.raises(ViewBehind, match="position 2 is refused"):
            await reader.wait_for("seen", 4, PATIENCE_S)
        with pytest.raises(RebuildStopped, match="position 2 is refused"):
            await follower.keeper.rebuild("seen")
    assert await rows(database) == [(1, 1), (2, 1), (3, 1)]
    async with following(database, Hand(rules=2)):
        await until_rows(database, [(1, 2), (2, 2), (3, 2)])


async def test_of_several_followers_one_keeps_the_view_until_it_is_gone(
    database: Database, log: Log, reader: ViewReader
) -> None:
    first, second = Hand(), Hand()
    async with following(database, second) as (waiting,):
        await waiting.end()
        async with following(database, first):
            await log.append("door/a", 0, [event()])
            await reader.wait_for("seen", 1, PATIENCE_S)
            await waiting.begin(second.view)
            for version in range(1, 30):
                await log.append("door/a", version, [event()])
            await reader.wait_for("seen", 30, PATIENCE_S)
            assert second.wrote == []
        await log.append("door/a", 30, [event()])
        await reader.wait_for("seen", 31, PATIENCE_S)
    assert [position for _, position in first.wrote] == list(range(1, 31))
    assert [position for _, position in second.wrote] == [31]


async def test_a_follower_whose_connections_are_cut_off_comes_back(
    database: Database, log: Log, reader: ViewReader
) -> None:
    async with following(database, Hand(), Hand()):
        for version in range(4):
            await log.append("door/a", version, [event()])
            await reader.wait_for("seen", version + 1, PATIENCE_S)
            await asked(
                database,
                "SELECT pid, pg_terminate_backend(pid)::int FROM pg_locks"
                " WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            )
    assert await rows(database) == [(position, 1) for position in range(1, 5)]


async def test_a_view_is_made_anew_across_a_crash_of_the_database(
    database: Database, log: Log, reader: ViewReader
) -> None:
    hand = Hand()
    count = 2 * rebuild.PAGE_EVENTS + 5
    await grow(log, 0, count)
    async with following(database, hand) as (follower,):
        await reader.wait_for("seen", count, PATIENCE_S)
        await asked(database, "DELETE FROM muster_view.seen WHERE position = 2")
        hand.goes_on.clear()
        again = asyncio.create_task(follower.keeper.rebuild("seen"))
        await hand.began.wait()
        await asyncio.to_thread(database.cluster.kill)
        await asyncio.to_thread(database.cluster.start)
        hand.goes_on.set()
        await asyncio.gather(
            again, return_exceptions=True
        )  # it may lose patience; the work goes on
        await until_rows(database, [(position, 1) for position in range(1, count + 1)])


async def test_who_reads_other_columns_than_a_view_has_is_told_that_it_is_not_there_yet(
    database: Database, reader: ViewReader
) -> None:
    await asked(database, "CREATE TABLE muster_view.contacts (person text)")
    with pytest.raises(ViewBehind, match="contacts is at position 0"):
        await reader.contacts()
    with pytest.raises(ViewBehind, match="plans is at position 0"):
        await reader.plans()
