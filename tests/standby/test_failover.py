"""The primary dies under load, its standby takes over: nothing acknowledged is lost or doubled."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest

from eventstore.integrity.audit import audit
from eventstore.log.log import Log
from projections.checkpoints import Checkpoints
from projections.runner import ProjectionRunner
from tests.eventstore.notarising import archive_of, checkpoint, notarising, signed_up_to
from tests.eventstore.samples import whole
from tests.projections.test_runner import counting
from tests.standby.load import Load, first_event, loading

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from uuid import UUID

    from eventstore.log.events import StoredEvent
    from tests.postgres_pair import StandbyPair
    from tests.standby.conftest import Place

VIEW = counting("doors")
BOOKMARK = "follower"


async def follow(log: Log, bookmarks: Checkpoints, seen: list[StoredEvent]) -> None:
    """Follow as the relay does, its bookmark behind what it saw."""
    async with aclosing(log.follow(0)) as pages:
        async for page in pages:
            seen += page
            await bookmarks.move_bookmark(BOOKMARK, page[-1].position)


def killed(pair: StandbyPair) -> None:
    pair.fail_over()


def killed_and_back_at_once(pair: StandbyPair) -> None:
    """Its supervisor starts the old one again, as the first host of the address."""
    before = pair.fail_over()
    before.start()


def gone_silent(pair: StandbyPair) -> None:
    """Cut off: its connections stay open and nothing comes over them."""
    pair.primary.pause()
    pair.promote()


@pytest.mark.parametrize("fails", [killed, killed_and_back_at_once, gone_silent])
async def test_processes_follow_a_promoted_standby_and_nothing_acknowledged_is_lost_or_doubled(
    place: Place, tmp_path: Path, fails: Callable[[StandbyPair], None]
) -> None:
    seen: list[StoredEvent] = []
    log, bookmarks = await Log.open(place.dsn), await Checkpoints.open(place.dsn)
    keeper = await ProjectionRunner.open(place.dsn, log, [VIEW], print)
    work = [asyncio.create_task(one) for one in (keeper.run(), follow(log, bookmarks, seen))]
    async with notarising(place.dsn, tmp_path), loading(place.dsn) as load:
        load.begin()
        await load.until(100)
        await asyncio.to_thread(fails, place.pair)
        await load.until(100)
        await load.end()
        await signed_up_to(tmp_path, await log.head())
        events = await whole(log)
        await until_shown(bookmarks, log)
    for one in work:
        one.cancel()
    await asyncio.gather(*work, return_exceptions=True)
    for opened in (keeper, bookmarks, log):
        await opened.close()
    assert seen == events
    assert_recorded_once(load, events)
    await assert_sound(place, tmp_path, len(events))


async def until_shown(bookmarks: Checkpoints, log: Log) -> None:
    """Wait until the view and the follower's bookmark are at the end of the log."""
    head = await log.head()
    async with asyncio.timeout(20):
        while set((await bookmarks.positions()).values()) != {head}:
            await asyncio.sleep(0.05)


def assert_recorded_once(load: Load, events: list[StoredEvent]) -> None:
    """See every acknowledged command in the log, once, and where its receipt says."""
    there: dict[UUID, StoredEvent] = {event.event_id: event for event in events}
    assert [event.position for event in events] == list(range(1, len(there) + 1))
    for one in load.acknowledged:
        event = there.pop(first_event(one))
        assert (event.stream, event.version) == (one.receipt.stream, one.receipt.version)
        assert event.position == one.receipt.position
    assert there == {}


async def assert_sound(place: Place, folder: Path, size: int) -> None:
    """See chain and tree whole, and the folder of the notary agree with the log."""
    signed = checkpoint(folder)
    report = await audit(place.dsn, None, archive_of(folder), lambda _: None)
    assert (report.size, report.flaws) == (size, [])
    assert (signed.size, signed.root) == (report.size, report.root)
    rows = place.pair.primary.ask("SELECT sum(events) FROM muster_view.doors", place.name)
    assert int(rows) == size


async def test_one_process_lives_through_a_failover_and_the_way_back(place: Place) -> None:
    async with loading(place.dsn) as load:
        load.begin()
        for _ in range(2):
            await load.until(30)
            await asyncio.to_thread(place.pair.fail_over)
            await load.until(30)
            await asyncio.to_thread(place.pair.rejoin)
        await load.until(30)
        await load.end()
        log = await Log.open(place.dsn)
        assert_recorded_once(load, await whole(log))
        await log.close()
