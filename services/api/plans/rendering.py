"""Plans as people read them: the handbook, the flowchart, the route maps."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from muster.v1.plan_service_pb2 import PlanRendering, PlanSheet, RenderPlanResponse

from compiler.handbook.book import Edition
from compiler.render import Rendering, rendered
from services.api.errors.failures import Failure, Violation
from services.api.plans.selection import selected_plan
from services.runtime.clocks import clocks

if TYPE_CHECKING:
    from domain.plan.model.plan import Plan
    from eventstore.log.log import Log
    from services.api.interceptors.chain import Call

WANTED = {
    PlanRendering.PLAN_RENDERING_HANDBOOK: Rendering.HANDBOOK,
    PlanRendering.PLAN_RENDERING_FLOWCHART: Rendering.FLOWCHART,
    PlanRendering.PLAN_RENDERING_MERMAID: Rendering.MERMAID,
    PlanRendering.PLAN_RENDERING_MAPS: Rendering.MAPS,
}


class PlanRenderer:
    """Draws plans; addresses of people are never in what it makes."""

    def __init__(self, log: Log) -> None:
        self._log = log

    async def render(self, request: Any, call: Call) -> RenderPlanResponse:
        """Make what is wanted of a plan, in the language of the caller."""
        wanted = WANTED.get(request.wanted)
        if wanted is None:
            raise Failure("FIELD_INVALID", violations=[Violation.of("wanted", "missing")])
        plan = await selected_plan(self._log, request, "text")
        edition = Edition(call.language, clocks.now().date(), _venue(request, plan))
        sheets = await asyncio.to_thread(rendered, plan, wanted, edition)
        return RenderPlanResponse(sheets=[PlanSheet(**one._asdict()) for one in sheets])


def _venue(request: Any, plan: Plan) -> str | None:
    if request.venue and request.venue not in {venue.id for venue in plan.venues}:
        raise Failure("FIELD_INVALID", violations=[Violation.of("venue", "venue")])
    return request.venue or None
