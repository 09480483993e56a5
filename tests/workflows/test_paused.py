"""Somebody pauses a workflow as a whole: its incident's deadlines pass all the same."""

from __future__ import annotations

from uuid import uuid4

import pytest
from temporalio.api.workflowservice.v1 import PauseWorkflowExecutionRequest

from domain.values import Phase
from services.api.errors.failures import Failure
from services.api.queries.workflow_queries import WorkflowQueries
from services.follower.reconciler import Reconciler
from services.follower.workflow_faults import Fault
from tests.workflows.case import Case
from tests.workflows.conftest import Stage, eventually
from tests.workflows.reconciliation import (
    listed,
    open_incidents,
    passed,
    run_of,
    running,
    stage,
)
from workflows.version import WORKFLOW_VERSION

__all__ = ["stage"]


async def begun(stage: Stage, case: Case, count: int) -> list[str]:
    incidents = await open_incidents(case, count)
    for incident in incidents:
        await stage.lives.begin(incident)
        await stage.stands(incident, Phase.NORMAL)
    await listed(stage, incidents)
    return incidents


async def paused(stage: Stage, incident: str) -> str:
    """Pause the workflow of an incident; return its run."""
    run = await run_of(stage, incident)
    await stage.client.workflow_service.pause_workflow_execution(
        PauseWorkflowExecutionRequest(
            namespace=stage.client.namespace,
            workflow_id=stage.life(incident).id,
            run_id=run.run_id,
            identity="an operator",
            reason="to look at it",
            request_id=str(uuid4()),
        )
    )
    return run.run_id


async def test_a_paused_workflow_begins_anew_and_hides_no_other(stage: Stage, case: Case) -> None:
    async with stage.worker(case.activities):
        incidents = await begun(stage, case, 3)
        before = await paused(stage, incidents[1])
        assert (await run_of(stage, incidents[1])).is_paused
        await eventually(lambda: _is_found(stage, case))
        await stage.stands(incidents[1], Phase.NORMAL)
        after = await run_of(stage, incidents[1])
        assert (after.is_running, after.is_paused, after.version) == (True, False, WORKFLOW_VERSION)
        assert after.run_id != before
        async with running(Reconciler(case.log, stage.lives)):
            await passed(case, incidents)


async def _is_found(stage: Stage, case: Case) -> bool:
    return (await Reconciler(case.log, stage.lives).compare()).faults == {Fault.PAUSED: 1}


async def test_a_paused_workflow_is_said_to_be_away(stage: Stage, case: Case) -> None:
    reached = WorkflowQueries(stage.client)
    async with stage.worker(case.activities):
        (incident,) = await begun(stage, case, 1)
        assert (await reached.ask(incident)).standing.phase is Phase.NORMAL
        run = await paused(stage, incident)
        with pytest.raises(Failure) as told:
            await reached.ask(incident)
        workflow = stage.client.get_workflow_handle(stage.life(incident).id, run_id=run)
        await workflow.terminate()  # the client can list none while one is paused
    assert told.value.reason == "WORKFLOW_UNAVAILABLE"
