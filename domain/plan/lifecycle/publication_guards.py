"""What keeps a text from coming into force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.decider import Refused
from domain.plan.lifecycle.drafts import PlanState
from domain.refusals import Refusal
from domain.values import Text

if TYPE_CHECKING:
    from domain.decider import CommandEnvelope
    from domain.plan.model.plan import Plan, PlanRef

FINDINGS_TOLD_MAX = 20
"""Findings that a refusal names; a check names all."""
TIME_ZONE = "Asia/Shanghai"
"""Of a venue that names none."""

ZH: Mapping[str, str] = {
    "unknown": "未提交",
    PlanState.DRAFT: "待审核",
    PlanState.REVIEWED: "已审核",
    PlanState.APPROVED: "已批准",
    PlanState.EFFECTIVE: "已生效",
    PlanState.SUPERSEDED: "已被取代",
    PlanState.RETURNED: "已退回",
    PlanState.WITHDRAWN: "已撤回",
}
"""How a state is told in a refusal."""


def version_taken(in_force: PlanRef | None, ref: PlanRef) -> Refused | None:
    """Refuse a version that is not above the one in force."""
    if in_force is None or ref.version > in_force.version:
        return None
    right = str(in_force.version + 1)
    return Refused(Refusal.PLAN_VERSION_TAKEN, {"version": str(ref.version), "next": right})


def venue_not_permitted(plan: Plan, asked: CommandEnvelope) -> Refused | None:
    """Refuse a plan for venues where the actor was not let in."""
    for venue in plan.venues:
        if not asked.actor.may_act_at(venue.id):
            return Refused(Refusal.VENUE_NOT_PERMITTED, {"venue": venue.id})
    return None


def not_yet_due(plan: Plan, now: datetime) -> Refused | None:
    """Refuse a plan before its day has come at the venue where it comes first."""
    day = plan.effective_from
    if day is None or now >= min(_midnight(day, venue.time_zone) for venue in plan.venues):
        return None
    return Refused(Refusal.PLAN_NOT_DUE, {"version": str(plan.version), "day": str(day)})


def _midnight(day: date, zone: str | None) -> datetime:
    try:
        return datetime.combine(day, time(), ZoneInfo(zone or TIME_ZONE))
    except (ZoneInfoNotFoundError, ValueError):
        return datetime.combine(day, time(), ZoneInfo(TIME_ZONE))


class Fault(NamedTuple):
    """Something that keeps a plan from coming into force: where in it, and what is wrong there."""

    where: str
    what: Text


class Judgement(NamedTuple):
    """What keeps a text from working at all, found before the decision."""

    hash: str
    """Of the text."""
    errors: Sequence[Fault]


def plan_invalid(ref: PlanRef, judgement: object) -> Refused | None:
    """Refuse a plan that can't work. Raises AssertionError if just this text was not judged."""
    if not isinstance(judgement, Judgement) or judgement.hash != ref.hash:
        raise AssertionError(f"the text {ref.hash} was not judged")
    if not judgement.errors:
        return None
    return Refused(
        Refusal.PLAN_INVALID,
        {
            "findings": _listed(judgement.errors, "en"),
            "findings_zh": _listed(judgement.errors, "zh"),
        },
    )


def _listed(errors: Sequence[Fault], language: str) -> str:
    told = (f"{one.where}: {one.what.said_in(language)}" for one in errors[:FINDINGS_TOLD_MAX])
    return "; ".join(told)
