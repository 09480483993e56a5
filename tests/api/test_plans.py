"""Plans over the wire: checked, published, read again."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import grpc
import pytest
from muster.v1 import plan_service_pb2

from compiler import driver
from domain.plan.canonical import canonical
from services.client.client import context
from tests.api.conftest import PLAN, VENUE, put_in_force
from tests.api.errors import refused

if TYPE_CHECKING:
    from tests.api.conftest import Service

TEXT = driver.shipped()[PLAN]
TYPO = TEXT.replace("acknowledge_within:", "aknowledge_within:", 1)
NEXT = TEXT.replace("\nversion: 1\n", "\nversion: 2\n")


def publishing(text: str) -> plan_service_pb2.PublishPlanRequest:
    document = plan_service_pb2.PlanDocument(yaml=text)
    return plan_service_pb2.PublishPlanRequest(context=context(), document=document)


def drafting(text: str) -> plan_service_pb2.DraftPlanRequest:
    document = plan_service_pb2.PlanDocument(yaml=text)
    return plan_service_pb2.DraftPlanRequest(context=context(), document=document)


async def test_a_plan_is_read_as_the_text_that_pins_it(service: Service) -> None:
    planner = await service.client("planner")
    found = await planner.plans.GetPlan(plan_service_pb2.GetPlanRequest(plan=PLAN))
    assert hashlib.sha256(found.json.encode()).hexdigest() == found.plan.hash


async def test_a_plan_in_json_is_the_same_plan(service: Service) -> None:
    planner = await service.client("planner")
    plan = driver.inspect(TEXT, PLAN).plan
    assert plan is not None
    request = plan_service_pb2.PublishPlanRequest(
        context=context(), document=plan_service_pb2.PlanDocument(json=canonical(plan))
    )
    published = await planner.plans.PublishPlan(request)
    assert list(published.receipt.kinds) == []
    assert published.receipt.version == 4


async def test_a_new_version_comes_into_force_and_the_old_one_can_be_read(
    service: Service,
) -> None:
    planner = await service.client("planner")
    assert NEXT != TEXT
    published = await put_in_force(service, NEXT)
    assert (published.plan.version, published.receipt.version) == (2, 8)
    for version, expected in ((0, 2), (1, 1), (2, 2)):
        request = plan_service_pb2.GetPlanRequest(plan=PLAN, version=version)
        found = await planner.plans.GetPlan(request)
        assert found.plan.version == expected
        assert json.loads(found.json)["version"] == expected


async def test_a_typo_is_shown_where_it_stands_and_what_was_meant(service: Service) -> None:
    planner = await service.client("planner")
    checked = await planner.plans.CheckPlan(
        plan_service_pb2.CheckPlanRequest(document=plan_service_pb2.PlanDocument(yaml=TYPO))
    )
    assert not checked.valid
    finding = next(one for one in checked.findings if one.is_error)
    line = TYPO.splitlines()[finding.line - 1]
    assert line[finding.column - 1 :].startswith("aknowledge_within")
    assert "acknowledge_within" in finding.meant
    async with refused() as told:
        await planner.plans.PublishPlan(publishing(TYPO))
    assert (told.code, told.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "PLAN_INVALID")
    assert f"{finding.line}:{finding.column}" in told.message
    assert any(field.startswith("document/") for field in told.fields)


async def test_a_version_that_is_taken_says_which_is_next(service: Service) -> None:
    planner = await service.client("planner")
    changed = TEXT.replace("purpose:", "purpose: &changed", 1).replace("zh: ", "zh: 改", 1)
    async with refused() as told:
        await planner.plans.PublishPlan(publishing(changed))
    assert told.reason == "PLAN_VERSION_TAKEN"
    assert told.metadata["next"] == "2"


@pytest.mark.parametrize(
    ("plan", "version", "reason"),
    [
        ("nothing", 0, "PLAN_UNKNOWN"),
        (PLAN, 9, "PLAN_UNKNOWN"),
        ("", 0, "FIELD_INVALID"),
        (PLAN, -1, "FIELD_INVALID"),
    ],
)
async def test_a_plan_that_there_is_not_is_refused(
    service: Service, plan: str, version: int, reason: str
) -> None:
    planner = await service.client("planner")
    async with refused() as told:
        await planner.plans.GetPlan(plan_service_pb2.GetPlanRequest(plan=plan, version=version))
    assert told.reason == reason


async def test_a_document_that_is_none_is_refused(service: Service) -> None:
    planner = await service.client("planner")
    async with refused() as told:
        await planner.plans.PublishPlan(plan_service_pb2.PublishPlanRequest(context=context()))
    assert told.fields == {"document": "required"}


async def test_a_plan_for_another_venue_can_t_be_published_from_here(service: Service) -> None:
    elsewhere = await service.client("elsewhere")
    async with refused() as told:
        await elsewhere.plans.DraftPlan(drafting(NEXT))
    assert told.reason == "VENUE_NOT_PERMITTED"


@pytest.mark.usefixtures("views")
async def test_plans_are_listed_with_the_version_in_force(service: Service) -> None:
    planner = await service.client("planner")
    await put_in_force(service, NEXT)
    found: list[int] = []
    while found != [2]:
        listed = await planner.plans.ListPlans(plan_service_pb2.ListPlansRequest())
        found = [one.plan.version for one in listed.plans]
    assert list(listed.plans[0].venues) == [VENUE]
    assert listed.plans[0].title.zh
