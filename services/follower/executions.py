"""What Temporal says of the workflows of incidents, and of who works on their queues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import PendingActivityState, TaskQueueType, WorkflowExecutionStatus
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    DescribeWorkflowExecutionRequest,
    ListWorkflowExecutionsRequest,
)
from temporalio.service import RPCError, RPCStatusCode

from services.runtime.clocks import clocks
from services.runtime.temporal.task_queues import UNVERSIONED
from services.runtime.temporal.workflow_starter import VERSION_MEMO, WORKFLOW_ID_PREFIX, workflow_id

if TYPE_CHECKING:
    from temporalio.api.common.v1 import Memo
    from temporalio.api.workflow.v1 import WorkflowExecutionInfo
    from temporalio.client import Client

PAGE_RUNS = 1_000
"""Visibility answers ten requests a second for everybody; so each asks for much."""

POLL_AGE_S_MAX = 70.0
"""A worker that polled longer ago is gone: a poll that finds nothing lasts a minute."""

STUCK_ATTEMPTS: Final = 3
"""A workflow task that is tried so often has failed for ten seconds; a sound one never is."""

RUNNING_INCIDENTS: Final = "WorkflowType = 'Incident' AND ExecutionStatus = 'Running'"
PROBLEMS: Final = "TemporalReportedProblems"
"""Set by the server on runs whose workflow task fails again and again."""


class Run(NamedTuple):
    """The latest run of an incident's workflow."""

    incident: str
    run_id: str
    queue: str
    version: int
    """Of the workflow's code that it was started for."""
    status: int
    """A `WorkflowExecutionStatus`."""
    is_paused: bool = False
    """Somebody paused it, or an activity of it."""
    is_failing: bool = False
    """Its workflow task fails, again and again."""

    @property
    def is_running(self) -> bool:
        """Tell whether it goes on, or would."""
        return self.status in _OPEN

    @property
    def is_completed(self) -> bool:
        """Tell whether it came to its end in order."""
        return self.status == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED


async def list_running(client: Client) -> dict[str, Run]:
    """Return the runs that visibility calls running, by incident. It lags behind by a second."""
    runs: dict[str, Run] = {}
    request = ListWorkflowExecutionsRequest(
        namespace=client.namespace, page_size=PAGE_RUNS, query=RUNNING_INCIDENTS
    )
    while True:
        page = await client.workflow_service.list_workflow_executions(request, retry=True)
        for info in page.executions:
            run = _run(info)
            runs[run.incident] = run._replace(
                is_failing=PROBLEMS in info.search_attributes.indexed_fields
            )
        if not page.next_page_token:
            return runs
        request.next_page_token = page.next_page_token


async def describe(client: Client, incident: str) -> Run | None:
    """Return the latest run of an incident as it is right now; None if there is none."""
    request = DescribeWorkflowExecutionRequest(
        namespace=client.namespace,
        execution=WorkflowExecution(workflow_id=workflow_id(incident)),
    )
    try:  # raw, since the client can't read the state of a paused workflow
        answer = await client.workflow_service.describe_workflow_execution(request, retry=True)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    status = answer.workflow_execution_info.status
    return _run(answer.workflow_execution_info)._replace(
        is_paused=status == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_PAUSED
        or any(one.paused or one.state in _PAUSED for one in answer.pending_activities),
        is_failing=answer.pending_workflow_task.attempt >= STUCK_ATTEMPTS,
    )


async def is_attended(client: Client, queue: str) -> bool:
    """Tell whether a worker takes workflow tasks from a queue."""
    answer = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        ),
        retry=True,
    )
    polled = [one.last_access_time.ToNanoseconds() / 1e9 for one in answer.pollers]
    return bool(polled) and clocks.now().timestamp() - max(polled) < POLL_AGE_S_MAX


_OPEN = frozenset(
    {
        WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING,
        WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_PAUSED,
    }
)
_PAUSED = frozenset(
    {
        PendingActivityState.PENDING_ACTIVITY_STATE_PAUSED,
        PendingActivityState.PENDING_ACTIVITY_STATE_PAUSE_REQUESTED,
    }
)


def _run(info: WorkflowExecutionInfo) -> Run:
    return Run(
        incident=info.execution.workflow_id.removeprefix(WORKFLOW_ID_PREFIX),
        run_id=info.execution.run_id,
        queue=info.task_queue,
        version=_version(info.memo),
        status=info.status,
    )


def _version(memo: Memo) -> int:
    """Return the version that a run was started with; plain JSON, whatever wrote it."""
    payload = memo.fields.get(VERSION_MEMO)
    return int(payload.data) if payload is not None else UNVERSIONED
