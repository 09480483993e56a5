"""Snapshots spare a fold its beginning, and are never believed against the log."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import asyncpg
import pytest
from structlog.testing import capture_logs

from domain.decider import Versioned
from domain.incident.decider import INCIDENTS
from domain.incident.snapshot import FOLD_VERSION, STATE_CODEC
from domain.incident.state.incident import Incident
from eventstore.recorder import snapshots as module
from eventstore.recorder.load import load_from
from eventstore.recorder.recorder import Recorder
from eventstore.recorder.snapshots import Snapshots
from tests.eventstore.lives import a_life

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from eventstore.log.log import Log
    from tests.conftest import Database

EVERY, EVENTS = 50, 220
KEY = "6a0c2c0e-7d3b-4a57-9a0e-3c1f0a9d5b11"


@pytest.fixture
async def snapshots(log: Log, monkeypatch: pytest.MonkeyPatch) -> Snapshots[Incident]:
    monkeypatch.setattr(module, "EVERY_VERSIONS", EVERY)
    await a_life(log, KEY, EVENTS)
    made = fresh(log)
    await made.catch_up(KEY, EVENTS)
    return made


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database.owner_dsn)
    yield connection
    await connection.close()


def fresh(log: Log, fold: str = FOLD_VERSION) -> Snapshots[Incident]:
    return Snapshots(log, INCIDENTS, STATE_CODEC, fold)


async def folded(log: Log, version: int) -> Versioned[Incident]:
    return await load_from(log, INCIDENTS, KEY, Versioned(INCIDENTS.initial), up_to=version)


@pytest.mark.parametrize("version", [1, 49, 50, 51, 149, 200, 201, EVENTS])
async def test_what_begins_at_a_snapshot_ends_as_what_begins_at_the_beginning(
    log: Log, snapshots: Snapshots[Incident], version: int
) -> None:
    assert await snapshots.known_at(KEY, version) == await folded(log, version)
    assert await fresh(log).known_at(KEY, version) == await folded(log, version)


async def test_they_are_as_far_apart_as_they_should_be(
    snapshots: Snapshots[Incident], owner: asyncpg.Connection
) -> None:
    rows = await owner.fetch("SELECT version FROM muster.snapshot ORDER BY 1")
    assert [row["version"] for row in rows] == [50, 100, 150, 200]
    assert (await snapshots.newest(KEY)).version == 200
    assert (await snapshots.newest(KEY, 199)).version == 150


async def test_all_of_them_can_be_thrown_away(
    log: Log, snapshots: Snapshots[Incident], owner: asyncpg.Connection
) -> None:
    await owner.execute("DELETE FROM muster.snapshot")
    assert (await snapshots.newest(KEY)).version == 0
    assert await snapshots.known_at(KEY, EVENTS) == await folded(log, EVENTS)
    await snapshots.catch_up(KEY, EVENTS)
    assert (await snapshots.newest(KEY)).version == 200


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE muster.snapshot SET hash = sha256(hash)",
        "UPDATE muster.snapshot SET state = '[]'",
        "UPDATE muster.snapshot SET state = left(state, 40)",
        "UPDATE muster.snapshot SET fold = 'another'",
    ],
)
async def test_one_that_does_not_fit_is_not_used(
    log: Log, snapshots: Snapshots[Incident], owner: asyncpg.Connection, harm: str
) -> None:
    assert snapshots is not None
    await owner.execute(harm)
    assert (await fresh(log).newest(KEY)).version == 0
    assert await fresh(log).known_at(KEY, EVENTS) == await folded(log, EVENTS)


ALTERED = """
    UPDATE muster.snapshot SET state = replace(state, '"mall"', '"port"') WHERE version = 200"""


async def test_one_whose_bytes_were_altered_is_told_and_dropped(
    log: Log, snapshots: Snapshots[Incident], owner: asyncpg.Connection
) -> None:
    kept = await owner.fetchval("SELECT state FROM muster.snapshot WHERE version = 200")
    await owner.execute(ALTERED)
    altered = await owner.fetchval("SELECT state FROM muster.snapshot WHERE version = 200")
    assert STATE_CODEC.unpack(altered) != STATE_CODEC.unpack(kept)  # it reads well, and is wrong
    with capture_logs() as lines:
        assert await fresh(log).known_at(KEY, EVENTS) == await folded(log, EVENTS)
    assert [(line["event"], line["version"]) for line in lines] == [("snapshot_altered", 200)]
    rows = await owner.fetch("SELECT version FROM muster.snapshot ORDER BY 1")
    assert [row["version"] for row in rows] == [50, 100, 150]
    await snapshots.catch_up(KEY, EVENTS)
    assert await owner.fetchval("SELECT state FROM muster.snapshot WHERE version = 200") == kept


async def test_one_that_was_moved_to_another_version_is_not_used(
    log: Log, snapshots: Snapshots[Incident], owner: asyncpg.Connection
) -> None:
    assert snapshots is not None
    await owner.execute("""
        UPDATE muster.snapshot s SET (state, digest) = (
            SELECT o.state, o.digest FROM muster.snapshot o WHERE o.version = 50)
        WHERE s.version = 200""")
    assert (await fresh(log).newest(KEY)).version == 150
    assert await fresh(log).known_at(KEY, EVENTS) == await folded(log, EVENTS)


async def test_before_the_first_event_nothing_is_known(
    log: Log, snapshots: Snapshots[Incident]
) -> None:
    assert snapshots is not None
    assert await fresh(log).known_at(KEY, 0) == Versioned(INCIDENTS.initial)


async def test_one_of_another_fold_is_not_used(log: Log, snapshots: Snapshots[Incident]) -> None:
    assert (await fresh(log, "of tomorrow").newest(KEY)).version == 0
    assert (await snapshots.newest(KEY)).version == 200


async def test_a_recorder_begins_with_one(log: Log, snapshots: Snapshots[Incident]) -> None:
    recorder = Recorder(log, INCIDENTS, clock=lambda: datetime.now(UTC), snapshots=snapshots)
    assert await recorder.known(KEY) == await folded(log, EVENTS)
    assert await recorder.known_at(KEY, version=77) == await folded(log, 77)
