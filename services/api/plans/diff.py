"""Two texts of plans, compared: kept ones, or such as somebody wrote."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from services.api.messages.plan_diff import compared
from services.api.plans.selection import selected_plan

if TYPE_CHECKING:
    from muster.v1.plan_service_pb2 import DiffPlansResponse

    from eventstore.log.log import Log
    from services.api.interceptors.chain import Call


class PlanDiff:
    """Answers what changes for whom."""

    def __init__(self, log: Log) -> None:
        self._log = log

    async def diff(self, request: Any, _: Call) -> DiffPlansResponse:
        """Say what changes from one text to another."""
        was = await selected_plan(self._log, request, "was")
        becomes = await selected_plan(self._log, request, "becomes")
        return await asyncio.to_thread(compared, was, becomes)
