"""Workflows of incidents: started, nudged with the log's position, and restarted from the log."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from domain.values import Mode
from services.runtime import metrics
from services.runtime.temporal.client import pauses
from services.runtime.temporal.task_queues import activity_queue, workflow_queue
from workflows.incident import IncidentWorkflow
from workflows.ports import WorkflowInput, clock_priority
from workflows.version import WORKFLOW_VERSION

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from temporalio.client import Client

    from services.runtime.settings.settings import Worker

AT_ONCE_MAX = 64
"""Incidents that are told at once."""

POISON: Final = frozenset({RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.FAILED_PRECONDITION})
"""Answers that asking again won't change. One incident must not keep news from all others."""

WORKFLOW_ID_PREFIX: Final = "incident/"
VERSION_MEMO: Final = "MusterWorkflowVersion"
"""Where a run says for which version of the workflow's code it was started."""

log = structlog.get_logger()


def workflow_id(incident: str) -> str:
    """Return by which id Temporal knows an incident."""
    return f"{WORKFLOW_ID_PREFIX}{incident}"


class WorkflowStarter:
    """Tells workflows what happened, and begins those that don't live yet."""

    def __init__(self, client: Client, worker: Worker, version: int = WORKFLOW_VERSION) -> None:
        self.client = client
        self.version = version
        self.queue = workflow_queue(worker, version)
        self._activity_queue = activity_queue(worker, version)
        self._free = asyncio.Semaphore(AT_ONCE_MAX)
        self.refused: dict[str, int] = {}
        """Versions of which Temporal refused the news, by incident: its run may not know of it."""

    async def tell_all(
        self, advances: Mapping[str, int], exercises: Container[str] = frozenset()
    ) -> None:
        """Tell each incident its version; return once Temporal has taken all of it."""
        async with asyncio.TaskGroup() as telling:
            for incident, version in advances.items():
                mode = Mode.EXERCISE if incident in exercises else Mode.LIVE
                telling.create_task(self.tell(incident, version, mode))

    async def tell(self, incident: str, version: int, mode: Mode = Mode.LIVE) -> None:
        """Tell an incident its version, however long Temporal is away.

        One that Temporal refuses is noted, and left to the next comparison with the log.
        """
        reuse = WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY
        async with self._free:
            for pause in pauses():
                try:
                    await self._signal(incident, version, reuse, mode)
                except WorkflowAlreadyStartedError:
                    log.debug("its life is over", incident=incident)
                    self.refused.pop(incident, None)
                    return
                except RPCError as error:
                    if error.status in POISON:
                        log.exception("not told", incident=incident, version=version)
                        self.refused[incident] = version
                        metrics.refused()
                        return
                    log.warning("temporal takes no news", because=str(error), retry_in_s=pause)
                else:
                    return
                await asyncio.sleep(pause)

    async def begin(self, incident: str, mode: Mode = Mode.LIVE, version: int = 0) -> None:
        """Start the workflow of an incident, whatever became of the last. Raises RPCError.

        One that runs by now is only nudged: another follower was first. One whose mode is not known
        goes with the live ones.
        """
        async with self._free:
            await self._signal(incident, version, WorkflowIDReusePolicy.ALLOW_DUPLICATE, mode)

    async def replace(self, incident: str, run_id: str, reason: str, mode: Mode) -> None:
        """End exactly this run, and start the workflow anew from the log. Raises RPCError.

        Not in one step, which would end whatever runs by then. Whoever is cut off in between
        leaves an incident without a run, which the next comparison finds.
        """
        old = self.client.get_workflow_handle(workflow_id(incident), run_id=run_id)
        async with self._free:
            try:
                await old.terminate(reason=reason)
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise
                return  # it ended by itself, or another follower has replaced it
        await self.begin(incident, mode)

    async def _signal(
        self, incident: str, version: int, reuse: WorkflowIDReusePolicy, mode: Mode
    ) -> None:
        """Nudge a workflow, or start it with the priority of its mode."""
        await self.client.start_workflow(
            IncidentWorkflow.run,
            WorkflowInput(incident=incident, hands_queue=self._activity_queue),
            id=workflow_id(incident),
            task_queue=self.queue,
            id_reuse_policy=reuse,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            memo={VERSION_MEMO: self.version},
            priority=clock_priority(mode),
            start_signal="advanced",
            start_signal_args=[version],
        )
        if version >= self.refused.get(incident, 0):
            self.refused.pop(incident, None)
