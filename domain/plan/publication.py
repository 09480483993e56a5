"""A plan's own stream: its versions as they came into force."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from domain.aggregate import Asked, Decider, Refused
from domain.plan.canonical import pinned
from domain.plan.check import Finding, check
from domain.plan.model import Plan, PlanRef
from domain.refusals import Refusal
from domain.values import Command, Fact


class PlanPublished(Fact):
    """A version of the plan came into force; new incidents are pinned to it."""

    kind: Literal["PlanPublished"] = "PlanPublished"
    ref: PlanRef
    plan: Plan


class PublishPlan(Command):
    """Bring a version of the plan into force."""

    kind: Literal["PublishPlan"] = "PublishPlan"
    plan: Plan


class Published(NamedTuple):
    """The version in force; none yet."""

    ref: PlanRef | None = None


def evolve(state: Published, fact: Fact) -> Published:
    """Take a fact into account."""
    assert isinstance(fact, PlanPublished), fact  # noqa: S101 - the stream holds nothing else
    return state._replace(ref=fact.ref)


def decide(
    state: Published, asked: Asked, _now: datetime, _surroundings: object
) -> Sequence[Fact] | Refused:
    """Decide whether a version may come into force."""
    assert isinstance(asked.command, PublishPlan), asked.command  # noqa: S101 - the only command
    plan = asked.command.plan
    ref = pinned(plan).ref
    if state.ref == ref:
        return []
    if state.ref and plan.version <= state.ref.version:
        right = str(state.ref.version + 1)
        return Refused(Refusal.PLAN_VERSION_TAKEN, {"version": str(plan.version), "next": right})
    if errors := [finding for finding in check(plan) if finding.is_error]:
        return Refused(
            Refusal.PLAN_INVALID,
            {"findings": _listed(errors, "en"), "findings_zh": _listed(errors, "zh")},
        )
    return [PlanPublished(ref=ref, plan=plan)]


def _listed(errors: Sequence[Finding], language: str) -> str:
    return "; ".join(f"{error.where}: {error.what.said_in(language)}" for error in errors)


PUBLICATION = Decider[Published](
    category="plan",
    initial=Published(),
    facts={"PlanPublished": PlanPublished},
    evolve=evolve,
    decide=decide,
)
