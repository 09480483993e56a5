"""Stored events are verified all the time, in slices; what is found is looked for again."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from eventstore.integrity.chain_verifier import Divergence, Doubt
from eventstore.notary.inspection import SLICE_EVENTS, confirmed
from eventstore.tlog.tiles import Tile
from tests.eventstore.forgery import refuses, rewritten, signed, writing
from tests.eventstore.notarising import (
    acknowledge,
    alarm,
    alarms_when,
    archive_of,
    notarising,
    refused_because,
    signed_up_to,
    tamper,
    until,
    value,
)
from tests.eventstore.samples import events, whole

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from eventstore.log.log import Log
    from eventstore.notary.notary import Notary
    from tests.conftest import Database

CHANGED = "UPDATE muster.event SET data = '{\"number\": 7 }' WHERE position = 5"
QUICK_S = 0.05
WHOLLY = 1.0
"""Share of the time; the bound is for a machine that has other work."""

MUCH = 3_000
ENDED = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""


@asynccontextmanager
async def sweeping(database: Database, folder: Path) -> AsyncIterator[Notary]:
    """Run a notary that sweeps the log as its process would, only sooner."""
    async with notarising(database.dsn, folder) as notary:
        task = asyncio.create_task(notary.inspection.sweep(QUICK_S, WHOLLY))
        yield notary
        task.cancel()
        ends = await asyncio.gather(task, return_exceptions=True)
    assert isinstance(ends[0], asyncio.CancelledError)


async def swept_again(notary: Notary) -> None:
    """Wait until one more sweep is over."""
    before = notary.seen.swept_at or 0.0
    await until(lambda: (notary.seen.swept_at or 0.0) > before)


async def test_an_edit_is_noticed_between_two_audits_and_closes_the_gate(
    database: Database, log: Log, tmp_path: Path
) -> None:
    await signed(database, log, tmp_path)
    async with sweeping(database, tmp_path) as notary:
        await until(lambda: notary.seen.swept_at is not None)
        assert notary.seen.refusing is None
        await tamper(database.owner_dsn, CHANGED)
        _, what = await refused_because(database.dsn)
    assert (what.doubt, what.position) == (Doubt.CONTENT, 5)
    assert await refuses(log)


async def test_a_chain_that_is_rewritten_while_the_notary_runs_is_noticed(
    database: Database, log: Log, tmp_path: Path
) -> None:
    async with sweeping(database, tmp_path):
        for version in range(0, MUCH, 1_000):
            await log.append("door/a", version, events(1_000))
        await log.append("door/b", 0, events(1))
        await signed_up_to(tmp_path, MUCH + 1)
        await tamper(database.owner_dsn, *writing(rewritten(await whole(log), 2_900)[2_899:MUCH]))
        _, what = await refused_because(database.dsn)
    assert (what.doubt, what.position) == (Doubt.LEAF, 2_900)


async def test_every_slice_of_a_log_is_verified_in_a_sweep(
    database: Database, log: Log, tmp_path: Path
) -> None:
    async with notarising(database.dsn, tmp_path):
        for version in range(0, 2 * SLICE_EVENTS, 512):
            await log.append("door/a", version, events(512))
        await log.append("door/a", 2 * SLICE_EVENTS, events(3))
        await signed_up_to(tmp_path, 2 * SLICE_EVENTS + 3)
    for position in (1, SLICE_EVENTS + 1, 2 * SLICE_EVENTS + 3):
        change = CHANGED.replace("= 5", f"= {position}")
        await tamper(database.owner_dsn, change)
    async with sweeping(database, tmp_path) as notary:
        for position in (1, SLICE_EVENTS + 1, 2 * SLICE_EVENTS + 3):
            divergence, what = await refused_because(database.dsn)
            assert (what.doubt, what.position) == (Doubt.CONTENT, position)
            await acknowledge(database.dsn, divergence, "tried")
            await until(lambda: notary.seen.refusing is None)
        await swept_again(notary)
        assert notary.seen.refusing is None


async def test_a_damaged_tile_in_the_folder_is_an_alarm_and_no_divergence(
    database: Database, log: Log, tmp_path: Path
) -> None:
    async with sweeping(database, tmp_path) as notary:
        await log.append("door/a", 0, events(600))
        await signed_up_to(tmp_path, 600)
        file = archive_of(tmp_path).place / Tile(1, 0, 2).path
        right = file.read_bytes()
        file.write_bytes(bytes(64))
        assert "over the events from 1 on" in await alarm(database.dsn, "archive")
        file.write_bytes(right)
        await alarms_when(database.dsn, lambda kinds: not kinds)
        assert notary.seen.refusing is None
    assert not await refuses(log)


async def test_a_database_that_restarts_is_waited_for(
    database: Database, log: Log, tmp_path: Path
) -> None:
    await signed(database, log, tmp_path)
    async with sweeping(database, tmp_path) as notary:
        for _ in range(20):
            await value(database.owner_dsn, ENDED)
            await swept_again(notary)
        assert notary.seen.refusing is None


@pytest.mark.parametrize(
    ("again", "found"),
    [
        (Divergence(7, "door/a", 4, Doubt.CONTENT, "x", "y"), 1),
        (Divergence(8, "door/a", 5, Doubt.CONTENT, "x", "y"), 0),
        (Divergence(7, "door/a", 4, Doubt.VERSION, "x", "y"), 0),
    ],
)
def test_only_what_is_found_twice_counts(again: Divergence, found: int) -> None:
    first = Divergence(7, "door/a", 4, Doubt.CONTENT, "x", "y")
    assert len(confirmed([first], [again])) == found
