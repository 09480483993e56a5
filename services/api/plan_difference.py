"""Two texts of plans, compared: kept ones, or such as somebody wrote."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from services.api.failures import Failure, Violation
from services.api.plan_documents import inspected, shaped
from services.api.plan_texts import found, plan_of, texts_of
from services.plan_changes import compared

if TYPE_CHECKING:
    from muster.v1.plan_service_pb2 import DiffPlansResponse

    from domain.plan.model import Plan
    from eventstore.log import Log
    from services.api.edge import Call


class PlanDifference:
    """Answers what changes for whom."""

    def __init__(self, log: Log) -> None:
        self._log = log

    async def diff(self, request: Any, _: Call) -> DiffPlansResponse:
        """Say what changes from one text to another."""
        was, becomes = await self._text(request, "was"), await self._text(request, "becomes")
        return await asyncio.to_thread(compared, was, becomes)

    async def _text(self, request: Any, side: str) -> Plan:
        try:
            return await self._meant(getattr(request, side))
        except Failure as failure:
            raise failure.inside(side) from None

    async def _meant(self, text: Any) -> Plan:
        match text.WhichOneof("text"):
            case "kept":
                texts = await texts_of(self._log, plan_of(text.kept))
                return found(texts, text.kept).plan
            case "document":
                return shaped(await inspected(text.document))
            case _:
                raise Failure("FIELD_INVALID", violations=[Violation.of("kept", "missing")])
