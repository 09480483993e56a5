"""How a plan comes into force: drafted, reviewed, approved by somebody else, published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from pydantic import Field, StrictInt

from domain.decider import CommandEnvelope, Decider, Refused
from domain.limits import INT32_MAX
from domain.plan.canonical import pinned
from domain.plan.lifecycle import publication_guards
from domain.plan.lifecycle.drafts import (
    OPEN,
    Draft,
    Editions,
    OfDraft,
    PlanApproved,
    PlanDrafted,
    PlanPublished,
    PlanReturned,
    PlanReviewed,
    PlanState,
    PlanWithdrawn,
    evolve,
)
from domain.plan.model.plan import Plan, PlanRef
from domain.refusals import Refusal
from domain.values import Command, Event

__all__ = [
    "PUBLICATION",
    "ApprovePlan",
    "DraftPlan",
    "Editions",
    "PlanPublished",
    "PublishPlan",
    "ReturnPlan",
    "ReviewPlan",
    "WithdrawPlan",
]

DRAFTS_MAX = 200
"""Drafts of one plan; each is a long text that is kept for good."""


class DraftPlan(Command):
    """Hand in a text, to be reviewed."""

    kind: Literal["DraftPlan"] = "DraftPlan"
    plan: Plan


class AboutDraft(Command):
    """Asks something about a draft, as it was read: the hash of its text."""

    draft: StrictInt | None = Field(default=None, ge=1, le=INT32_MAX)
    """Its number; the last one with this text when left out."""
    hash: str = Field(pattern=r"^[0-9a-f]{64}$")


class ReviewPlan(AboutDraft):
    """Find a draft fit."""

    kind: Literal["ReviewPlan"] = "ReviewPlan"


class ReturnPlan(AboutDraft):
    """Send a draft back to its author; the context's reason says what to mend."""

    kind: Literal["ReturnPlan"] = "ReturnPlan"


class ApprovePlan(AboutDraft):
    """Answer for a draft: it may come into force."""

    kind: Literal["ApprovePlan"] = "ApprovePlan"


class WithdrawPlan(AboutDraft):
    """Take a draft back; the context's reason says why."""

    kind: Literal["WithdrawPlan"] = "WithdrawPlan"


class PublishPlan(Command):
    """Bring an approved text into force."""

    kind: Literal["PublishPlan"] = "PublishPlan"
    ref: PlanRef


class Step(NamedTuple):
    """What a command does to a draft."""

    fact: type[OfDraft]
    reached: PlanState
    starting_from: frozenset[PlanState]
    needs_reason: bool = False
    by_author: bool = False
    """Whether its author may do it."""


STEPS: Mapping[type[Command], Step] = {
    ReviewPlan: Step(
        PlanReviewed, PlanState.REVIEWED, frozenset({PlanState.DRAFT, PlanState.REVIEWED})
    ),
    ApprovePlan: Step(PlanApproved, PlanState.APPROVED, frozenset({PlanState.REVIEWED})),
    ReturnPlan: Step(PlanReturned, PlanState.RETURNED, OPEN, needs_reason=True),
    WithdrawPlan: Step(PlanWithdrawn, PlanState.WITHDRAWN, OPEN, needs_reason=True, by_author=True),
}


def decide(
    state: Editions, asked: CommandEnvelope, now: datetime, judgement: object
) -> Sequence[Event] | Refused:
    """Decide what becomes of a text. Nobody speaks for others here: two must be two.

    `judgement` is that of the text to be judged; without it nothing is brought a step further.
    """
    if asked.on_behalf_of:
        return Refused(Refusal.MAY_NOT_SPEAK_FOR_OTHERS)
    match asked.command:
        case DraftPlan(plan=plan):
            return _draft(state, asked, plan)
        case PublishPlan(ref=ref):
            return _publish(state, asked, ref, now, judgement)
        case AboutDraft() as ask:
            return _move(state, asked, ask, judgement)
        case other:
            raise AssertionError(other)


def to_be_judged(state: Editions, command: Command) -> Draft | None:
    """Return the text that a command can only be about once it was checked."""
    match command:
        case PublishPlan(ref=ref):
            return state.of(ref.hash)
        case ReviewPlan() | ApprovePlan():
            return _draft_of(state, command)
        case _:
            return None


def _draft_of(state: Editions, ask: AboutDraft) -> Draft | None:
    return state.of(ask.hash) if ask.draft is None else state.drafts.get(ask.draft)


