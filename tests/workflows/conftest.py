"""A real Temporal server whose time can be skipped, and incidents that live on it."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowQueryFailedError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import TimeSkippingConfig, WorkflowEnvironment
from temporalio.worker import Worker

from eventstore.log.log import Log
from services.local.temporal import SETTINGS
from services.runtime.settings.settings import Worker as Queues
from services.runtime.temporal.task_queues import activity_queue, workflow_queue
from services.runtime.temporal.workflow_starter import WorkflowStarter, workflow_id
from tests.processes import STARTED
from tests.workflows.case import Case
from tests.workflows.world import World
from workflows.converter import DATA_CONVERTER
from workflows.incident import IncidentWorkflow
from workflows.sandbox import CHECKED, WORKFLOWS
from workflows.search_attributes import SEARCH_ATTRIBUTES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from temporalio.client import WorkflowHandle

    from domain.incident.obligations.obligations import WorkflowView
    from domain.values import Phase
    from tests.conftest import Database

PATIENCE_S = 15.0
LOOK_S = 0.02

EVENTS_OF_A_RUN = 60
"""After which the server suggests to continue as new; 4,096 by default."""

FLAGS = {
    "frontend.WorkflowPauseEnabled": True,
    "frontend.WorkflowTimeSkippingEnabled": True,
    "limit.historyCount.suggestContinueAsNew": EVENTS_OF_A_RUN,
    "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute": 2,
    **SETTINGS,
}


async def start_temporal(**more: int) -> WorkflowEnvironment:
    """Start a server that knows nothing, with further limits of the service `history`."""
    sys.audit(STARTED, "temporal")
    flags = FLAGS | {f"history.{name}": limit for name, limit in more.items()}
    return await WorkflowEnvironment.start_time_skipping_v2(
        ts_config=TimeSkippingConfig(enabled=False),
        dev_server_existing_path=str(Path(sys.executable).parent / "temporal"),
        dev_server_log_level="error",
        dev_server_extra_args=[
            word
            for name, value in flags.items()
            for word in ("--dynamic-config-value", f"{name}={json.dumps(value)}")
        ],
        data_converter=DATA_CONVERTER,
        search_attributes=SEARCH_ATTRIBUTES,
    )


@pytest.fixture
async def log(database: Database) -> AsyncIterator[Log]:
    opened = await Log.open(database.dsn)
    yield opened
    await opened.close()


@pytest.fixture
async def case(log: Log) -> Case:
    made = Case(log)
    await made.publish()
    return made


@pytest.fixture(scope="session")
async def temporal() -> AsyncIterator[WorkflowEnvironment]:
    """One server for all tests."""
    async with await start_temporal() as environment:
        yield environment


async def eventually(
    look: Callable[[], Any | Awaitable[Any]], patience_s: float = PATIENCE_S
) -> Any:
    """Wait until something is so, and return what was seen."""
    until = time.monotonic() + patience_s
    while True:
        seen = look()
        if asyncio.iscoroutine(seen):
            seen = await seen
        if seen or time.monotonic() > until:
            assert seen, "it did not come about"
            return seen
        await asyncio.sleep(LOOK_S)


class Stage:
    """Queues of one test's own, and whoever works on them."""

    def __init__(self, temporal: WorkflowEnvironment, cached: int) -> None:
        self.temporal = temporal
        self.client = temporal.client
        self.queues = Queues(task_queue=f"incidents-{uuid4()}", hands_queue=f"hands-{uuid4()}")
        self.lives = WorkflowStarter(self.client, self.queues)
        self.cached = cached

    @asynccontextmanager
    async def worker(self, activities: Sequence[Callable[..., Any]]) -> AsyncIterator[None]:
        """Work on both queues."""
        hands = Worker(
            self.client,
            task_queue=activity_queue(self.queues),
            activities=activities,
            max_heartbeat_throttle_interval=timedelta(seconds=1),
        )
        workflows = Worker(
            self.client,
            task_queue=workflow_queue(self.queues),
            workflows=WORKFLOWS,
            activities=activities,
            workflow_runner=CHECKED,
            max_cached_workflows=self.cached,
        )
        async with hands, workflows:
            yield

    def life(self, incident: str) -> WorkflowHandle[IncidentWorkflow, Any]:
        """Return the latest run of an incident's life."""
        return self.client.get_workflow_handle_for(IncidentWorkflow.run, workflow_id(incident))

    async def run_of(self, incident: str) -> str:
        """Return which run an incident's life is in."""
        return (await self.life(incident).describe()).run_id

    async def standing(self, incident: str) -> WorkflowView:
        """Ask a workflow what it knows."""
        return await self.life(incident).query(IncidentWorkflow.standing)

    async def _seen(self, incident: str) -> WorkflowView | None:
        """Ask a workflow what it knows; one that goes on in a new run can't answer for a moment.

        What was asked of the old run just as it ended may be played on half of its history, which
        its client calls nondeterminism; a workflow that is wrong stays so.
        """
        try:
            return await self.standing(incident)
        except WorkflowQueryFailedError:
            return None
        except RPCError as error:
            if error.status is RPCStatusCode.FAILED_PRECONDITION:
                return None
            raise

    async def is_alive(self, incident: str) -> bool:
        """Tell whether an incident has a life that goes on."""
        try:
            told = await self.life(incident).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return told.status is WorkflowExecutionStatus.RUNNING

    async def stands(self, incident: str, phase: Phase) -> None:
        """Wait until a workflow knows of a phase."""

        async def seen() -> bool:
            standing = await self._seen(incident)
            return standing is not None and standing.phase is phase

        await eventually(seen)

    async def knows(self, incident: str, version: int) -> None:
        """Wait until a workflow has seen a version."""

        async def seen() -> bool:
            standing = await self._seen(incident)
            return standing is not None and standing.version >= version

        await eventually(seen)


@pytest.fixture(params=[0, 100], ids=["replaying", "cached"])
def stage(temporal: WorkflowEnvironment, request: pytest.FixtureRequest) -> Stage:
    """With a worker that replays for every task, and with one that remembers."""
    return Stage(temporal, request.param)


@pytest.fixture
def world() -> World:
    """Nothing happened yet."""
    return World()


@pytest.fixture
def incident() -> str:
    """Return a new incident's id."""
    return str(uuid4())
