"""PostgreSQL's clock is wrong, or was: the log keeps what it said."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from eventstore.log.log import Log
from eventstore.postgres.migrations import migrate
from services.local.clock_lines import clock_line
from services.runtime.clocks.clock_watch import watched
from services.runtime.clocks.clocks import ClocksDiffer
from tests.clocks.conftest import DAY_S, at, ended, needs_a_compiler, told
from tests.eventstore.samples import event
from tests.postgres import Cluster, temporary_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.torture.faults.clock import Clock
    from services.runtime.settings.settings import Settings

pytestmark = needs_a_compiler


@pytest.fixture
def cluster(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A server that runs with the clock of the test."""
    with monkeypatch.context() as shifted:
        for name, value in clock.environment.items():
            shifted.setenv(name, value)
        making = contextmanager(temporary_cluster.__wrapped__)()  # type: ignore[attr-defined] # its own
        made = making.__enter__()
    yield made
    making.__exit__(None, None, None)


@pytest.fixture
async def shifted(cluster: Cluster, settings: Settings) -> Settings:
    """The settings for a log in that server."""
    await migrate(cluster.dsn())
    return at(cluster.dsn(user="muster_runtime"), settings)


async def test_what_happened_once_is_refused_now(
    shifted: Settings, clock: Clock, tmp_path: Path
) -> None:
    """Everything of ours a day ahead, and Temporal right: no event was recorded, none was late."""
    clock.step(DAY_S)
    code, said = await ended("api", told(shifted, tmp_path) | clock.environment)
    assert code == 1
    assert "the clocks differ by 86" in said
    assert "Temporal 86" in said
    log = await Log.open(shifted.database.dsn.get_secret_value())
    assert await log.head() == 0
    await log.close()


async def test_postgresql_s_wrong_clock_is_refused_at_start(
    shifted: Settings, clock: Clock
) -> None:
    clock.step(-60.0)
    with pytest.raises(ClocksDiffer, match=r"PostgreSQL (60|59)\.\d+ s behind"):
        async with watched(shifted):
            pass


async def test_a_log_that_was_written_with_a_wrong_clock_is_said_and_served(
    shifted: Settings, clock: Clock
) -> None:
    log = await Log.open(shifted.database.dsn.get_secret_value())
    clock.step(3_600.0)
    await log.append("incident/1", 0, [event()])
    await log.close()
    clock.step(-3_600.0)
    async with watched(shifted) as watch:
        assert watch.latest.log_ahead_s == pytest.approx(3_600.0, abs=30.0)
        assert (watch.latest.agree, watch.latest.are_well) == (True, False)
    line = await clock_line(shifted)
    assert line.state == "behind the log"
    assert "ahead of every clock" in line.what
