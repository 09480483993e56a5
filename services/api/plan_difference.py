"""Two texts of plans, compared: kept ones, or such as somebody wrote."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from services.api.plan_meant import plan_meant
from services.plan_changes import compared

if TYPE_CHECKING:
    from muster.v1.plan_service_pb2 import DiffPlansResponse

    from eventstore.log import Log
    from services.api.edge import Call


class PlanDifference:
    """Answers what changes for whom."""

    def __init__(self, log: Log) -> None:
        self._log = log

    async def diff(self, request: Any, _: Call) -> DiffPlansResponse:
        """Say what changes from one text to another."""
        was = await plan_meant(self._log, request, "was")
        becomes = await plan_meant(self._log, request, "becomes")
        return await asyncio.to_thread(compared, was, becomes)
