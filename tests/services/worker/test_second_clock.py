"""The second clock: says what Temporal is late with, once, and nothing that is not so."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from activities.record import RecordActivities
from domain.incident.tasks import AcknowledgeTask, AssignTask
from domain.values import Mode, Text
from eventstore.log.log import Log
from eventstore.postgres.errors import LogUnavailable
from eventstore.privacy.vault import Vault
from eventstore.queries.second_clock import KEPT_FOR, LATELY, SecondClockActs
from projections.runner import ProjectionRunner
from projections.views.incidents import VIEW
from services.worker import second_clock
from services.worker.second_clock import GRACE, SecondClock
from tests.activities.scene import CAI, Scene
from tests.conftest import execute

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from domain.incident.obligations.obligations import NextDeadline, WorkflowView
    from tests.conftest import Database

SOON = timedelta(seconds=0.5)
AGE = "UPDATE muster.second_clock SET acted_at = acted_at - interval '{}'"
ROWS = "SELECT count(*) AS kept FROM muster.second_clock"
A_WHILE_S = (SOON + GRACE).total_seconds() + 1.0


@pytest.fixture
async def scene(database: Database, tmp_path: Path) -> AsyncIterator[Scene]:
    """A log with the plan in force, and somebody who keeps its view."""
    (tmp_path / "vault").write_text(bytes(32).hex())
    log = await Log.open(database.dsn)
    vault = await Vault.connect(database.dsn, tmp_path / "vault")
    keeper = await ProjectionRunner.open(database.dsn, log, [VIEW], lambda _: None)
    keeping = asyncio.create_task(keeper.run())
    made = Scene(log, vault)
    await made.publish()
    yield made
    keeping.cancel()
    with suppress(asyncio.CancelledError):
        await keeping
    await keeper.close()
    await vault.close()
    await log.close()


class Passing:
    """Lets deadlines pass on a real log, and remembers for whom it was asked."""

    def __init__(self, scene: Scene) -> None:
        self.record = RecordActivities(scene.incidents, scene.now)
        self.asked: list[str] = []
        self.log_is_away = False
        self.nothing_passes = False
        self.late_s: list[float] = []

    async def __call__(self, incident: str, deadline: NextDeadline) -> WorkflowView:
        self.asked.append(incident)
        if self.log_is_away:
            raise LogUnavailable
        if self.nothing_passes:
            return await self.record.standing(incident)
        return await self.record.let_deadline_pass(incident, deadline)


@pytest.fixture
def passing(scene: Scene) -> Passing:
    return Passing(scene)


@asynccontextmanager
async def ticking(scene: Scene, passing: Passing) -> AsyncIterator[None]:
    clock = SecondClock(scene.log, passing.record.standing, passing, passing.late_s.append)
    task = asyncio.create_task(clock.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def due_soon(scene: Scene, mode: Mode = Mode.LIVE, post: str = "commander") -> str:
    incident = await scene.opened(mode)
    text = Text.of("打电话", "Call")
    await scene.ask(
        incident, AssignTask(task="call", title=text, post=post, acknowledge_within=SOON)
    )
    return incident


async def missed(scene: Scene, incident: str) -> int:
    return len(await scene.facts(f"incident/{incident}", "TaskEscalated"))


async def test_what_temporal_does_not_say_is_said_after_the_grace(
    scene: Scene, passing: Passing
) -> None:
    async with ticking(scene, passing):
        incident = await due_soon(scene)
        await asyncio.sleep(SOON.total_seconds())
        assert await missed(scene, incident) == 0
        await asyncio.sleep(A_WHILE_S)
    assert (await missed(scene, incident), passing.asked) == (1, [incident])


async def test_what_it_let_pass_is_counted_with_how_late_it_was_and_said_of_all_workers(
    scene: Scene, passing: Passing
) -> None:
    acts = SecondClockActs(scene.log)
    assert await acts.lately() is None
    async with ticking(scene, passing):
        await due_soon(scene)
        async with asyncio.timeout(A_WHILE_S * 5):
            while (seen := await acts.lately()) is None:
                await asyncio.sleep(0.05)
    assert seen.deadlines == len(passing.late_s) == 1
    assert GRACE.total_seconds() <= seen.late_s == max(passing.late_s) < A_WHILE_S * 5
    await acts.keep(2, 0.75)
    both = await acts.lately()
    assert both is not None
    assert (both.deadlines, both.late_s) == (3, max(seen.late_s, 0.75))


async def test_what_was_let_pass_long_ago_is_not_said_and_is_forgotten_some_day(
    database: Database, scene: Scene
) -> None:
    acts = SecondClockActs(scene.log)
    await acts.keep(2, 0.75)
    await execute(database.owner_dsn, AGE.format(LATELY))
    assert await acts.lately() is None
    await execute(database.owner_dsn, AGE.format(KEPT_FOR))
    await acts.keep(1, 0.5)
    assert [row["kept"] for row in await scene.log.fetch(ROWS)] == [1]


async def test_it_needs_no_word_of_a_workflow_and_no_memory(scene: Scene, passing: Passing) -> None:
    incidents = [await due_soon(scene) for _ in range(5)]
    await asyncio.sleep(A_WHILE_S)
    async with ticking(scene, passing):
        await asyncio.sleep(A_WHILE_S)
    assert [await missed(scene, incident) for incident in incidents] == [1] * 5


async def test_what_temporal_said_is_not_said_again(scene: Scene, passing: Passing) -> None:
    async with ticking(scene, passing):
        incident = await due_soon(scene)
        stands = await passing.record.standing(incident)
        assert stands.next_deadline
        await asyncio.sleep(SOON.total_seconds())
        await passing.record.let_deadline_pass(incident, stands.next_deadline)
        await asyncio.sleep(A_WHILE_S)
    assert (await missed(scene, incident), passing.asked) == (1, [])


async def test_a_duty_that_was_answered_does_not_pass(scene: Scene, passing: Passing) -> None:
    async with ticking(scene, passing):
        incident = await due_soon(scene, post="guide")
        await scene.ask(incident, AcknowledgeTask(task="call"), CAI)
        await asyncio.sleep(A_WHILE_S)
    assert (await missed(scene, incident), passing.asked) == (0, [])


async def test_emergencies_go_before_exercises(
    scene: Scene, passing: Passing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second_clock, "AT_ONCE_MAX", 1)
    for _ in range(4):
        await due_soon(scene, Mode.EXERCISE)
    live = await due_soon(scene)
    await asyncio.sleep(A_WHILE_S)
    async with ticking(scene, passing):
        await asyncio.sleep(A_WHILE_S)
    assert passing.asked[0] == live
    assert len(set(passing.asked)) == 5


async def test_a_log_that_is_away_is_asked_again_after_a_pause(
    scene: Scene, passing: Passing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second_clock, "AGAIN_S", 1.0)
    passing.log_is_away = True
    async with ticking(scene, passing):
        incident = await due_soon(scene)
        await asyncio.sleep(A_WHILE_S)
        assert 1 <= len(passing.asked) <= 2
        passing.log_is_away = False
        await asyncio.sleep(A_WHILE_S)
    assert await missed(scene, incident) == 1


async def test_a_deadline_that_stays_armed_is_no_circle(scene: Scene, passing: Passing) -> None:
    passing.nothing_passes = True
    async with ticking(scene, passing):
        incident = await due_soon(scene)
        await asyncio.sleep(2 * A_WHILE_S)
    assert passing.asked == [incident]
    assert (passing.late_s, await SecondClockActs(scene.log).lately()) == ([], None)


async def test_what_was_taken_up_and_stays_late_keeps_no_other_waiting(
    scene: Scene, passing: Passing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second_clock, "TAKEN_UP_MAX", 2)
    passing.nothing_passes = True
    incidents = [await due_soon(scene) for _ in range(6)]
    await asyncio.sleep(A_WHILE_S)
    async with ticking(scene, passing):
        await asyncio.sleep(A_WHILE_S + 1.0)
    assert sorted(passing.asked) == sorted(incidents)
