"""A wrong clock: nobody starts with it, and nobody who runs takes the time from it."""

from __future__ import annotations

import asyncio
import json
import re
import time
import urllib.request
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from eventstore.log.log import Log
from services.api.server import CLOCKS
from services.local.clock_lines import clock_line
from services.runtime.clocks import clock_watch
from services.runtime.clocks.clock_watch import ClockWatch, watched
from services.runtime.clocks.clocks import POSTGRESQL, REMEMBERED, TEMPORAL, AgreedTime
from services.runtime.exit_codes import Exit
from services.runtime.settings.settings import Clocks
from services.runtime.settings.settings import Database as DatabaseSettings
from services.runtime.temporal.clock import now_at
from tests.api.conftest import Service, opened, publish
from tests.api.test_server import NOT_SERVING, SERVING, health
from tests.clocks.conftest import (
    DAY_S,
    ended,
    free_port,
    needs_a_compiler,
    serving_process,
    told,
)
from tests.eventstore.notarising import SIGNER, signed_up_to
from tests.eventstore.samples import event
from tests.services.running import muster

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from temporalio.testing import WorkflowEnvironment

    from benchmarks.torture.faults.clock import Clock
    from services.runtime.settings.settings import Settings
    from tests.conftest import Database

NOTICED_WITHIN_S = 15.0
DIRECTIONS = {True: "behind", False: "ahead"}
EXACT_S = 1.0
"""Half of what a reading may take on a busy machine."""


async def test_clocks_of_one_machine_agree(settings: Settings) -> None:
    seen = await ClockWatch(settings, None, lambda _: None).compare()
    assert not seen.unread
    assert seen.are_well
    assert all(abs(one.ahead_s) <= one.within_s + 0.05 for one in seen.readings)


async def test_temporal_s_clock_is_read_and_nothing_is_left_behind(
    temporal: WorkflowEnvironment,
) -> None:
    before = datetime.now(UTC)
    there = await now_at(temporal.client)
    assert abs((there - before).total_seconds()) < EXACT_S
    assert [one async for one in temporal.client.list_workflows("TaskQueue = 'muster-clock'")] == []


@needs_a_compiler
@pytest.mark.parametrize("by_s", [DAY_S, -DAY_S, 10.0])
@pytest.mark.parametrize("name", ["api", "worker", "follower"])
async def test_no_process_starts_with_a_wrong_clock(
    settings: Settings, clock: Clock, tmp_path: Path, name: str, by_s: float
) -> None:
    clock.step(by_s)
    code, said = await ended(name, told(settings, tmp_path) | clock.environment)
    assert code == 1
    assert "the clocks differ by" in said
    assert re.search(rf"PostgreSQL {abs(by_s):.0f}\.\d+ s {DIRECTIONS[by_s > 0]}", rounded(said))
    assert re.search(rf"Temporal {abs(by_s):.0f}\.\d+ s {DIRECTIONS[by_s > 0]}", rounded(said))
    assert "clocks.max_difference_seconds allows 5" in said
    assert "Traceback" not in said


def rounded(said: str) -> str:
    """Return what was said with all figures as if reading had taken no time."""
    return re.sub(r"\d+\.\d+", lambda figure: f"{round(float(figure[0])):.3f}", said)


@needs_a_compiler
async def test_a_clock_that_is_a_little_wrong_is_none_of_that(
    settings: Settings, clock: Clock, tmp_path: Path
) -> None:
    clock.step(2.0)
    async with serving_process("follower", told(settings, tmp_path) | clock.environment) as said:
        assert "the clocks are wrong" not in said.read_text()


@pytest.fixture
async def api(
    settings: Settings, clock: Clock, tmp_path: Path
) -> AsyncIterator[tuple[Service, Path, int]]:
    """An api of its own process, with a clock to be stepped, its log and its metrics' port."""
    port, metrics_port = free_port(), free_port()
    environment = told(settings, tmp_path, port) | clock.environment
    environment["MUSTER_METRICS__PORT"] = str(metrics_port)
    address = f"127.0.0.1:{port}"
    async with serving_process("api", environment) as said, AsyncExitStack() as held:
        yield Service(address, settings, held), said, metrics_port


async def said_by(api: tuple[Service, Path, int], status: int) -> bool:
    until = time.monotonic() + NOTICED_WITHIN_S
    while await health(api[0].address, CLOCKS) != status and time.monotonic() < until:
        await asyncio.sleep(0.2)
    return await health(api[0].address, CLOCKS) == status


@needs_a_compiler
async def test_a_clock_that_is_set_while_the_service_runs_is_loud_and_changes_no_deadline(
    api: tuple[Service, Path, int], clock: Clock, database: Database
) -> None:
    service, said, metrics_port = api
    await publish(service)
    assert await said_by(api, SERVING)
    clock.step(DAY_S)
    assert (await opened(service)).version == 2
    assert await said_by(api, NOT_SERVING)
    assert await health(service.address, "muster.v1.IncidentService") == SERVING
    assert "the clocks differ by 86" in said.read_text()
    shown = await asyncio.to_thread(metrics_of, metrics_port)
    assert float(shown["muster_clocks_difference_seconds"]) == pytest.approx(DAY_S, abs=EXACT_S)
    await opened(service)
    assert all(abs(late_s) < DAY_S / 2 for late_s in await promised(database))
    clock.step(-DAY_S)
    assert await said_by(api, SERVING)


