"""A fault that no list of workflows shows is found among many in the first comparison."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import PauseActivityRequest

from services.follower.reconciler import Reconciler
from services.follower.workflow_faults import Fault
from services.runtime.temporal.workflow_starter import workflow_id
from tests.workflows.conftest import Stage, eventually, start_temporal
from tests.workflows.reconciliation import Asks, listed, open_incidents, other_program, run_of
from workflows.version import WORKFLOW_VERSION

if TYPE_CHECKING:
    from tests.workflows.case import Case

MANY = 320


async def test_a_paused_activity_is_found_among_hundreds(case: Case) -> None:
    incidents = sorted(await open_incidents(case, MANY))
    last = incidents[-1]
    async with await start_temporal() as empty:
        stage = Stage(empty, cached=MANY)
        async with other_program(stage, WORKFLOW_VERSION, Asks) as program:
            await asyncio.gather(*map(program.begin, incidents))
            await eventually(lambda: _is_asking(stage, last))
            await listed(stage, incidents)
            run = WorkflowExecution(
                workflow_id=workflow_id(last), run_id=(await run_of(stage, last)).run_id
            )
            await stage.client.workflow_service.pause_activity(
                PauseActivityRequest(namespace=stage.client.namespace, execution=run, id="1")
            )
            found = await Reconciler(case.log, stage.lives).compare()
    assert (found.open, found.running, found.faults) == (MANY, MANY, {Fault.PAUSED: 1})


async def _is_asking(stage: Stage, incident: str) -> bool:
    return bool((await stage.life(incident).describe()).raw_description.pending_activities)
