"""How a version of a plan comes into force: by two people, in steps."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.decider import Refused
from domain.plan.canonical import pinned
from domain.plan.lifecycle.drafts import (
    PlanApproved,
    PlanDrafted,
    PlanPublished,
    PlanReviewed,
    PlanState,
)
from domain.plan.lifecycle.publication import (
    DRAFTS_MAX,
    ApprovePlan,
    DraftPlan,
    PublishPlan,
    ReturnPlan,
    ReviewPlan,
    WithdrawPlan,
)
from domain.plan.model.plan import Plan
from domain.refusals import Refusal
from domain.values import Actor
from tests.domain.plan.plans import SMALL_PLAN, spoilt
from tests.domain.plan.publishing import given_texts
from tests.domain.plan.steps import (
    ANN,
    ANSWERED_FOR,
    APPROVE,
    APPROVED,
    APPROVED_2,
    BEN,
    CAI,
    CHANGED,
    DRAFT,
    DRAFTED,
    DRAFTED_2,
    FAULTY,
    FAULTY_REF,
    FOUND_FIT,
    FROM_AFAR,
    HANDED_IN,
    IN_FORCE,
    PLANS,
    PUBLISH,
    PUBLISH_2,
    PUBLISHED,
    PUBLISHED_2,
    REF,
    REF_2,
    RETURN,
    RETURNED,
    REVIEW,
    REVIEWED,
    REVIEWED_2,
    VERSION_2,
    WITHDRAW,
    WITHDRAWN,
    states,
)
from tests.domain.spec import Given


def test_a_text_is_handed_in() -> None:
    PLANS.when(DRAFT, ANN).then(DRAFTED)


def test_somebody_else_finds_it_fit() -> None:
    HANDED_IN.when(REVIEW, BEN).then(REVIEWED)


def test_somebody_else_answers_for_it() -> None:
    FOUND_FIT.when(APPROVE, CAI).then(APPROVED)


def test_who_reviewed_may_approve() -> None:
    FOUND_FIT.when(APPROVE, BEN).then(PlanApproved(draft=1, ref=REF, by="ben"))


def test_a_plan_comes_into_force() -> None:
    ANSWERED_FOR.when(PUBLISH, ANN).then(PUBLISHED)


def test_a_new_version_takes_its_place() -> None:
    after = given_texts(*IN_FORCE.facts, DRAFTED_2, REVIEWED_2, APPROVED_2).having(PUBLISH_2, ANN)
    assert after.state.ref == REF_2
    assert states(after) == [PlanState.SUPERSEDED, PlanState.EFFECTIVE]


def test_a_draft_may_have_errors() -> None:
    PLANS.when(DraftPlan(plan=FAULTY), ANN).then(
        PlanDrafted(draft=1, ref=FAULTY_REF, by="ann", plan=FAULTY)
    )


def test_a_draft_is_meant_by_its_text_alone() -> None:
    HANDED_IN.when(ReviewPlan(hash=REF.hash), BEN).then(REVIEWED)


def test_two_may_review_a_draft() -> None:
    FOUND_FIT.when(REVIEW, CAI).then(PlanReviewed(draft=1, ref=REF, by="cai"))


# what is so already


@pytest.mark.parametrize(
    ("case", "ask", "actor"),
    [
        (HANDED_IN, DRAFT, BEN),
        (FOUND_FIT, REVIEW, BEN),
        (ANSWERED_FOR, REVIEW, BEN),
        (ANSWERED_FOR, APPROVE, BEN),
        (IN_FORCE, DRAFT, ANN),
        (IN_FORCE, REVIEW, BEN),
        (IN_FORCE, APPROVE, BEN),
        (IN_FORCE, PUBLISH, ANN),
        (given_texts(DRAFTED, RETURNED), RETURN, CAI),
        (given_texts(DRAFTED, WITHDRAWN), WITHDRAW, ANN),
        (given_texts(PUBLISHED), DRAFT, ANN),
        (given_texts(PUBLISHED), PUBLISH, ANN),
    ],
)
def test_what_is_so_already_changes_nothing(case: Given[Any], ask: Any, actor: Actor) -> None:
    case.when(ask, actor, because="again").then_nothing()


# four eyes


@pytest.mark.parametrize("ask", [REVIEW, RETURN])
def test_an_author_does_not_judge_the_own_draft(ask: Any) -> None:
    HANDED_IN.when(ask, ANN, because="fine").then_refused(Refusal.SECOND_PERSON_REQUIRED)


def test_an_author_does_not_approve_the_own_draft() -> None:
    FOUND_FIT.when(APPROVE, ANN).then_refused(Refusal.SECOND_PERSON_REQUIRED)


def test_who_wrote_a_text_first_does_not_approve_it_when_another_hands_it_in_again() -> None:
    again = PlanDrafted(draft=2, ref=REF, by="ben", plan=SMALL_PLAN)
    reviewed = PlanReviewed(draft=2, ref=REF, by="cai")
    case = given_texts(DRAFTED, WITHDRAWN, again, reviewed)
    case.when(ApprovePlan(draft=2, hash=REF.hash), ANN).then_refused(Refusal.SECOND_PERSON_REQUIRED)


def test_nobody_approves_for_another() -> None:
    FOUND_FIT.when(APPROVE, ANN, speaking_for="ben").then_refused(Refusal.MAY_NOT_SPEAK_FOR_OTHERS)


# what is refused


def test_a_draft_is_approved_only_when_it_was_reviewed() -> None:
    HANDED_IN.when(APPROVE, BEN).then_refused(Refusal.PLAN_NOT_REVIEWED, draft="1")


@pytest.mark.parametrize(
    ("case", "state"), [(PLANS, "unknown"), (HANDED_IN, "draft"), (FOUND_FIT, "reviewed")]
)
def test_only_what_was_approved_comes_into_force(case: Given[Any], state: str) -> None:
    case.when(PUBLISH, ANN).then_refused(Refusal.PLAN_NOT_APPROVED, version="1", state=state)


def test_another_text_than_the_approved_one_does_not_come_into_force() -> None:
    other = PublishPlan(ref=pinned(CHANGED).ref)
    ANSWERED_FOR.when(other, ANN).then_refused(Refusal.PLAN_NOT_APPROVED, state="unknown")


def test_an_approved_text_does_not_come_into_force_under_another_version() -> None:
    other = PublishPlan(ref=REF.model_copy(update={"version": 5}))
    ANSWERED_FOR.when(other, ANN).then_refused(Refusal.PLAN_NOT_APPROVED)


@pytest.mark.parametrize("ask", [REVIEW, APPROVE, RETURN, WITHDRAW])
def test_a_draft_that_nobody_handed_in_is_unknown(ask: Any) -> None:
    PLANS.when(ask, BEN, because="so").then_refused(Refusal.PLAN_DRAFT_UNKNOWN, draft="1")


def test_a_text_that_nobody_handed_in_is_unknown() -> None:
    ask = ReviewPlan(hash=REF_2.hash)
    HANDED_IN.when(ask, BEN).then_refused(Refusal.PLAN_DRAFT_UNKNOWN, draft=REF_2.hash)


@pytest.mark.parametrize("ask", [ReviewPlan, ApprovePlan, ReturnPlan, WithdrawPlan])
def test_who_read_another_text_is_told(ask: Any) -> None:
    HANDED_IN.when(ask(draft=1, hash=REF_2.hash), BEN, because="so").then_refused(
        Refusal.PLAN_HASH_STALE, draft="1", actual=REF.hash
    )


def test_a_version_is_not_published_twice_with_other_content() -> None:
    other = PublishPlan(ref=pinned(CHANGED).ref)
    taken = IN_FORCE.when(other)
    taken.then_refused(Refusal.PLAN_VERSION_TAKEN, version="1", next="2")
    IN_FORCE.when(DraftPlan(plan=CHANGED), ANN).then_refused(Refusal.PLAN_VERSION_TAKEN, next="2")


def test_an_older_version_does_not_come_back() -> None:
    newer = given_texts(PUBLISHED, PUBLISHED_2)
    newer.when(PUBLISH).then_refused(Refusal.PLAN_VERSION_TAKEN, version="1", next="3")


def test_a_draft_that_a_newer_version_overtook_is_over() -> None:
    overtaken = given_texts(
        DRAFTED, REVIEWED, APPROVED, DRAFTED_2, REVIEWED_2, APPROVED_2, PUBLISHED_2
    )
    assert states(overtaken) == [PlanState.SUPERSEDED, PlanState.EFFECTIVE]
    overtaken.when(PUBLISH, ANN).then_refused(Refusal.PLAN_VERSION_TAKEN, next="3")
    overtaken.when(APPROVE, BEN).then_refused(Refusal.PLAN_DRAFT_OVER, state="superseded")


FAULTY_DRAFT = PlanDrafted(draft=1, ref=FAULTY_REF, by="ann", plan=FAULTY)


@pytest.mark.parametrize(
    ("case", "ask"),
    [
        ((FAULTY_DRAFT,), ReviewPlan(hash=FAULTY_REF.hash)),
        (
            (FAULTY_DRAFT, PlanReviewed(draft=1, ref=FAULTY_REF, by="ben")),
            ApprovePlan(hash=FAULTY_REF.hash),
        ),
        (
            (FAULTY_DRAFT, PlanApproved(draft=1, ref=FAULTY_REF, by="ben")),
            PublishPlan(ref=FAULTY_REF),
        ),
    ],
)
def test_a_plan_that_cannot_work_goes_no_further(case: Any, ask: Any) -> None:
    given_texts(*case).when(ask, CAI).then_refused(
        Refusal.PLAN_INVALID,
        findings="/resource_post: no post is called 'me'",
        findings_zh="/resource_post: 没有名为“me”的岗位",
    )


def test_a_warning_keeps_no_plan_from_coming_into_force() -> None:
    short = spoilt("/supplies/0/quantity", 1)
    ref = pinned(short).ref
    approved = (
        PlanDrafted(draft=1, ref=ref, by="ann", plan=short),
        PlanApproved(draft=1, ref=ref, by="ben"),
    )
    given_texts(*approved).when(PublishPlan(ref=ref)).then(PlanPublished(ref=ref, plan=short))


@pytest.mark.parametrize(
    ("case", "ask"),
    [(PLANS, DRAFT), (HANDED_IN, REVIEW), (FOUND_FIT, APPROVE), (ANSWERED_FOR, PUBLISH)],
)
def test_who_was_let_in_elsewhere_has_no_say(case: Given[Any], ask: Any) -> None:
    case.when(ask, FROM_AFAR).then_refused(Refusal.VENUE_NOT_PERMITTED, venue="shop")


DATED = Plan.model_validate(SMALL_PLAN.model_dump() | {"effective_from": "2026-05-02"})
DATED_REF = pinned(DATED).ref
APPROVED_FOR_A_DAY = given_texts(
    PlanDrafted(draft=1, ref=DATED_REF, by="ann", plan=DATED),
    PlanApproved(draft=1, ref=DATED_REF, by="ben"),
)


@pytest.mark.parametrize(
    ("now", "is_due"),
    [
        (datetime(2026, 5, 1, 15, 59, tzinfo=UTC), False),
        (datetime(2026, 5, 1, 16, 0, tzinfo=UTC), True),
    ],
    ids=["before midnight in Shanghai", "at midnight in Shanghai"],
)
def test_a_plan_comes_into_force_on_its_day_and_not_before(now: datetime, *, is_due: bool) -> None:
    answer = replace(APPROVED_FOR_A_DAY, now=now).when(PublishPlan(ref=DATED_REF)).answer
    refusal = Refused(Refusal.PLAN_NOT_DUE, {"version": "1", "day": "2026-05-02"})
    assert answer == ([PlanPublished(ref=DATED_REF, plan=DATED)] if is_due else refusal)


def test_a_plan_has_only_so_many_drafts() -> None:
    many = (
        PlanDrafted(draft=number, ref=REF_2, by="ann", plan=VERSION_2)
        for number in range(1, DRAFTS_MAX + 1)
    )
    given_texts(*many).when(DRAFT, ANN).then_refused(Refusal.PLAN_DRAFTS_TOO_MANY)
