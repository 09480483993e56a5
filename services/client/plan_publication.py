"""A plan's way into force: handed in by one person, reviewed and approved by another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from muster.v1.common_pb2 import CommandContext
from muster.v1.plan_service_pb2 import (
    ApprovePlanRequest,
    DraftPlanRequest,
    PlanDocument,
    PublishPlanRequest,
    PublishPlanResponse,
    ReviewPlanRequest,
)

from eventstore.recorder.event_ids import new_command_id

if TYPE_CHECKING:
    from services.client.client import Client


async def bring_into_force(
    document: PlanDocument, author: Client, approver: Client, **call: Any
) -> PublishPlanResponse:
    """Bring a plan into force by the two who may; `call` goes with every call.

    Raises grpc.aio.AioRpcError, as refused. Nothing is done again that was done before.
    """
    draft = DraftPlanRequest(context=_new(), document=document)
    drafted = await author.plans.DraftPlan(draft, **call)
    if drafted.draft:
        plan, digest = drafted.plan.id, drafted.plan.hash
        review = ReviewPlanRequest(context=_new(), plan=plan, hash=digest)
        await approver.plans.ReviewPlan(review, **call)
        approve = ApprovePlanRequest(context=_new(), plan=plan, hash=digest)
        await approver.plans.ApprovePlan(approve, **call)
    request = PublishPlanRequest(context=_new(), plan=drafted.plan)
    return await author.plans.PublishPlan(request, **call)


def _new() -> CommandContext:
    return CommandContext(command_id=str(new_command_id()))
