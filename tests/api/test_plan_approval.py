"""A plan's way into force over the wire: two people, steps in their order, and its history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
import pytest
from muster.v1 import plan_service_pb2
from muster.v1.plan_service_pb2 import (
    PLAN_STATE_APPROVED,
    PLAN_STATE_DRAFT,
    PLAN_STATE_EFFECTIVE,
    PLAN_STATE_RETURNED,
    PLAN_STATE_REVIEWED,
    PLAN_STATE_SUPERSEDED,
    PLAN_STATE_UNSPECIFIED,
    ApprovePlanRequest,
    GetPlanRequest,
    ListPlansRequest,
    PublishPlanRequest,
    ReturnPlanRequest,
    ReviewPlanRequest,
)

from services.client.client import context
from tests.api.conftest import PLAN, put_in_force
from tests.api.errors import refused
from tests.api.test_plans import NEXT, TEXT, TYPO, drafting, publishing

if TYPE_CHECKING:
    from tests.api.conftest import Service

AGAIN = NEXT.replace("quantity: 20", "quantity: 21", 1)
WRONG = NEXT.replace("\ncommand:\n  post: commander", "\ncommand:\n  post: comander", 1)


async def drafted(service: Service, text: str = NEXT) -> plan_service_pb2.DraftPlanResponse:
    planner = await service.client("planner")
    return await planner.plans.DraftPlan(drafting(text))


def about(draft: plan_service_pb2.DraftPlanResponse, **said: Any) -> dict[str, Any]:
    """Return the fields that mean a draft."""
    meant = {"plan": draft.plan.id, "draft": draft.draft, "hash": draft.plan.hash}
    return {"context": context(**said), **meant}


async def test_a_draft_changes_nothing_for_anybody(service: Service) -> None:
    draft = await drafted(service)
    assert (draft.draft, draft.plan.version) == (2, 2)
    assert list(draft.receipt.kinds) == ["PlanDrafted"]
    operator = await service.client("operator")
    found = await operator.plans.GetPlan(GetPlanRequest(plan=PLAN))
    assert (found.plan.version, found.state) == (1, PLAN_STATE_EFFECTIVE)


async def test_a_draft_with_errors_is_taken_and_goes_no_further(service: Service) -> None:
    assert WRONG != NEXT
    draft = await drafted(service, WRONG)
    assert [one.code for one in draft.findings if one.is_error] == ["post-unknown"]
    commander = await service.client("commander")
    async with refused() as told:
        await commander.plans.ReviewPlan(ReviewPlanRequest(**about(draft)))
    assert (told.code, told.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "PLAN_INVALID")


async def test_what_has_not_a_plan_s_shape_is_no_draft(service: Service) -> None:
    planner = await service.client("planner")
    async with refused() as told:
        await planner.plans.DraftPlan(drafting(TYPO))
    assert told.reason == "PLAN_INVALID"


async def test_an_author_can_t_approve_the_own_draft(service: Service) -> None:
    here, second = await service.client("here"), await service.client("second-commander")
    draft = await here.plans.DraftPlan(drafting(NEXT))
    async with refused() as told:
        await here.plans.ReviewPlan(ReviewPlanRequest(**about(draft)))
    assert (told.code, told.reason) == (
        grpc.StatusCode.PERMISSION_DENIED,
        "SECOND_PERSON_REQUIRED",
    )
    await second.plans.ReviewPlan(ReviewPlanRequest(**about(draft)))
    async with refused() as told:
        await here.plans.ApprovePlan(ApprovePlanRequest(**about(draft)))
    assert told.reason == "SECOND_PERSON_REQUIRED"
    async with refused() as told:
        await here.plans.PublishPlan(publishing(NEXT))
    assert told.reason == "PLAN_NOT_APPROVED"


async def test_only_the_text_that_was_approved_comes_into_force(service: Service) -> None:
    draft = await drafted(service)
    commander, planner = await service.client("commander"), await service.client("planner")
    await commander.plans.ReviewPlan(ReviewPlanRequest(**about(draft)))
    await commander.plans.ApprovePlan(ApprovePlanRequest(**about(draft)))
    assert AGAIN != NEXT
    async with refused() as told:
        await planner.plans.PublishPlan(publishing(AGAIN))
    assert (told.code, told.reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "PLAN_NOT_APPROVED",
    )
    published = await planner.plans.PublishPlan(publishing(NEXT))
    assert list(published.receipt.kinds) == ["PlanPublished"]


async def test_an_approved_text_is_published_by_what_pins_it(service: Service) -> None:
    draft = await drafted(service)
    commander, planner = await service.client("commander"), await service.client("planner")
    await commander.plans.ReviewPlan(ReviewPlanRequest(**about(draft)))
    await commander.plans.ApprovePlan(ApprovePlanRequest(**about(draft)))
    published = await planner.plans.PublishPlan(
        PublishPlanRequest(context=context(), plan=draft.plan)
    )
    assert published.plan == draft.plan


async def test_what_was_read_is_what_is_approved(service: Service) -> None:
    first, second = await drafted(service), await drafted(service, AGAIN)
    commander = await service.client("commander")
    asked = about(second) | {"draft": first.draft}
    async with refused() as told:
        await commander.plans.ReviewPlan(ReviewPlanRequest(**asked))
    assert (told.code, told.reason) == (grpc.StatusCode.ABORTED, "PLAN_HASH_STALE")
    assert told.metadata["actual"] == first.plan.hash


async def test_a_newer_version_is_not_taken_back_by_an_older_one(service: Service) -> None:
    draft = await drafted(service)
    commander, planner = await service.client("commander"), await service.client("planner")
    await commander.plans.ReviewPlan(ReviewPlanRequest(**about(draft)))
    await commander.plans.ApprovePlan(ApprovePlanRequest(**about(draft)))
    await put_in_force(service, TEXT.replace("\nversion: 1\n", "\nversion: 3\n"))
    async with refused() as told:
        await planner.plans.PublishPlan(publishing(NEXT))
    assert (told.reason, told.metadata["next"]) == ("PLAN_VERSION_TAKEN", "4")


async def test_a_plan_tells_its_history(service: Service) -> None:
    draft = await drafted(service)
    commander = await service.client("commander")
    because = "The north exit is locked"
    await commander.plans.ReturnPlan(ReturnPlanRequest(**about(draft, reason=because)))
    found = await commander.plans.GetPlan(GetPlanRequest(plan=PLAN, last_draft=True))
    assert (found.plan, found.draft, found.state) == (draft.plan, 2, PLAN_STATE_RETURNED)
    assert [(one.state, one.draft, one.by, one.reason) for one in found.history] == [
        (PLAN_STATE_DRAFT, 1, "planner", ""),
        (PLAN_STATE_REVIEWED, 1, "commander", ""),
        (PLAN_STATE_APPROVED, 1, "commander", ""),
        (PLAN_STATE_EFFECTIVE, 1, "planner", ""),
        (PLAN_STATE_DRAFT, 2, "planner", ""),
        (PLAN_STATE_RETURNED, 2, "commander", because),
    ]
    assert all(one.at.seconds for one in found.history)


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        (GetPlanRequest(plan=PLAN, draft=9), "PLAN_DRAFT_UNKNOWN"),
        (GetPlanRequest(plan="nothing", last_draft=True), "PLAN_UNKNOWN"),
        (GetPlanRequest(plan=PLAN, draft=-1), "FIELD_INVALID"),
    ],
)
async def test_a_draft_that_there_is_not_is_refused(
    service: Service, place: GetPlanRequest, reason: str
) -> None:
    operator = await service.client("operator")
    async with refused() as told:
        await operator.plans.GetPlan(place)
    assert told.reason == reason


async def test_a_superseded_version_says_so(service: Service) -> None:
    await put_in_force(service, NEXT)
    operator = await service.client("operator")
    found = await operator.plans.GetPlan(GetPlanRequest(plan=PLAN, version=1))
    assert (found.state, found.draft) == (PLAN_STATE_SUPERSEDED, 1)


@pytest.mark.usefixtures("views")
async def test_texts_are_listed_by_their_states(service: Service) -> None:
    await put_in_force(service, NEXT)
    later = TEXT.replace("\nversion: 1\n", "\nversion: 3\n")
    at = (await drafted(service, later)).receipt.position
    operator = await service.client("operator")
    every = [PLAN_STATE_DRAFT, PLAN_STATE_EFFECTIVE, PLAN_STATE_SUPERSEDED]
    found = []
    request = ListPlansRequest(states=every, plan=PLAN, page_size=1, min_position=at)
    for _ in every:
        page = await operator.plans.ListPlans(request)
        found += [(one.plan.version, one.state, one.author) for one in page.plans]
        request.page_token = page.next_page_token
    assert page.next_page_token == ""
    assert found == [
        (1, PLAN_STATE_SUPERSEDED, "planner"),
        (2, PLAN_STATE_EFFECTIVE, "planner"),
        (3, PLAN_STATE_DRAFT, "planner"),
    ]


async def test_a_plan_is_meant_by_its_text_or_by_what_pins_it(service: Service) -> None:
    draft, planner = await drafted(service), await service.client("planner")
    both = publishing(NEXT)
    both.plan.CopyFrom(draft.plan)
    async with refused() as told:
        await planner.plans.PublishPlan(both)
    assert [*told.fields] == ["plan"]


async def test_a_hash_that_is_none_is_refused(service: Service) -> None:
    draft, planner = await drafted(service), await service.client("planner")
    request = PublishPlanRequest(context=context(), plan=draft.plan)
    request.plan.hash = "f" * 63
    async with refused() as told:
        await planner.plans.PublishPlan(request)
    assert (told.reason, [*told.fields]) == ("FIELD_INVALID", ["plan.hash"])


async def test_a_state_that_is_none_is_refused(service: Service) -> None:
    planner = await service.client("planner")
    async with refused() as told:
        await planner.plans.ListPlans(ListPlansRequest(states=[PLAN_STATE_UNSPECIFIED]))
    assert [*told.fields] == ["states"]
