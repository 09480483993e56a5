"""Plans as people read them, over the wire: the handbook, the flowchart, the route maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from muster.v1.plan_service_pb2 import (
    PLAN_RENDERING_FLOWCHART,
    PLAN_RENDERING_HANDBOOK,
    PLAN_RENDERING_MAPS,
    PLAN_RENDERING_MERMAID,
    PlanDocument,
    PlanPlace,
    PlanRendering,
    PlanText,
    RenderPlanRequest,
)

from compiler.driver import shipped
from tests.api.conftest import PLAN
from tests.api.errors import refused
from tests.api.test_plans import TYPO

if TYPE_CHECKING:
    from tests.api.conftest import Service

IN_FORCE = PlanText(kept=PlanPlace(plan=PLAN))
METRO = PlanText(document=PlanDocument(yaml=shipped()["metro-station"]))
NO_SUCH: Any = 99
ENGLISH, CHINESE = (("accept-language", one) for one in ("en", "zh"))


async def test_the_handbook_of_the_plan_in_force_is_one_page(service: Service) -> None:
    operator = await service.client("operator")
    request = RenderPlanRequest(text=IN_FORCE, wanted=PLAN_RENDERING_HANDBOOK)
    answer = await operator.plans.RenderPlan(request, metadata=[CHINESE])
    (sheet,) = answer.sheets
    assert sheet.media_type == "text/html; charset=utf-8"
    assert '<html lang="zh-CN">' in sheet.content
    assert sheet.content.rstrip().endswith("</html>")


async def test_a_text_that_nobody_handed_in_is_drawn_too(service: Service) -> None:
    operator = await service.client("operator")
    request = RenderPlanRequest(text=METRO, wanted=PLAN_RENDERING_MAPS)
    answer = await operator.plans.RenderPlan(request, metadata=[ENGLISH])
    names = [sheet.name for sheet in answer.sheets]
    assert "central-square-basement-1" in names
    assert [name for name in names if "without" in name]
    assert {sheet.media_type for sheet in answer.sheets} == {"image/svg+xml"}
    assert all(sheet.content.startswith("<svg ") for sheet in answer.sheets)


@pytest.mark.parametrize(
    ("wanted", "begins"),
    [(PLAN_RENDERING_FLOWCHART, "<svg "), (PLAN_RENDERING_MERMAID, "flowchart TD")],
)
async def test_the_flowchart_comes_drawn_and_as_text(
    service: Service, wanted: PlanRendering.ValueType, begins: str
) -> None:
    operator = await service.client("operator")
    request = RenderPlanRequest(text=IN_FORCE, wanted=wanted)
    (sheet,) = (await operator.plans.RenderPlan(request)).sheets
    assert sheet.content.startswith(begins)


@pytest.mark.parametrize(
    ("request_", "reason", "field"),
    [
        (RenderPlanRequest(text=IN_FORCE), "FIELD_INVALID", "wanted"),
        (RenderPlanRequest(text=IN_FORCE, wanted=NO_SUCH), "FIELD_INVALID", "wanted"),
        (RenderPlanRequest(wanted=PLAN_RENDERING_MAPS), "FIELD_INVALID", "text.kept"),
        (
            RenderPlanRequest(text=IN_FORCE, wanted=PLAN_RENDERING_MAPS, venue="moon"),
            "FIELD_INVALID",
            "venue",
        ),
        (
            RenderPlanRequest(
                text=PlanText(document=PlanDocument(yaml=TYPO)), wanted=PLAN_RENDERING_MAPS
            ),
            "PLAN_INVALID",
            "text.document",
        ),
    ],
)
async def test_what_can_t_be_drawn_is_said_to_be_so(
    service: Service, request_: RenderPlanRequest, reason: str, field: str
) -> None:
    operator = await service.client("operator")
    async with refused() as told:
        await operator.plans.RenderPlan(request_)
    assert told.reason == reason
    assert all(one.startswith(field) for one in told.fields)
