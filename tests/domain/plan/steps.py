"""A plan on its way into force, step by step, and who takes the steps."""

from __future__ import annotations

from typing import Any

from domain.plan.canonical import pinned
from domain.plan.lifecycle.drafts import (
    PlanApproved,
    PlanDrafted,
    PlanPublished,
    PlanReturned,
    PlanReviewed,
    PlanState,
    PlanWithdrawn,
)
from domain.plan.lifecycle.publication import (
    ApprovePlan,
    DraftPlan,
    PublishPlan,
    ReturnPlan,
    ReviewPlan,
    WithdrawPlan,
)
from domain.values import Actor, Role
from tests.domain.plan.plans import SMALL_PLAN, spoilt
from tests.domain.plan.publishing import given_texts
from tests.domain.spec import Given

ANN = Actor("ann", frozenset({Role.PLANNER, Role.COMMANDER}))
BEN = Actor("ben", frozenset({Role.COMMANDER}))
CAI = Actor("cai", frozenset({Role.COMMANDER}))
FROM_AFAR = Actor("dan", frozenset({Role.COMMANDER}), frozenset({"other-shop"}))

REF = pinned(SMALL_PLAN).ref
CHANGED = spoilt("/venues/0/zones/0/capacity", 7)
VERSION_2 = spoilt("/version", 2)
REF_2 = pinned(VERSION_2).ref
FAULTY = spoilt("/resource_post", "me")
FAULTY_REF = pinned(FAULTY).ref

DRAFT, PUBLISH = DraftPlan(plan=SMALL_PLAN), PublishPlan(ref=REF)
REVIEW, APPROVE = ReviewPlan(draft=1, hash=REF.hash), ApprovePlan(draft=1, hash=REF.hash)
RETURN, WITHDRAW = ReturnPlan(draft=1, hash=REF.hash), WithdrawPlan(draft=1, hash=REF.hash)
PUBLISH_2 = PublishPlan(ref=REF_2)

DRAFTED = PlanDrafted(draft=1, ref=REF, by="ann", plan=SMALL_PLAN)
REVIEWED = PlanReviewed(draft=1, ref=REF, by="ben")
RETURNED = PlanReturned(draft=1, ref=REF, by="ben")
APPROVED = PlanApproved(draft=1, ref=REF, by="cai")
PUBLISHED = PlanPublished(ref=REF, plan=SMALL_PLAN)
WITHDRAWN = PlanWithdrawn(draft=1, ref=REF, by="ann")
DRAFTED_2 = PlanDrafted(draft=2, ref=REF_2, by="ann", plan=VERSION_2)
REVIEWED_2 = PlanReviewed(draft=2, ref=REF_2, by="ben")
APPROVED_2 = PlanApproved(draft=2, ref=REF_2, by="ben")
PUBLISHED_2 = PlanPublished(ref=REF_2, plan=VERSION_2)

PLANS = given_texts()
HANDED_IN = given_texts(DRAFTED)
FOUND_FIT = given_texts(DRAFTED, REVIEWED)
ANSWERED_FOR = given_texts(DRAFTED, REVIEWED, APPROVED)
IN_FORCE = given_texts(DRAFTED, REVIEWED, APPROVED, PUBLISHED)


def states(case: Given[Any]) -> list[PlanState]:
    """Return how far each draft has come."""
    return [draft.state for draft in case.state.drafts.values()]


# the way into force
