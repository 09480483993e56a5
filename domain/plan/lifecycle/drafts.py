"""A plan's own stream: its texts, from the first draft until a newer one takes their place.

The fields of the facts are a storage format: change them by schema version.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal, NamedTuple

from domain.decider import existing
from domain.plan.model.plan import Plan, PlanRef
from domain.values import Event


class PlanState(StrEnum):
    """How far a text has come; it goes back only by being returned or withdrawn."""

    DRAFT = "draft"
    REVIEWED = "reviewed"
    APPROVED = "approved"
    EFFECTIVE = "effective"
    """In force: new incidents are pinned to it."""
    SUPERSEDED = "superseded"
    """A newer version came into force, whether or not this one ever was."""
    RETURNED = "returned"
    """Sent back to its author; what is mended is another draft."""
    WITHDRAWN = "withdrawn"


OPEN = frozenset({PlanState.DRAFT, PlanState.REVIEWED, PlanState.APPROVED})
"""States that lead to others."""


class PlanDrafted(Event):
    """Somebody handed in a text."""

    kind: Literal["PlanDrafted"] = "PlanDrafted"
    draft: int
    """1, 2, 3 … for each plan."""
    ref: PlanRef
    by: str
    """Its author, who can neither review nor approve it."""
    plan: Plan


class OfDraft(Event):
    """Something about a draft."""

    draft: int
    ref: PlanRef
    by: str


class PlanReviewed(OfDraft):
    """Somebody else than its author read a draft and found it fit."""

    kind: Literal["PlanReviewed"] = "PlanReviewed"


class PlanReturned(OfDraft):
    """Somebody else than its author sent a draft back; the reason says what to mend."""

    kind: Literal["PlanReturned"] = "PlanReturned"


class PlanApproved(OfDraft):
    """Somebody else than its author answers for a draft; it may come into force."""

    kind: Literal["PlanApproved"] = "PlanApproved"


class PlanPublished(Event):
    """A version of the plan came into force; new incidents are pinned to it."""

    kind: Literal["PlanPublished"] = "PlanPublished"
    ref: PlanRef
    plan: Plan


class PlanWithdrawn(OfDraft):
    """A draft was taken back before it came into force."""

    kind: Literal["PlanWithdrawn"] = "PlanWithdrawn"


class Draft(NamedTuple):
    """A text that was handed in, and how far it has come."""

    number: int
    ref: PlanRef
    plan: Plan
    author: str
    state: PlanState = PlanState.DRAFT
    reviewers: tuple[str, ...] = ()


class Editions(NamedTuple):
    """The version in force, if any, and all drafts by number."""

    ref: PlanRef | None = None
    drafts: Mapping[int, Draft] = {}

    def of(self, digest: str) -> Draft | None:
        """Return the last draft with a text, by the text's hash."""
        return next((one for one in [*self.drafts.values()][::-1] if one.ref.hash == digest), None)

    def authors(self, digest: str) -> frozenset[str]:
        """Return who ever handed a text in."""
        return frozenset(one.author for one in self.drafts.values() if one.ref.hash == digest)


def evolve(state: Editions, fact: Event) -> Editions:
    """Take a fact into account."""
    match fact:
        case PlanDrafted(draft=number, ref=ref, plan=plan, by=author):
            return _with(state, Draft(number, ref, plan, author))
        case PlanReviewed(by=reviewer):
            draft = existing(state.drafts, fact.draft)
            reviewers = (*draft.reviewers, reviewer)
            return _with(state, draft._replace(state=PlanState.REVIEWED, reviewers=reviewers))
        case PlanReturned():
            return _in_state(state, fact, PlanState.RETURNED)
        case PlanApproved():
            return _in_state(state, fact, PlanState.APPROVED)
        case PlanWithdrawn():
            return _in_state(state, fact, PlanState.WITHDRAWN)
        case PlanPublished(ref=ref):
            return Editions(ref, {number: _after(one, ref) for number, one in state.drafts.items()})
        case _:
            raise AssertionError(fact)


def _in_state(state: Editions, fact: OfDraft, reached: PlanState) -> Editions:
    return _with(state, existing(state.drafts, fact.draft)._replace(state=reached))


def _with(state: Editions, draft: Draft) -> Editions:
    return state._replace(drafts={**state.drafts, draft.number: draft})


def _after(draft: Draft, published: PlanRef) -> Draft:
    """Return a draft as it is after a version came into force."""
    if draft.ref == published and draft.state is PlanState.APPROVED:
        return draft._replace(state=PlanState.EFFECTIVE)
    overtaken = draft.state in OPEN and draft.ref.version <= published.version
    if overtaken or draft.state is PlanState.EFFECTIVE:
        return draft._replace(state=PlanState.SUPERSEDED)
    return draft
