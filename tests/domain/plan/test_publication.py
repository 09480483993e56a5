"""How a version of a plan comes into force: by two people, in steps."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from domain.aggregate import Refused, decode, encode
from domain.plan.canonical import canonical, pinned
from domain.plan.editions import (
    PlanApproved,
    PlanDrafted,
    PlanPublished,
    PlanReturned,
    PlanReviewed,
    PlanState,
    PlanWithdrawn,
)
from domain.plan.hindrances import Judgement, judged
from domain.plan.model import Plan
from domain.plan.publication import (
    DRAFTS_MAX,
    PUBLICATION,
    ApprovePlan,
    DraftPlan,
    PublishPlan,
    ReturnPlan,
    ReviewPlan,
    WithdrawPlan,
    to_be_judged,
)
from domain.refusals import Refusal
from domain.values import Actor, Role
from tests.domain.plan.plans import SMALL_PLAN, spoilt
from tests.domain.spec import Given, given

GOLDEN = Path(__file__).parent / "golden"
"""Every shape in which a fact was ever stored; a file is never changed."""

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

PLANS = given(PUBLICATION)
HANDED_IN = given(PUBLICATION, DRAFTED)
FOUND_FIT = given(PUBLICATION, DRAFTED, REVIEWED)
ANSWERED_FOR = given(PUBLICATION, DRAFTED, REVIEWED, APPROVED)
IN_FORCE = given(PUBLICATION, DRAFTED, REVIEWED, APPROVED, PUBLISHED)


def states(case: Given[Any]) -> list[PlanState]:
    """Return how far each draft has come."""
    return [draft.state for draft in case.state.drafts.values()]


# the way into force


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
    after = given(PUBLICATION, *IN_FORCE.facts, DRAFTED_2, REVIEWED_2, APPROVED_2).having(
        PUBLISH_2, ANN
    )
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
        (given(PUBLICATION, DRAFTED, RETURNED), RETURN, CAI),
        (given(PUBLICATION, DRAFTED, WITHDRAWN), WITHDRAW, ANN),
        (given(PUBLICATION, PUBLISHED), DRAFT, ANN),
        (given(PUBLICATION, PUBLISHED), PUBLISH, ANN),
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
    case = given(PUBLICATION, DRAFTED, WITHDRAWN, again, reviewed)
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
    case = given(PUBLICATION, DRAFTED, over)
    case.when(REVIEW, CAI).then_refused(Refusal.PLAN_DRAFT_OVER)
    case.when(APPROVE, CAI).then_refused(Refusal.PLAN_DRAFT_OVER)
    case.when(PUBLISH, CAI).then_refused(Refusal.PLAN_NOT_APPROVED)


def test_what_was_mended_is_another_draft() -> None:
    given(PUBLICATION, DRAFTED, RETURNED).when(DraftPlan(plan=CHANGED), ANN).then(
        PlanDrafted(draft=2, ref=pinned(CHANGED).ref, by="ann", plan=CHANGED)
    )


def test_a_version_is_not_published_twice_with_other_content() -> None:
    other = PublishPlan(ref=pinned(CHANGED).ref)
    taken = IN_FORCE.when(other)
    taken.then_refused(Refusal.PLAN_VERSION_TAKEN, version="1", next="2")
    IN_FORCE.when(DraftPlan(plan=CHANGED), ANN).then_refused(Refusal.PLAN_VERSION_TAKEN, next="2")


def test_an_older_version_does_not_come_back() -> None:
    newer = given(PUBLICATION, PUBLISHED, PUBLISHED_2)
    newer.when(PUBLISH).then_refused(Refusal.PLAN_VERSION_TAKEN, version="1", next="3")


def test_a_draft_that_a_newer_version_overtook_is_over() -> None:
    overtaken = given(
        PUBLICATION, DRAFTED, REVIEWED, APPROVED, DRAFTED_2, REVIEWED_2, APPROVED_2, PUBLISHED_2
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
    given(PUBLICATION, *case).when(ask, CAI).then_refused(
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
    given(PUBLICATION, *approved).when(PublishPlan(ref=ref)).then(
        PlanPublished(ref=ref, plan=short)
    )


@pytest.mark.parametrize(
    ("case", "ask"),
    [(PLANS, DRAFT), (HANDED_IN, REVIEW), (FOUND_FIT, APPROVE), (ANSWERED_FOR, PUBLISH)],
)
def test_who_was_let_in_elsewhere_has_no_say(case: Given[Any], ask: Any) -> None:
    case.when(ask, FROM_AFAR).then_refused(Refusal.VENUE_NOT_PERMITTED, venue="shop")


DATED = Plan.model_validate(SMALL_PLAN.model_dump() | {"effective_from": "2026-05-02"})
DATED_REF = pinned(DATED).ref
APPROVED_FOR_A_DAY = given(
    PUBLICATION,
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
    given(PUBLICATION, *many).when(DRAFT, ANN).then_refused(Refusal.PLAN_DRAFTS_TOO_MANY)


# as it is stored


@pytest.mark.parametrize(
    "fact", [DRAFTED, REVIEWED, RETURNED, APPROVED, PUBLISHED, WITHDRAWN], ids=lambda one: one.kind
)
def test_a_fact_survives_storage_with_its_hash(fact: Any) -> None:
    stored: Any = decode(PUBLICATION, fact.kind, 1, encode(fact))
    assert stored == fact
    assert stored.ref == REF


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.json")), ids=lambda file: file.stem)
def test_a_stored_shape_is_still_read(file: Path) -> None:
    kind, _, version = file.stem.rpartition(".v")
    text = file.read_text(encoding="utf-8")
    fact: Any = decode(PUBLICATION, kind, int(version), text)
    assert fact.ref.model_dump() == json.loads(text)["ref"]
    assert getattr(fact, "plan", SMALL_PLAN).posts.keys() == {"commander", "guide"}


def test_every_shape_has_its_file() -> None:
    shapes = {f"{kind}.v{shape.schema_version}" for kind, shape in PUBLICATION.facts.items()}
    assert {file.stem for file in GOLDEN.glob("*.json")} >= shapes


def test_a_plan_is_read_back_from_its_canonical_text() -> None:
    assert Plan.model_validate_json(canonical(SMALL_PLAN)) == SMALL_PLAN


def test_another_word_makes_another_hash() -> None:
    assert pinned(spoilt("/title/en", "Other")).ref.hash != REF.hash


def test_a_text_is_judged_before_it_is_decided_about() -> None:
    judgement = Judgement(REF.hash, judged(FAULTY_REF, FAULTY).errors)
    for case, ask in ((HANDED_IN, REVIEW), (FOUND_FIT, APPROVE), (ANSWERED_FOR, PUBLISH)):
        replace(case, surroundings=judgement).when(ask, CAI).then_refused(Refusal.PLAN_INVALID)


def test_the_judgement_of_another_text_counts_for_nothing() -> None:
    elsewhere = judged(FAULTY_REF, FAULTY)
    replace(HANDED_IN, surroundings=elsewhere).when(REVIEW, CAI).then_kinds("PlanReviewed")


def test_only_what_may_come_into_force_is_judged() -> None:
    state = FOUND_FIT.state
    about = [to_be_judged(state, ask) for ask in (REVIEW, APPROVE, PUBLISH)]
    assert about == [state.drafts[1]] * 3
    others = (DRAFT, RETURN, WITHDRAW, PUBLISH_2, ReviewPlan(draft=9, hash=REF.hash))
    assert [to_be_judged(state, ask) for ask in others] == [None] * 5
