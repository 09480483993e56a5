"""What changes from one text of a plan to another, over the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from muster.v1.plan_service_pb2 import (
    PLAN_TOPIC_DEADLINE,
    DiffPlansRequest,
    PlanDocument,
    PlanPlace,
    PlanText,
)

from tests.api.conftest import PLAN
from tests.api.errors import refused
from tests.api.test_plan_approval import drafted
from tests.api.test_plans import NEXT, TYPO

if TYPE_CHECKING:
    from tests.api.conftest import Service

SOONER = NEXT.replace("acknowledge_within: 3 min", "acknowledge_within: 2 min", 1)
IN_FORCE = PlanText(kept=PlanPlace(plan=PLAN))
WRITTEN = PlanText(document=PlanDocument(yaml=SOONER))


async def test_a_draft_is_compared_with_what_is_in_force(service: Service) -> None:
    draft = await drafted(service, SOONER)
    operator = await service.client("operator")
    last = PlanText(kept=PlanPlace(plan=PLAN, last_draft=True))
    told = await operator.plans.DiffPlans(DiffPlansRequest(was=IN_FORCE, becomes=last))
    assert (told.was.version, told.becomes) == (1, draft.plan)
    (change,) = told.changes
    assert change.topic == PLAN_TOPIC_DEADLINE
    assert list(change.people)
    assert (change.was.en, change.becomes.en) == ("3 min", "2 min")
    assert [one.locale for one in change.what] == ["zh", "en"]
    assert change.what[0].message.endswith("确认时限 3 min → 2 min")


async def test_a_text_that_nobody_handed_in_is_compared_too(service: Service) -> None:
    operator = await service.client("operator")
    told = await operator.plans.DiffPlans(DiffPlansRequest(was=WRITTEN, becomes=IN_FORCE))
    assert [(one.was.en, one.becomes.en) for one in told.changes] == [("2 min", "3 min")]


async def test_two_texts_that_say_the_same_differ_in_nothing(service: Service) -> None:
    operator = await service.client("operator")
    told = await operator.plans.DiffPlans(DiffPlansRequest(was=IN_FORCE, becomes=IN_FORCE))
    assert list(told.changes) == []


@pytest.mark.parametrize(
    ("becomes", "field"),
    [
        (PlanText(), "becomes.kept"),
        (PlanText(kept=PlanPlace(plan=PLAN, draft=-1)), "becomes.draft"),
        (PlanText(kept=PlanPlace()), "becomes.plan"),
    ],
)
async def test_a_text_must_be_named(service: Service, becomes: PlanText, field: str) -> None:
    operator = await service.client("operator")
    async with refused() as told:
        await operator.plans.DiffPlans(DiffPlansRequest(was=IN_FORCE, becomes=becomes))
    assert (told.reason, [*told.fields]) == ("FIELD_INVALID", [field])


@pytest.mark.parametrize(
    ("becomes", "reason"),
    [
        (PlanText(kept=PlanPlace(plan=PLAN, draft=9)), "PLAN_DRAFT_UNKNOWN"),
        (PlanText(kept=PlanPlace(plan="nothing")), "PLAN_UNKNOWN"),
    ],
)
async def test_a_text_that_there_is_not_is_refused(
    service: Service, becomes: PlanText, reason: str
) -> None:
    operator = await service.client("operator")
    async with refused() as told:
        await operator.plans.DiffPlans(DiffPlansRequest(was=IN_FORCE, becomes=becomes))
    assert told.reason == reason


async def test_what_has_not_a_plan_s_shape_can_t_be_compared(service: Service) -> None:
    operator = await service.client("operator")
    typo = PlanText(document=PlanDocument(yaml=TYPO))
    async with refused() as told:
        await operator.plans.DiffPlans(DiffPlansRequest(was=IN_FORCE, becomes=typo))
    assert told.reason == "PLAN_INVALID"
    assert all(field.startswith("becomes.document") for field in told.fields)
