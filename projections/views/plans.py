"""The plans as a list shows them: every text that was handed in, and how far it has come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from domain.decider import decode
from domain.plan.lifecycle.drafts import (
    OPEN,
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
from domain.plan.model.plan import Plan, PlanRef
from eventstore.log.events import StoredEvent
from eventstore.postgres.connection import Lent
from projections.view import Apply, View

TABLE = """
    CREATE TABLE {table} (
        plan_id  text   COLLATE "C" NOT NULL,
        version  bigint NOT NULL,
        hash     text   COLLATE "C" NOT NULL,
        draft    bigint NOT NULL,
        state    text   COLLATE "C" NOT NULL,
        author   text   COLLATE "C" NOT NULL,
        title_zh text,
        title_en text,
        venues   text[] NOT NULL,
        hazards  text[] NOT NULL,
        position bigint NOT NULL,
        PRIMARY KEY (plan_id, hash)
    )"""

DRAFT = """
    INSERT INTO {table} VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (plan_id, hash) DO UPDATE
    SET draft = excluded.draft, state = excluded.state, author = excluded.author,
        position = excluded.position"""
MOVE = "UPDATE {table} SET state = $3, position = $4 WHERE plan_id = $1 AND hash = $2"
SUPERSEDE = """
    UPDATE {table} SET state = $3, position = $4
    WHERE plan_id = $1 AND (state = $5 OR (version <= $2 AND state = ANY ($6)))"""
PUBLISH = """
    INSERT INTO {table} VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (plan_id, hash) DO UPDATE
    SET state = excluded.state, position = excluded.position"""

MOVED: Mapping[type[OfDraft], PlanState] = {
    PlanReviewed: PlanState.REVIEWED,
    PlanReturned: PlanState.RETURNED,
    PlanApproved: PlanState.APPROVED,
    PlanWithdrawn: PlanState.WITHDRAWN,
}
"""The state that each step takes a draft to."""


class PlanRow(NamedTuple):
    """A text of a plan in a list."""

    plan_id: str
    version: int
    """As its author numbered it."""
    hash: str
    draft: int
    """0 if it was published when there were no drafts."""
    state: str
    author: str
    """Who handed it in; empty if that is not known."""
    title_zh: str | None
    title_en: str | None
    venues: Sequence[str]
    hazards: Sequence[str]
    position: int
    """Of its last step."""


def begin(table: str) -> Apply:
    """Start; nothing needs to be remembered."""
    statements = {sql: sql.format(table=table) for sql in (DRAFT, MOVE, SUPERSEDE, PUBLISH)}

    async def apply(connection: Lent, events: Sequence[StoredEvent]) -> None:
        for event in events:
            if event.category == PUBLICATION.category:
                for sql, arguments in _changes(event):
                    await connection.execute(statements[sql], *arguments)

    return apply


def _changes(event: StoredEvent) -> Sequence[tuple[str, Sequence[object]]]:
    """Return the statements that take a fact into the rows."""
    match decode(PUBLICATION, event.type, event.schema_version, event.data):
        case PlanDrafted(draft=draft, ref=ref, plan=plan, by=author):
            row = _row(ref, plan, PlanState.DRAFT, event.position)
            return [(DRAFT, row._replace(draft=draft, author=author))]
        case OfDraft(ref=ref) as step:
            return [(MOVE, (ref.id, ref.hash, MOVED[type(step)], event.position))]
        case PlanPublished(ref=ref, plan=plan):
            superseded = (ref.id, ref.version, PlanState.SUPERSEDED, event.position)
            return [
                (SUPERSEDE, (*superseded, PlanState.EFFECTIVE, sorted(OPEN))),
                (PUBLISH, _row(ref, plan, PlanState.EFFECTIVE, event.position)),
            ]
        case fact:
            raise AssertionError(fact)


def _row(ref: PlanRef, plan: Plan, state: PlanState, position: int) -> PlanRow:
    return PlanRow(
        plan_id=ref.id,
        version=ref.version,
        hash=ref.hash,
        draft=0,
        state=state,
        author="",
        title_zh=plan.title.zh,
        title_en=plan.title.en,
        venues=[venue.id for venue in plan.venues],
        hazards=list(plan.hazards),
        position=position,
    )


VIEW = View("plans", TABLE, rules=2, begin=begin, category=PUBLICATION.category)
"""Plans: handed in, approved, brought into force."""
