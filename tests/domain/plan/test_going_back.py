"""A draft that goes back: by whom, until when, and that it goes no further."""

from __future__ import annotations

from typing import Any

import pytest

from domain.plan.canonical import pinned
from domain.plan.lifecycle.drafts import PlanDrafted
from domain.plan.lifecycle.publication import DraftPlan
from domain.refusals import Refusal
from domain.values import Actor
from tests.domain.plan.publishing import given_texts
from tests.domain.plan.steps import (
    ANN,
    ANSWERED_FOR,
    APPROVE,
    BEN,
    CAI,
    CHANGED,
    DRAFTED,
    FOUND_FIT,
    HANDED_IN,
    IN_FORCE,
    PUBLISH,
    RETURN,
    RETURNED,
    REVIEW,
    WITHDRAW,
    WITHDRAWN,
)
from tests.domain.spec import Given


@pytest.mark.parametrize(("ask", "actor"), [(RETURN, BEN), (WITHDRAW, ANN)])
def test_a_draft_goes_back_only_with_a_reason(ask: Any, actor: Actor) -> None:
    FOUND_FIT.when(ask, actor).then_refused(Refusal.REASON_REQUIRED)


@pytest.mark.parametrize("case", [HANDED_IN, FOUND_FIT, ANSWERED_FOR])
def test_a_draft_goes_back_whenever_it_is_not_in_force(case: Given[Any]) -> None:
    case.when(RETURN, BEN, because="The north exit is locked").then(RETURNED)
    case.when(WITHDRAW, ANN, because="Written anew").then(WITHDRAWN)


@pytest.mark.parametrize("ask", [RETURN, WITHDRAW])
def test_what_is_in_force_does_not_go_back(ask: Any) -> None:
    IN_FORCE.when(ask, BEN, because="late").then_refused(
        Refusal.PLAN_DRAFT_OVER, draft="1", state="effective"
    )


@pytest.mark.parametrize("over", [RETURNED, WITHDRAWN])
def test_a_draft_that_went_back_goes_no_further(over: Any) -> None:
    case = given_texts(DRAFTED, over)
    case.when(REVIEW, CAI).then_refused(Refusal.PLAN_DRAFT_OVER)
    case.when(APPROVE, CAI).then_refused(Refusal.PLAN_DRAFT_OVER)
    case.when(PUBLISH, CAI).then_refused(Refusal.PLAN_NOT_APPROVED)


def test_what_was_mended_is_another_draft() -> None:
    given_texts(DRAFTED, RETURNED).when(DraftPlan(plan=CHANGED), ANN).then(
        PlanDrafted(draft=2, ref=pinned(CHANGED).ref, by="ann", plan=CHANGED)
    )
