"""How a version of a plan comes into force."""

from __future__ import annotations

from domain.aggregate import decode, encode
from domain.plan.canonical import canonical, pinned
from domain.plan.model import Plan
from domain.plan.publication import PUBLICATION, PlanPublished, PublishPlan
from domain.refusals import Refusal
from tests.domain.plan.plans import SMALL_PLAN, spoilt
from tests.domain.spec import given

PUBLISH = PublishPlan(plan=SMALL_PLAN)
PUBLISHED = PlanPublished(ref=pinned(SMALL_PLAN).ref, plan=SMALL_PLAN)
VERSION_2 = spoilt("/version", 2)
PUBLISHED_2 = PlanPublished(ref=pinned(VERSION_2).ref, plan=VERSION_2)


def test_a_plan_comes_into_force() -> None:
    given(PUBLICATION).when(PUBLISH).then(PUBLISHED)


def test_publishing_the_version_in_force_again_changes_nothing() -> None:
    given(PUBLICATION, PUBLISHED).when(PUBLISH).then_nothing()


def test_a_new_version_follows() -> None:
    given(PUBLICATION, PUBLISHED).when(PublishPlan(plan=VERSION_2)).then(PUBLISHED_2)


def test_a_version_is_not_published_twice_with_other_content() -> None:
    other = PublishPlan(plan=spoilt("/venues/0/zones/0/capacity", 7))
    given(PUBLICATION, PUBLISHED).when(other).then_refused(
        Refusal.PLAN_VERSION_TAKEN, version="1", next="2"
    )


def test_an_older_version_does_not_come_back() -> None:
    given(PUBLICATION, PUBLISHED, PUBLISHED_2).when(PUBLISH).then_refused(
        Refusal.PLAN_VERSION_TAKEN, version="1", next="3"
    )


def test_a_plan_that_cannot_work_does_not_come_into_force() -> None:
    given(PUBLICATION).when(PublishPlan(plan=spoilt("/resource_post", "me"))).then_refused(
        Refusal.PLAN_INVALID,
        findings="/resource_post: no post is called 'me'",
        findings_zh="/resource_post: 没有名为“me”的岗位",
    )


def test_a_warning_keeps_no_plan_from_coming_into_force() -> None:
    short = spoilt("/supplies/0/quantity", 1)
    given(PUBLICATION).when(PublishPlan(plan=short)).then(
        PlanPublished(ref=pinned(short).ref, plan=short)
    )


def test_a_published_plan_survives_storage_with_its_hash() -> None:
    stored = decode(PUBLICATION, "PlanPublished", 1, encode(PUBLISHED))
    assert stored == PUBLISHED
    assert isinstance(stored, PlanPublished)
    assert pinned(stored.plan).ref == PUBLISHED.ref


def test_a_plan_is_read_back_from_its_canonical_text() -> None:
    assert Plan.model_validate_json(canonical(SMALL_PLAN)) == SMALL_PLAN


def test_another_word_makes_another_hash() -> None:
    assert pinned(spoilt("/title/en", "Other")).ref.hash != pinned(SMALL_PLAN).ref.hash
