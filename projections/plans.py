"""The plans as a list shows them: every version that came into force."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from domain.aggregate import decode
from domain.plan.publication import PUBLICATION, PlanPublished
from eventstore.connecting import Lent
from eventstore.events import StoredEvent
from projections.view import Apply, View

TABLE = """
    CREATE TABLE {table} (
        plan_id  text   COLLATE "C" NOT NULL,
        version  bigint NOT NULL,
        hash     text   COLLATE "C" NOT NULL,
        title_zh text,
        title_en text,
        venues   text[] NOT NULL,
        hazards  text[] NOT NULL,
        position bigint NOT NULL,
        PRIMARY KEY (plan_id, version)
    )"""

KEEP = "INSERT INTO {table} VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"


class PlanRow(NamedTuple):
    """A version of a plan in a list."""

    plan_id: str
    version: int
    """As its author numbered it."""
    hash: str
    title_zh: str | None
    title_en: str | None
    venues: Sequence[str]
    hazards: Sequence[str]
    position: int


def begin(table: str) -> Apply:
    """Start; nothing needs to be remembered."""
    keep = KEEP.format(table=table)

    async def apply(connection: Lent, events: Sequence[StoredEvent]) -> None:
        rows = [_row(event) for event in events if event.category == PUBLICATION.category]
        if rows:
            await connection.executemany(keep, rows)

    return apply


def _row(event: StoredEvent) -> PlanRow:
    match decode(PUBLICATION, event.type, event.schema_version, event.data):
        case PlanPublished(ref=ref, plan=plan):
            return PlanRow(
                plan_id=ref.id,
                version=ref.version,
                hash=ref.hash,
                title_zh=plan.title.zh,
                title_en=plan.title.en,
                venues=[venue.id for venue in plan.venues],
                hazards=list(plan.hazards),
                position=event.position,
            )
        case fact:
            raise AssertionError(fact)


VIEW = View("plans", TABLE, rules=1, begin=begin)
