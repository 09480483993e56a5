"""Incidents' lives in Temporal: begun, and told how far the log is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from services.temporal_client import pauses
from workflows.incident import IncidentWorkflow
from workflows.ports import Life

if TYPE_CHECKING:
    from collections.abc import Mapping

    from temporalio.client import Client

    from services.settings import Worker

AT_ONCE_MAX = 64
"""Incidents that are told at once."""

POISON: Final = frozenset({RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.FAILED_PRECONDITION})
"""Answers that asking again won't change. One incident must not keep news from all others."""

log = structlog.get_logger()


def workflow_id(incident: str) -> str:
    """Return by which id Temporal knows an incident."""
    return f"incident/{incident}"


class Lives:
    """Tells workflows what happened, and begins those that don't live yet."""

    def __init__(self, client: Client, worker: Worker) -> None:
        self._client = client
        self._worker = worker
        self._free = asyncio.Semaphore(AT_ONCE_MAX)

    async def tell_all(self, advances: Mapping[str, int]) -> None:
        """Tell each incident its version; return once Temporal has taken all of it."""
        async with asyncio.TaskGroup() as telling:
            for incident, version in advances.items():
                telling.create_task(self.tell(incident, version))

    async def tell(self, incident: str, version: int) -> None:
        """Tell an incident its version, however long Temporal is away."""
        async with self._free:
            for pause in pauses():
                try:
                    await self._signal(incident, version)
                except RPCError as error:
                    if error.status in POISON:
                        log.exception("not told", incident=incident, version=version)
                        return
                    log.warning("temporal takes no news", because=str(error), retry_in_s=pause)
                else:
                    return
                await asyncio.sleep(pause)

    async def _signal(self, incident: str, version: int) -> None:
        try:
            await self._client.start_workflow(
                IncidentWorkflow.run,
                Life(incident=incident, hands_queue=self._worker.hands_queue),
                id=workflow_id(incident),
                task_queue=self._worker.task_queue,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
                start_signal="advanced",
                start_signal_args=[version],
            )
        except WorkflowAlreadyStartedError:
            log.debug("its life is over", incident=incident)
