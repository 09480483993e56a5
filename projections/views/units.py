"""The units as a list shows them: what they are, and where they stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from domain.decider import Versioned
from domain.resource.unit import UNITS, Unit
from eventstore.log.events import StoredEvent
from eventstore.postgres.connection import Lent
from projections.stateful import Folding
from projections.view import Apply, View

COORDINATE_MAX_M = 1e9
"""How far from a venue's origin distances are told apart: beyond it PostgreSQL's would overflow."""

PLACE = f"""point(greatest(-{COORDINATE_MAX_M:.0f}, least(x, {COORDINATE_MAX_M:.0f})),
        greatest(-{COORDINATE_MAX_M:.0f}, least(y, {COORDINATE_MAX_M:.0f})))"""
"""Where a unit waits; in these words it is indexed."""

TABLE = f"""
    CREATE TABLE {{table}} (
        unit          text   COLLATE "C" PRIMARY KEY,
        title_zh      text,
        title_en      text,
        resource_kind text   COLLATE "C" NOT NULL,
        venue         text   COLLATE "C",
        x             double precision NOT NULL,
        y             double precision NOT NULL,
        capacity      int,
        status        text   COLLATE "C" NOT NULL,
        incident_id   text   COLLATE "C",
        request       text   COLLATE "C",
        cause         text,
        version       bigint NOT NULL
    );
    CREATE INDEX ON {{table}} (resource_kind, venue);
    CREATE INDEX ON {{table}} (incident_id, request) WHERE incident_id IS NOT NULL;
    CREATE INDEX ON {{table}} USING gist ({PLACE}) WHERE status = 'available'"""

KEEP = """
    INSERT INTO {table} VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
    ON CONFLICT (unit) DO UPDATE SET
        title_zh = excluded.title_zh, title_en = excluded.title_en,
        resource_kind = excluded.resource_kind, venue = excluded.venue,
        x = excluded.x, y = excluded.y, capacity = excluded.capacity, status = excluded.status,
        incident_id = excluded.incident_id, request = excluded.request, cause = excluded.cause,
        version = excluded.version"""


class UnitRow(NamedTuple):
    """A unit in a list."""

    unit: str
    title_zh: str | None
    title_en: str | None
    resource_kind: str
    venue: str | None
    """The only venue that it serves; None when it serves every venue."""
    x: float
    y: float
    capacity: int | None
    status: str
    incident_id: str | None
    """What it is reserved for."""
    request: str | None
    cause: str | None
    """Why it is out of service."""
    version: int


def begin(table: str) -> Apply:
    """Start with no unit remembered."""
    folding, keep = Folding(UNITS), KEEP.format(table=table)

    async def apply(connection: Lent, events: Sequence[StoredEvent]) -> None:
        rows: dict[str, UnitRow] = {}
        for event in events:
            if taken := await folding.take(connection, event):
                row = _row(taken[1])
                rows[row.unit] = row
        if rows:
            await connection.executemany(keep, rows.values())

    return apply


def _row(known: Versioned[Unit]) -> UnitRow:
    unit = known.state
    registered = unit.registered
    assert registered is not None  # noqa: S101 - nothing happens to a unit before
    reserved = unit.reserved_for
    return UnitRow(
        unit=registered.unit,
        title_zh=registered.title.zh,
        title_en=registered.title.en,
        resource_kind=registered.resource_kind,
        venue=registered.venue,
        x=registered.x,
        y=registered.y,
        capacity=registered.capacity,
        status=unit.status,
        incident_id=reserved.incident if reserved else None,
        request=reserved.request if reserved else None,
        cause=unit.out_of_service,
        version=known.version,
    )


VIEW = View("units", TABLE, rules=1, begin=begin, category=UNITS.category)
