"""A plan that comes into force: by two people, as it must."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from domain.decider import CommandEnvelope
from domain.plan.canonical import pinned
from domain.plan.lifecycle.publication import ApprovePlan, DraftPlan, PublishPlan, ReviewPlan
from domain.values import Actor, Role
from eventstore.recorder.recorder import Receipt

if TYPE_CHECKING:
    from domain.plan.lifecycle.drafts import Editions
    from domain.plan.model.plan import Plan
    from eventstore.recorder.recorder import Recorder

PLANNER = Actor("planner", frozenset({Role.PLANNER}))
APPROVER = Actor("approver", frozenset({Role.COMMANDER}))


async def bring_into_force(plans: Recorder[Editions], plan: Plan) -> Receipt:
    """Draft, review, approve and publish a plan; return what the last step led to."""
    ref = pinned(plan).ref
    receipts = []
    for command, actor in (
        (DraftPlan(plan=plan), PLANNER),
        (ReviewPlan(hash=ref.hash), APPROVER),
        (ApprovePlan(hash=ref.hash), APPROVER),
        (PublishPlan(ref=ref), PLANNER),
    ):
        answer = await plans.record(plan.id, CommandEnvelope(command, uuid4(), actor))
        assert isinstance(answer, Receipt), answer
        receipts.append(answer)
    return receipts[-1]
