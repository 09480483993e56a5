"""A primary that lacks what was seen: its standby was not waited for, or it is from an archive."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest

from eventstore.integrity.audit import audit
from eventstore.integrity.chain_verifier import Doubt
from eventstore.postgres.errors import FollowerTooSlow, LogDiverged
from eventstore.recorder.recorder import Receipt, Recorder
from tests.eventstore.notarising import (
    acknowledge,
    notarising,
    refused_because,
    signed_up_to,
    until,
)
from tests.eventstore.samples import (
    DOOR,
    NOON,
    CloseDoor,
    CountPeople,
    OpenDoor,
    asked,
    events,
    whole,
)
from tests.postgres_pair import Node, private, until_so

if TYPE_CHECKING:
    from pathlib import Path

    from eventstore.log.events import StoredEvent
    from eventstore.log.log import Log
    from tests.standby.conftest import Place

ARCHIVED = "SELECT last_archived_wal >= '{}' FROM pg_stat_archiver"


async def lose_the_last(place: Place, log: Log, count: int) -> None:
    """Append events that only the primary has, and have the standby take over without them."""
    await asyncio.to_thread(place.pair.standby.kill)
    place.pair.stand_alone()
    await log.append("door/lost", 0, events(count))


async def take_over(place: Place) -> None:
    await asyncio.to_thread(place.pair.primary.kill)
    place.pair.standby.start()
    await asyncio.to_thread(place.pair.promote)


async def test_a_promoted_standby_that_lacks_what_was_signed_takes_nothing_until_acknowledged(
    place: Place, log: Log, tmp_path: Path
) -> None:
    async with notarising(place.dsn, tmp_path) as notary:
        await log.append("door/a", 0, events(5))
        await lose_the_last(place, log, 3)
        await signed_up_to(tmp_path, 8)
        await take_over(place)
        divergence, what = await refused_because(place.dsn)
        assert (what.doubt, what.position, what.size) == (Doubt.END, 6, 5)
        with pytest.raises(LogDiverged):
            await log.append("door/a", 5, events(1))
        assert isinstance(await acknowledge(place.dsn, divergence, "asynchronous"), Receipt)
        await log.append("door/a", 5, events(1))
        await until(lambda: notary.seen.size == 7)


async def test_a_follower_of_events_that_were_lost_is_told_and_follows_again(
    place: Place, log: Log
) -> None:
    seen: list[StoredEvent] = []
    await log.append("door/a", 0, events(2))
    async with aclosing(log.follow(0)) as pages:
        seen += await anext(pages)
        await lose_the_last(place, log, 3)
        seen += await anext(pages)
        assert len(seen) == 5
        await take_over(place)
        with pytest.raises(FollowerTooSlow):
            await anext(pages)
    await log.append("door/other", 0, events(3))  # at the positions of the lost ones
    async with aclosing(log.follow(2)) as pages:
        assert [event.stream for event in await anext(pages)] == ["door/other"] * 3


async def test_nothing_is_decided_on_a_state_that_was_lost(place: Place, log: Log) -> None:
    recorder = Recorder(log, DOOR, clock=lambda: NOON)
    await recorder.record("a", asked(OpenDoor()))
    await asyncio.to_thread(place.pair.standby.kill)
    place.pair.stand_alone()
    await recorder.record("a", asked(CloseDoor()))
    await take_over(place)
    again = await recorder.record("a", asked(CloseDoor()))  # was so already, says the memory
    assert isinstance(again, Receipt)
    assert (again.version, again.kinds) == (2, ("DoorClosed",))


async def test_an_append_decided_on_the_primary_before_is_decided_again(
    place: Place, log: Log
) -> None:
    recorder = Recorder(log, DOOR, clock=lambda: NOON)
    await recorder.record("a", asked(OpenDoor()))
    await asyncio.to_thread(place.pair.primary.kill)
    counting = [asyncio.create_task(recorder.record("a", asked(CountPeople()))) for _ in range(9)]
    await asyncio.to_thread(place.pair.promote)
    receipts = await asyncio.gather(*counting)
    assert all(isinstance(one, Receipt) for one in receipts)
    assert (await recorder.known("a")).state.people == 9
    assert len(await whole(log)) == 10


async def test_a_log_is_brought_back_to_a_point_in_time_and_recognised_as_shorter(
    place: Place, log: Log, tmp_path: Path
) -> None:
    """An archive of WAL, a base backup, and the moment before a mistake."""
    primary = place.pair.primary
    archive = await asyncio.to_thread(_archive, primary)
    node = await asyncio.to_thread(_base_backup, primary)
    async with notarising(place.dsn, tmp_path):
        await log.append("door/a", 0, events(4))
        primary.ask("SELECT pg_create_restore_point('before')")
        await log.append("door/a", 4, events(3))
        await signed_up_to(tmp_path, 7)
        await _archived(primary)
    await asyncio.to_thread(_restore, node, archive, "before")
    try:
        dsn = node.dsn(place.name, user="muster_runtime")
        report = await audit(dsn, None, None, lambda _: None)
        assert (report.size, report.flaws) == (4, [])
        async with notarising(dsn, tmp_path):
            _, what = await refused_because(dsn)
        assert (what.doubt, what.position, what.size) == (Doubt.END, 5, 4)
    finally:
        node.kill()


def _archive(primary: Node) -> Path:
    """Have it archive its WAL."""
    archive = private(primary.folder / "archive", primary.user)
    command = f'test ! -f "{archive}/%f" && cp "%p" "{archive}/%f"'
    primary.configure(archive_mode="on", archive_command=command)
    primary.stop()
    primary.start()
    return archive


def _base_backup(primary: Node) -> Node:
    node = Node("copy", private(primary.folder / "copy", primary.user), primary.user)
    node.run("pg_basebackup", "-D", node.data, "-d", primary.address, "--checkpoint=fast")
    return node


async def _archived(primary: Node) -> None:
    """Wait until all of its WAL so far is in the archive."""
    last = primary.ask("SELECT pg_walfile_name(pg_switch_wal())")
    async with asyncio.timeout(20):
        while primary.ask(ARCHIVED.format(last)) != "t":
            await asyncio.sleep(0.1)


def _restore(node: Node, archive: Path, point: str) -> None:
    """Bring a base backup to a point, from the archive."""
    (node.data / "recovery.signal").touch()
    (node.data / "postgresql.auto.conf").write_text("")
    node.configure(
        restore_command=f'cp "{archive}/%f" "%p"', recovery_target_name=point,
        recovery_target_action="promote", archive_mode="off",
    )  # fmt: skip
    node.start()
    until_so(lambda: node.ask("SELECT pg_is_in_recovery()") == "f")
