"""Following the log: nothing missed, nothing twice, in order, and never in anybody's way."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from eventstore.log import log as log_module
from eventstore.log import subscription
from eventstore.log.events import Appended
from eventstore.log.log import Log
from eventstore.postgres.errors import FollowerTooSlow, LogClosed
from tests.eventstore.samples import event, events

if TYPE_CHECKING:
    from tests.conftest import Database

PATIENCE_S = 10.0


async def seen(
    log: Log, after: int, until: int, categories: frozenset[str] | None = None
) -> list[int]:
    """Follow until a position was seen."""
    found: list[int] = []
    async with asyncio.timeout(PATIENCE_S):
        async for page in log.follow(after, categories=categories):
            found += [one.position for one in page]
            if found[-1] >= until:
                break
    return found


async def test_a_follower_sees_what_was_and_what_comes(log: Log, other_log: Log) -> None:
    await log.append("door/a", 0, events(5))
    following = asyncio.create_task(seen(log, 2, 40))
    for version in range(5, 40):
        await other_log.append("door/a", version, events(1))
    assert await following == list(range(3, 41))


async def test_followers_share_what_is_read_once(log: Log, other_log: Log) -> None:
    await log.append("door/a", 0, events(50))
    following = [asyncio.create_task(seen(log, after, 300)) for after in range(50)]
    for version in range(50, 300, 10):
        await other_log.append("door/a", version, events(10))
    assert await asyncio.gather(*following) == [list(range(n + 1, 301)) for n in range(50)]


async def test_a_follower_of_some_categories_sees_only_these(log: Log) -> None:
    await log.append("door/a", 0, events(2))
    following = asyncio.create_task(seen(log, 0, 5, frozenset({"gate"})))
    await log.append("gate/a", 0, events(1))
    await log.append("door/b", 0, events(1))
    await log.append("gate/a", 1, events(1))
    assert await following == [3, 5]


async def test_a_follower_of_a_stream_or_of_some_kinds_sees_only_these(log: Log) -> None:
    await log.append("door/a", 0, [event(), event(kind="DoorClosed")])
    await log.append("door/b", 0, [event(), event(kind="DoorClosed")])
    by_stream = log.follow(0, streams=frozenset({"door/b"}))
    by_type = log.follow(0, types=frozenset({"DoorClosed"}))
    assert [one.position for one in await anext(by_stream)] == [3, 4]
    assert [one.position for one in await anext(by_type)] == [2, 4]


SIZES = [3, 1_000, subscription.PAGE_EVENTS - 3, log_module.PAGE_EVENTS, 5_001, 40_000, 2]
"""Of commits: as large as a page, less, more, and more than what is kept in memory."""


async def commits_seen(log: Log, after: int, until: int) -> list[int]:
    """Follow until a position; return how many events of each commit came in one page."""
    sizes: list[int] = []
    async with asyncio.timeout(PATIENCE_S):
        async for page in log.follow(after):
            sizes += Counter(event.recorded_at for event in page).values()
            after = page[-1].position
            if after >= until:
                break
    return sizes


async def test_a_commit_is_shown_whole_however_large_it_is(log: Log, other_log: Log) -> None:
    following = asyncio.create_task(commits_seen(log, 0, sum(SIZES)))
    grown = 0
    for size in SIZES:
        await other_log.append("door/a", grown, events(size))
        grown += size
    assert await following == SIZES
    assert await commits_seen(other_log, 0, grown) == SIZES


async def test_a_follower_at_the_end_is_shown_a_commit_larger_than_the_memory(
    log: Log, other_log: Log
) -> None:
    following = asyncio.create_task(commits_seen(log, 0, 40_001))
    await other_log.append("door/a", 0, events(1))
    while log._tail._head != 1:  # noqa: SLF001 - it is at the end once this is read
        await asyncio.sleep(0)
    await other_log.append("door/a", 1, events(40_000))
    assert await following == [1, 40_000]


async def test_a_slow_follower_is_cut_and_told_where_to_resume(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscription, "WINDOW_EVENTS", 10)
    following = log.follow(0)
    first = asyncio.ensure_future(anext(following))
    await asyncio.sleep(0.2)
    await log.append("door/a", 0, events(1))
    assert [one.position for one in await first] == [1]
    for version in range(1, 100):
        await log.append("door/a", version, events(1))
    await asyncio.sleep(0.2)
    with pytest.raises(FollowerTooSlow) as cut:
        await anext(following)
    resumed = await seen(log, cut.value.resume_position, 100)
    assert resumed[0] == cut.value.resume_position + 1


async def test_a_follower_far_behind_reads_the_database_first(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_module, "PAGE_EVENTS", 7)
    monkeypatch.setattr(subscription, "WINDOW_EVENTS", 5)
    await log.append("door/a", 0, events(100))
    assert await seen(log, 0, 100) == list(range(1, 101))


async def test_a_position_that_is_not_in_the_log_cannot_be_followed(log: Log) -> None:
    await log.append("door/a", 0, events(1))
    with pytest.raises(ValueError, match="position 2 is not in this log"):
        await anext(log.follow(2))


async def test_following_and_appending_outlast_a_crash_of_the_database(
    database: Database, log: Log, other_log: Log
) -> None:
    following = asyncio.create_task(seen(log, 0, 60))
    writing = asyncio.create_task(_write(other_log, 60))
    for _ in range(3):
        await asyncio.sleep(0.1)
        await asyncio.to_thread(database.cluster.kill)
        await asyncio.to_thread(database.cluster.start)
    assert await writing == list(range(1, 61))
    assert await following == list(range(1, 61))


async def _write(log: Log, count: int) -> list[int]:
    versions = []
    for version in range(count):
        answer = await log.append("door/a", version, events(1))
        assert isinstance(answer, Appended)
        versions.append(answer.version)
        await asyncio.sleep(0.01)
    return versions


async def test_a_follower_is_told_when_the_log_is_closed(database: Database) -> None:
    log = await Log.open(database.dsn)
    following = asyncio.ensure_future(anext(log.follow(0)))
    await asyncio.sleep(0.1)
    await log.close()
    with pytest.raises(LogClosed):
        await following
