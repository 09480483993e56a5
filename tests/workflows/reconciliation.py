"""Incidents whose workflows are to be reconciled, and programs of other versions."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from temporalio import workflow
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from domain.incident.warning import ReportAlarm
from domain.values import Mode
from services.follower import executions
from services.follower.reconciler import Reconciler
from services.runtime.temporal.workflow_starter import WorkflowStarter
from tests.workflows.case import ALARM, Case
from tests.workflows.conftest import Stage, eventually
from workflows.version import WORKFLOW_VERSION

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from temporalio.testing import WorkflowEnvironment


OLDER, NEWER = WORKFLOW_VERSION - 1, WORKFLOW_VERSION + 1
PACE = 20.0
"""At which three minutes to verify an alarm last nine seconds."""


DRILL = ReportAlarm(**ALARM.model_dump() | {"mode": Mode.EXERCISE, "pace": PACE})


MENDED_WITHIN_S = 30.0


@workflow.defn(name="Incident", sandboxed=False)
class Waits:
    """The workflow as another program had it: what it does next, ours does not."""

    @workflow.run
    async def run(self, _: object) -> None:
        await workflow.sleep(timedelta(hours=1))

    @workflow.signal
    def advanced(self, _: int) -> None: ...


@workflow.defn(name="Incident", sandboxed=False)
class Asks(Waits):
    """One whose activity nobody does."""

    @workflow.run
    async def run(self, _: object) -> None:
        patience = timedelta(hours=1)
        await workflow.execute_activity("nobody", start_to_close_timeout=patience)


@pytest.fixture
def stage(temporal: WorkflowEnvironment) -> Stage:
    return Stage(temporal, cached=1_000)


@asynccontextmanager
async def other_program(
    stage: Stage, version: int, kind: type = Waits
) -> AsyncIterator[WorkflowStarter]:
    """Work as a program does that has the workflow in another version."""
    lives = WorkflowStarter(stage.client, stage.queues, version)
    runner = UnsandboxedWorkflowRunner()
    async with Worker(
        stage.client, task_queue=lives.queue, workflows=[kind], workflow_runner=runner
    ):
        yield lives


@asynccontextmanager
async def running(*reconcilers: Reconciler) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(one.run()) for one in reconcilers]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def open_incidents(case: Case, count: int, alarm: ReportAlarm = DRILL) -> list[str]:
    incidents = [str(uuid4()) for _ in range(count)]
    await asyncio.gather(*(case.ask(incident, alarm) for incident in incidents))
    return incidents


async def passed(case: Case, incidents: Sequence[str]) -> None:
    """See that the deadline of each passed, once."""

    async def all_of_them() -> bool:
        return all(["ResponseActivated" in await case.kinds(one) for one in incidents])

    await eventually(all_of_them, patience_s=MENDED_WITHIN_S + 180 / PACE)
    counts = [Counter(await case.kinds(one)) for one in incidents]
    assert {count["AlarmLeftUnverified"] for count in counts} == {1}
    assert {count["ResponseActivated"] for count in counts} == {1}


async def run_of(stage: Stage, incident: str) -> executions.Run:
    found = await executions.describe(stage.client, incident)
    assert found is not None
    return found


async def listed(stage: Stage, incidents: Sequence[str]) -> None:
    """Wait until visibility knows of runs."""

    async def seen() -> bool:
        return set(incidents) <= (await executions.list_running(stage.client)).keys()

    await eventually(seen)