@needs_a_compiler
async def test_a_token_is_good_until_it_expires_by_the_agreed_time(
    api: tuple[Service, Path, int], clock: Clock
) -> None:
    service, _, _ = api
    await publish(service)
    expiring(service.settings.api.tokens_file, datetime.now(UTC) + timedelta(hours=1))
    assert await said_by(api, SERVING)
    clock.step(DAY_S)
    assert await said_by(api, NOT_SERVING)
    assert (await opened(service)).version == 2


def expiring(file: Path, at: datetime) -> None:
    """Have every token be good until then only."""
    held = json.loads(file.read_text())
    for one in held["tokens"]:
        one["expires_at"] = at.isoformat()
    part = file.with_suffix(".part")
    part.write_text(json.dumps(held))
    part.replace(file)


@needs_a_compiler
async def test_a_notary_with_a_wrong_clock_signs_and_says_so_and_its_lag_is_right(
    settings: Settings, clock: Clock, tmp_path: Path
) -> None:
    environment = told(settings, tmp_path) | clock.environment
    environment |= {"MUSTER_METRICS__PORT": str(port := free_port())}
    environment |= {"MUSTER_NOTARY__KEY_FILE": str(tmp_path / "key")}
    (tmp_path / "key").write_text(SIGNER.skey)
    clock.step(-DAY_S)
    log = await Log.open(settings.database.dsn.get_secret_value())
    await log.append("incident/1", 0, [event()])
    await log.close()
    async with serving_process("notary", environment) as said:
        await signed_up_to(tmp_path / "notary", 1)
        shown = await asyncio.to_thread(metrics_of, port)
        assert "the clocks differ by 86" in said.read_text()
        assert "Temporal" not in said.read_text()
    assert float(shown["muster_clocks_difference_seconds"]) == pytest.approx(DAY_S, abs=EXACT_S)
    assert 0 < float(shown["muster_notary_lag_seconds"]) < DAY_S / 2


async def promised(database: Database) -> list[float]:
    """Return how long from now alarms are to be verified."""
    log = await Log.open(database.dsn)
    facts = [
        json.loads(one.data) for one in await log.read(0, limit=100) if "verify_by" in one.data
    ]
    await log.close()
    assert len(facts) == 2
    now = datetime.now(UTC)
    return [(datetime.fromisoformat(one["verify_by"]) - now).total_seconds() for one in facts]


def metrics_of(port: int) -> dict[str, str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


@needs_a_compiler
def test_the_doctor_shows_every_clock_and_the_difference(
    settings: Settings, clock: Clock, tmp_path: Path
) -> None:
    given = told(settings, tmp_path) | clock.environment
    healthy = json.loads(muster("doctor", "-o", "json", given=given, cwd=tmp_path).out)
    assert healthy["parts"]["clock"]["state"] == "agrees"
    clock.step(-3_600.0)
    answer = muster("doctor", "-o", "json", given=given, cwd=tmp_path)
    found = json.loads(answer.out)["parts"]["clock"]
    assert answer.code == Exit.UNAVAILABLE
    assert found["state"] == "differ"
    assert "PostgreSQL 3600.000 s ahead" in rounded(found["what"])
    assert "Temporal 3600.000 s ahead" in rounded(found["what"])


async def test_a_service_starts_while_temporal_is_away_and_looks_for_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock_watch, "READ_TIMEOUT_S", 60.0)
    away = settings.model_copy(
        update={"temporal": settings.temporal.model_copy(update={"address": "127.0.0.1:1"})}
    )
    begun = time.monotonic()
    async with watched(away) as watch:
        assert time.monotonic() - begun < 30.0  # it did not use up its time
        assert {one.clock for one in watch.latest.readings} == {"this process", POSTGRESQL}
    assert TEMPORAL in (await clock_line(away)).what


async def test_a_clock_that_is_set_while_no_other_can_be_read_is_said(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = settings.model_copy(
        update={
            "temporal": settings.temporal.model_copy(update={"address": "127.0.0.1:1"}),
            "database": DatabaseSettings(dsn="postgresql://nobody@127.0.0.1:1/nowhere"),
        }
    )
    async with watched(settings):
        monkeypatch.setattr(AgreedTime, "strayed_s", DAY_S)
        seen = await ClockWatch(away, None, lambda _: None).compare()
    assert not seen.agree
    assert f"{REMEMBERED} {DAY_S:.3f} s behind" in seen.complaint()


async def test_a_comparison_that_fails_is_not_the_last(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock_watch, "STEP_LOOK_S", 0.05)
    soon = Clocks.model_construct(max_difference_seconds=5.0, compare_every_seconds=0.1)
    outcomes: list[object] = []

    def show(seen: object) -> None:
        outcomes.append(seen)
        assert len(outcomes) != 2, "as if what shows it were broken"

    async with watched(settings.model_copy(update={"clocks": soon}), show=show):
        until = time.monotonic() + NOTICED_WITHIN_S
        while len(outcomes) < 4 and time.monotonic() < until:
            await asyncio.sleep(0.05)
    assert len(outcomes) >= 4
