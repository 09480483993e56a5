"""A text that was not judged goes no further, whoever forgot to have it judged."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from compiler.publication import judged, judgement
from domain.plan.canonical import pinned
from domain.plan.lifecycle.drafts import PlanApproved, PlanDrafted, PlanReviewed
from domain.plan.lifecycle.publication import ApprovePlan, PublishPlan, ReviewPlan, WithdrawPlan
from domain.plan.lifecycle.publication_guards import Judgement
from domain.values import Actor, Role
from tests.domain.plan.plans import SMALL_PLAN, spoilt
from tests.domain.plan.publishing import given_texts

if TYPE_CHECKING:
    from domain.plan.lifecycle.drafts import Editions
    from domain.values import Command
    from tests.domain.spec import Given

REF = pinned(SMALL_PLAN).ref
OTHER = spoilt("/version", 2)
FAULTY = spoilt("/resource_post", "me")
FAULTY_REF = pinned(FAULTY).ref
CAI = Actor("cai", frozenset({Role.COMMANDER}))

HANDED_IN = given_texts(PlanDrafted(draft=1, ref=REF, by="ann", plan=SMALL_PLAN))
FOUND_FIT = given_texts(*HANDED_IN.facts, PlanReviewed(draft=1, ref=REF, by="ben"))
ANSWERED_FOR = given_texts(*FOUND_FIT.facts, PlanApproved(draft=1, ref=REF, by="ben"))


@pytest.mark.parametrize(
    "known", [None, judged(pinned(OTHER).ref, OTHER)], ids=["no judgement", "that of another text"]
)
@pytest.mark.parametrize(
    ("case", "ask"),
    [
        (HANDED_IN, ReviewPlan(hash=REF.hash)),
        (FOUND_FIT, ApprovePlan(hash=REF.hash)),
        (ANSWERED_FOR, PublishPlan(ref=REF)),
    ],
    ids=["reviewed", "approved", "published"],
)
def test_a_text_that_was_not_judged_goes_no_further(
    case: Given[Editions], ask: Command, known: object
) -> None:
    with pytest.raises(AssertionError, match="was not judged"):
        replace(case, surroundings=known).when(ask, CAI)


async def test_the_judgement_is_of_the_text_that_the_command_is_about() -> None:
    faulty = given_texts(PlanDrafted(draft=1, ref=FAULTY_REF, by="ann", plan=FAULTY))
    found = await judgement(faulty.state, ReviewPlan(hash=FAULTY_REF.hash))
    assert found is not None
    assert found.hash == FAULTY_REF.hash
    assert [fault.where for fault in found.errors] == ["/resource_post"]


async def test_nobody_waits_for_a_judgement_where_it_does_not_matter() -> None:
    assert await judgement(HANDED_IN.state, WithdrawPlan(hash=REF.hash)) is None


def test_a_text_without_faults_is_judged_sound() -> None:
    assert judged(REF, SMALL_PLAN) == Judgement(REF.hash, ())
