"""The texts of a plan, as its stream tells of them: any of them, in any state, and its history."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from muster.v1 import plan_service_pb2

from domain.decider import decode
from domain.plan.lifecycle.drafts import (
    Editions,
    OfDraft,
    PlanApproved,
    PlanDrafted,
    PlanPublished,
    PlanReturned,
    PlanReviewed,
    PlanState,
    PlanWithdrawn,
)
from domain.plan.lifecycle.publication import PUBLICATION
from services.api.commands.envelope import named
from services.api.errors.failures import Failure, Violation
from services.api.messages import from_domain

if TYPE_CHECKING:
    from domain.plan.model.plan import Plan, PlanRef
    from domain.values import Event
    from eventstore.log.events import StoredEvent
    from eventstore.log.log import Log

PAGE_FACTS = 16
"""Facts read at a time; a plan is a long text."""

REACHED: Mapping[type[Event], PlanState] = {
    PlanDrafted: PlanState.DRAFT,
    PlanReviewed: PlanState.REVIEWED,
    PlanReturned: PlanState.RETURNED,
    PlanApproved: PlanState.APPROVED,
    PlanPublished: PlanState.EFFECTIVE,
    PlanWithdrawn: PlanState.WITHDRAWN,
}
"""The state that a text comes to by each kind of fact."""


class Edition(NamedTuple):
    """A text of a plan."""

    ref: PlanRef
    plan: Plan
    state: PlanState
    draft: int = 0
    """0 if it was published when there were no drafts."""


class Texts(NamedTuple):
    """All texts of a plan."""

    editions: Editions
    published: Sequence[Edition]
    """In the order in which they came into force."""
    history: Sequence[plan_service_pb2.PlanStep]

    def numbered(self, draft: int) -> Edition | None:
        """Return a draft."""
        known = self.editions.drafts.get(draft)
        return known and Edition(known.ref, known.plan, known.state, known.number)

    def of_version(self, version: int) -> Edition | None:
        """Return a version as published, else as drafted last; for 0 the one in force."""
        if not version:
            return self.published[-1] if self.published else None
        published = [one for one in self.published if one.ref.version == version]
        drafts = [one for one in self.editions.drafts.values() if one.ref.version == version]
        if published or not drafts:
            return published[-1] if published else None
        return self.numbered(drafts[-1].number)


async def texts_of(log: Log, plan: str) -> Texts:
    """Read a plan's stream."""
    editions, published, history = Editions(), list[Edition](), list[plan_service_pb2.PlanStep]()
    async for page in log.read_stream(f"plan/{plan}", page=PAGE_FACTS):
        for event in page:
            fact = decode(PUBLICATION, event.type, event.schema_version, event.data)
            editions = PUBLICATION.evolve(editions, fact)
            history.append(_step(event, fact, editions))
            if isinstance(fact, PlanPublished):
                published = [one._replace(state=PlanState.SUPERSEDED) for one in published]
                number = _number(fact, editions)
                published.append(Edition(fact.ref, fact.plan, PlanState.EFFECTIVE, number))
    return Texts(editions, published, history)


def plan_of(place: Any) -> str:
    """Return which plan a request means. Raises Failure, also for numbers that can't be."""
    for field in ("version", "draft"):
        if getattr(place, field) < 0:
            raise Failure("FIELD_INVALID", violations=[Violation.of(field, "not_negative")])
    return named(place.plan, "plan")


def found(texts: Texts, place: Any) -> Edition:
    """Return the text that a request names by number. Raises Failure."""
    if place.last_draft:
        edition = texts.numbered(len(texts.editions.drafts))
    elif place.draft:
        edition = texts.numbered(place.draft)
    else:
        edition = texts.of_version(place.version)
    if edition is None:
        by_draft = texts.history and (place.draft or place.last_draft)
        known_as = {"plan": place.plan, "draft": str(place.draft or "")}
        reason = "PLAN_DRAFT_UNKNOWN" if by_draft else "PLAN_UNKNOWN"
        raise Failure(reason, known_as, subject=f"plan/{place.plan}")
    return edition


def _step(event: StoredEvent, fact: Event, editions: Editions) -> plan_service_pb2.PlanStep:
    assert isinstance(fact, PlanDrafted | OfDraft | PlanPublished), fact  # noqa: S101 - all there are
    meta = json.loads(event.meta)
    return plan_service_pb2.PlanStep(
        state=from_domain.number(REACHED[type(fact)]),
        plan=from_domain.plan_ref(fact.ref),
        draft=_number(fact, editions),
        at=from_domain.moment(event.recorded_at),
        by=meta.get("actor", ""),
        reason=meta.get("reason", ""),
    )


def _number(fact: PlanDrafted | OfDraft | PlanPublished, editions: Editions) -> int:
    if not isinstance(fact, PlanPublished):
        return fact.draft
    draft = editions.of(fact.ref.hash)
    return draft.number if draft else 0
