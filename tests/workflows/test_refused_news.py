"""News that Temporal refuses keeps none from others, and comes once Temporal takes it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from temporalio import workflow

from domain.incident.warning import VerifyAlarm
from projections.checkpoints import Checkpoints
from services.follower.reconciler import Reconciler
from services.follower.relay import BOOKMARK, Relay
from services.follower.workflow_faults import Fault
from services.runtime import metrics
from tests.workflows.conftest import Stage, eventually, start_temporal
from tests.workflows.reconciliation import DRILL, Waits, other_program, run_of, running
from workflows.version import WORKFLOW_VERSION

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.conftest import Database
    from tests.workflows.case import Case

SIGNALS_MAX = 3
"""After which a run is told nothing more; 10,000 by default."""


@workflow.defn(name="Incident", sandboxed=False)
class Hears(Waits):
    """A run that says what it heard, and goes on in a new one when it is cancelled."""

    def __init__(self) -> None:
        self.heard = 0

    @workflow.run
    async def run(self, life: object) -> None:
        try:
            await workflow.sleep(timedelta(hours=1))
        except asyncio.CancelledError:
            workflow.continue_as_new(life)

    @workflow.signal
    def advanced(self, version: int) -> None:
        self.heard = version

    @workflow.query
    def version(self) -> int:
        return self.heard


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with await start_temporal(maximumSignalsPerExecution=SIGNALS_MAX) as temporal:
        stage = Stage(temporal, cached=100)
        async with other_program(stage, WORKFLOW_VERSION, Hears):
            yield stage


@pytest.fixture
async def bookmarks(database: Database) -> AsyncIterator[Checkpoints]:
    opened = await Checkpoints.open(database.dsn)
    yield opened
    await opened.close()


def refusals() -> float:
    (counter,) = metrics.REFUSED.collect()
    return {sample.name: sample.value for sample in counter.samples}[f"{counter.name}_total"]


async def full(stage: Stage, incident: str) -> None:
    """Tell a run as much as it may be told."""
    for _ in range(SIGNALS_MAX):
        await stage.lives.tell(incident, 0)
    assert not stage.lives.refused


async def goes_on(stage: Stage, incident: str) -> str:
    """Let a run that was told too much go on in a new one; return that."""
    before = (await run_of(stage, incident)).run_id
    await stage.life(incident).cancel()

    async def is_new() -> str:
        run = await run_of(stage, incident)
        return run.run_id if run.run_id != before and run.is_running else ""

    return str(await eventually(is_new))


async def test_refused_news_is_a_fault_until_temporal_takes_it(stage: Stage, case: Case) -> None:
    incident, before = str(uuid4()), refusals()
    version = (await case.ask(incident, DRILL)).version
    await full(stage, incident)
    await stage.lives.tell(incident, version)
    assert stage.lives.refused == {incident: version}
    assert refusals() == before + 1
    reconciler = Reconciler(case.log, stage.lives)
    for _ in range(2):
        assert (await reconciler.compare()).faults == {Fault.UNINFORMED: 1}
    run = await goes_on(stage, incident)
    assert (await reconciler.compare()).faults == {Fault.UNINFORMED: 1}
    assert not stage.lives.refused
    assert await stage.life(incident).query("version") == version
    assert (await reconciler.compare()).is_well
    assert (await run_of(stage, incident)).run_id == run


async def test_the_relay_goes_on_and_the_reconciler_brings_what_it_could_not(
    stage: Stage, case: Case, bookmarks: Checkpoints
) -> None:
    incident, other = str(uuid4()), str(uuid4())
    await case.ask(incident, DRILL)
    await full(stage, incident)
    relay = asyncio.create_task(Relay(case.log, stage.lives, bookmarks).run())
    last = await case.ask(incident, VerifyAlarm(genuine=True))
    heard_by_all = (await case.ask(other, DRILL)).position
    await eventually(lambda: _is_past(bookmarks, heard_by_all))
    assert stage.lives.refused == {incident: last.version}
    await goes_on(stage, incident)

    async def knows() -> bool:
        return bool(await stage.life(incident).query("version") >= last.version)

    async with running(Reconciler(case.log, stage.lives)):
        await eventually(knows)
    relay.cancel()
    await asyncio.gather(relay, return_exceptions=True)


async def _is_past(bookmarks: Checkpoints, position: int) -> bool:
    return await bookmarks.read_bookmark(BOOKMARK) >= position
