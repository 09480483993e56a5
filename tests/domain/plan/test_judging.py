"""A text is judged before it is decided about: whoever decides is handed what was found."""

from __future__ import annotations

from dataclasses import replace

from compiler.publication import judged
from domain.plan.lifecycle.publication import ReviewPlan, to_be_judged
from domain.plan.lifecycle.publication_guards import Judgement
from domain.refusals import Refusal
from tests.domain.plan.steps import (
    ANSWERED_FOR,
    APPROVE,
    CAI,
    DRAFT,
    FAULTY,
    FAULTY_REF,
    FOUND_FIT,
    HANDED_IN,
    PUBLISH,
    PUBLISH_2,
    REF,
    RETURN,
    REVIEW,
    WITHDRAW,
)


def test_a_text_is_judged_before_it_is_decided_about() -> None:
    judgement = Judgement(REF.hash, judged(FAULTY_REF, FAULTY).errors)
    for case, ask in ((HANDED_IN, REVIEW), (FOUND_FIT, APPROVE), (ANSWERED_FOR, PUBLISH)):
        replace(case, surroundings=judgement).when(ask, CAI).then_refused(Refusal.PLAN_INVALID)


def test_only_what_may_come_into_force_is_judged() -> None:
    state = FOUND_FIT.state
    about = [to_be_judged(state, ask) for ask in (REVIEW, APPROVE, PUBLISH)]
    assert about == [state.drafts[1]] * 3
    others = (DRAFT, RETURN, WITHDRAW, PUBLISH_2, ReviewPlan(draft=9, hash=REF.hash))
    assert [to_be_judged(state, ask) for ask in others] == [None] * 5
