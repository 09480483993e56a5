"""A plan that comes into force: by two people, as it must."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from compiler.publication import judgement_now
from domain.decider import CommandEnvelope
from domain.plan.canonical import pinned
from domain.plan.lifecycle.publication import (
    PUBLICATION,
    ApprovePlan,
    DraftPlan,
    PublishPlan,
    ReviewPlan,
)
from domain.values import Actor, Event, Role
from eventstore.recorder.recorder import Receipt
from tests.domain.spec import Given

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


def given_texts(*events: Event) -> Given[Editions]:
    """Start from a plan's texts; each is judged before it is brought a step further."""
    return Given(PUBLICATION, events, surroundings=judgement_now)