def _draft(state: Editions, asked: CommandEnvelope, plan: Plan) -> Sequence[Event] | Refused:
    ref = pinned(plan).ref
    known = state.of(ref.hash)
    if state.ref == ref or (known and known.state in OPEN):
        return []
    if refused := publication_guards.version_taken(
        state.ref, ref
    ) or publication_guards.venue_not_permitted(plan, asked):
        return refused
    if len(state.drafts) >= DRAFTS_MAX:
        return Refused(Refusal.PLAN_DRAFTS_TOO_MANY, {"most": str(DRAFTS_MAX)})
    number = len(state.drafts) + 1
    return [PlanDrafted(draft=number, ref=ref, by=asked.actor.id, plan=plan)]


def _move(
    state: Editions, asked: CommandEnvelope, ask: AboutDraft, judgement: object
) -> Sequence[Event] | Refused:
    """Take a draft a step on, or back."""
    draft = _draft_of(state, ask)
    step, actor = STEPS[type(ask)], asked.actor.id
    if draft is None:
        named = str(ask.draft or ask.hash)
        return Refused(Refusal.PLAN_DRAFT_UNKNOWN, {"draft": named})
    if draft.ref.hash != ask.hash:
        found = {"draft": str(ask.draft), "actual": draft.ref.hash}
        return Refused(Refusal.PLAN_HASH_STALE, found)
    if not step.by_author and actor in state.authors(ask.hash):
        return Refused(Refusal.SECOND_PERSON_REQUIRED)
    refused = publication_guards.venue_not_permitted(draft.plan, asked)
    if refused is None and _is_so(draft, step, actor):
        return []
    refused = refused or _out_of_turn(draft, step) or _unfit(draft, step, asked, judgement)
    return refused or [
        step.fact(kind=step.fact.__name__, draft=draft.number, ref=draft.ref, by=actor)
    ]


def _is_so(draft: Draft, step: Step, actor: str) -> bool:
    """Tell whether it was done before: a review by this person, all else by anybody."""
    if step.reached is PlanState.REVIEWED:
        return actor in draft.reviewers
    was_approved = draft.state in {PlanState.EFFECTIVE, PlanState.APPROVED}
    return was_approved if step.reached is PlanState.APPROVED else draft.state is step.reached


def _out_of_turn(draft: Draft, step: Step) -> Refused | None:
    if draft.state in step.starting_from:
        return None
    found = {
        "draft": str(draft.number),
        "state": draft.state,
        "state_zh": publication_guards.ZH[draft.state],
    }
    early = draft.state is PlanState.DRAFT
    return Refused(Refusal.PLAN_NOT_REVIEWED if early else Refusal.PLAN_DRAFT_OVER, found)


def _unfit(draft: Draft, step: Step, asked: CommandEnvelope, judgement: object) -> Refused | None:
    if step.needs_reason:
        return None if asked.reason else Refused(Refusal.REASON_REQUIRED)
    return publication_guards.plan_invalid(draft.ref, judgement)


def _publish(
    state: Editions, asked: CommandEnvelope, ref: PlanRef, now: datetime, judgement: object
) -> Sequence[Event] | Refused:
    if state.ref == ref:
        return []
    if refused := publication_guards.version_taken(state.ref, ref):
        return refused
    draft = state.of(ref.hash)
    if draft is None or draft.ref != ref or draft.state is not PlanState.APPROVED:
        found = "unknown" if draft is None else draft.state
        about = {
            "version": str(ref.version),
            "state": found,
            "state_zh": publication_guards.ZH[found],
        }
        return Refused(Refusal.PLAN_NOT_APPROVED, about)
    refused = (
        publication_guards.venue_not_permitted(draft.plan, asked)
        or publication_guards.not_yet_due(draft.plan, now)
        or publication_guards.plan_invalid(ref, judgement)
    )
    return refused or [PlanPublished(ref=ref, plan=draft.plan)]


PUBLICATION = Decider[Editions](
    category="plan",
    initial=Editions(),
    facts={
        shape.model_fields["kind"].default: shape
        for shape in (
            PlanDrafted,
            PlanReviewed,
            PlanReturned,
            PlanApproved,
            PlanPublished,
            PlanWithdrawn,
        )
    },
    evolve=evolve,
    decide=decide,
)
