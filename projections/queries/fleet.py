"""Which units there are for a request, from the view of units and the end of the log.

The view may be behind, stand still, or not be there at all. What happened to units since its
position is read from the log: so the answer is as the log has it, and only takes longer.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import asyncpg

from domain.decider import decode
from domain.resource.unit import UNITS, Reservation, Unit, UnitStatus
from projections.views.units import COORDINATE_MAX_M, PLACE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from activities.fleet import Sought
    from eventstore.log.log import Log

NEAREST_MAX: Final = 32
"""Units that are proposed at a time; with all of them taken meanwhile, more are asked for."""

STREAMS_MAX: Final = 1_000
"""Streams of units that are read from the log at a time."""

# In the words of the index `event_unit`, or PostgreSQL would read the whole log.
GROWN: Final = """
    SELECT DISTINCT substr(e.stream, 6) AS unit FROM muster.event e
    WHERE e.stream >= 'unit/' AND e.stream < 'unit0' AND e.position > {position}"""
ALL_GROWN: Final = GROWN.format(position=0)
"""Where there is no view."""

# The view's position and its rows are of one snapshot, so nothing falls between them.
PROPOSE: Final = """
    WITH grown AS MATERIALIZED ({grown})
    SELECT g.unit, NULL::float8 AS metres, NULL AS incident_id, NULL AS request, true AS has_grown
    FROM grown g
    UNION ALL (
    SELECT {rows}, false FROM muster_view.units u
    WHERE {where} AND u.unit NOT IN (SELECT g.unit FROM grown g) {order})"""
POSITION: Final = """
    coalesce((SELECT c.position FROM muster_view.checkpoint c WHERE c.view = 'units'), 0)"""
FITS: Final = "u.resource_kind = $1 AND (u.venue IS NULL OR u.venue = $2)"


def _proposing(rows: str, where: str, order: str = "") -> str:
    return PROPOSE.format(
        grown=GROWN.format(position=POSITION), rows=rows, where=where, order=order
    )


NEAREST: Final = _proposing(
    f"u.unit, {PLACE} <-> point($3, $4), NULL, NULL",
    f"u.status = 'available' AND {FITS} AND u.unit <> ALL ($5::text[])",
    f"ORDER BY {PLACE} <-> point($3, $4), u.unit LIMIT {NEAREST_MAX}",
)
KEPT_FOR: Final = _proposing("u.unit, NULL, NULL, NULL", "u.incident_id = $1 AND u.request = $2")
ASSIGNED: Final = _proposing(
    "DISTINCT '', NULL::float8, u.incident_id, u.request", f"u.status = 'assigned' AND {FITS}"
)

STATES: Final = """
    SELECT asked.stream, e.type, e.schema_version, e.data
    FROM unnest($1::text[]) AS asked (stream) CROSS JOIN LATERAL (
        SELECT e.type, e.schema_version, e.data FROM muster.event e
        WHERE e.stream = asked.stream ORDER BY e.version) AS e"""


class Proposed(NamedTuple):
    """A unit and how far it is, or whom units are kept for."""

    metres: float
    unit: str
    kept_for: Reservation | None


class FleetView:
    """Proposes units (`activities.fleet.Fleet`)."""

    def __init__(self, log: Log) -> None:
        self._log = log

    async def nearest(self, sought: Sought, besides: Collection[str]) -> Sequence[str]:
        """Return available units that fit, the nearest first, without some."""
        x, y = _bounded(sought.x), _bounded(sought.y)

        def fits(name: str, unit: Unit) -> bool:
            is_free = unit.status is UnitStatus.AVAILABLE
            return is_free and name not in besides and _fits(unit, sought)

        found = await self._propose(
            fits, sought, NEAREST, sought.resource_kind, sought.venue, x, y, list(besides)
        )
        return [one.unit for one in sorted(found)[:NEAREST_MAX]]

    async def kept_for(self, reservation: Reservation) -> Collection[str]:
        """Return the units that are reserved for a request."""

        def is_kept(_: str, unit: Unit) -> bool:
            return unit.reserved_for == reservation

        found = await self._propose(is_kept, None, KEPT_FOR, *reservation)
        return sorted(one.unit for one in found)

    async def reservations(self, sought: Sought) -> Collection[Reservation]:
        """Return whom the units are reserved for that would fit and are in service."""

        def is_kept(_: str, unit: Unit) -> bool:
            return unit.status is UnitStatus.ASSIGNED and _fits(unit, sought)

        found = await self._propose(is_kept, None, ASSIGNED, sought.resource_kind, sought.venue)
        return {one.kept_for for one in found if one.kept_for}

    async def _propose(
        self,
        fits: Callable[[str, Unit], bool],
        near: Sought | None,
        query: str,
        *arguments: object,
    ) -> list[Proposed]:
        """Return rows of the view, and in the place of those that it is behind with, the units."""
        try:
            rows = await self._log.fetch(query, *arguments)
        except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):  # it was never made
            rows, grown = [], [str(row["unit"]) for row in await self._log.fetch(ALL_GROWN)]
        else:
            grown = [row["unit"] for row in rows if row["has_grown"]]
        found = [_proposed(row) for row in rows if not row["has_grown"]]
        for first in range(0, len(grown), STREAMS_MAX):
            for name, unit in (await self._states(grown[first : first + STREAMS_MAX])).items():
                if fits(name, unit):
                    metres = _metres(unit, near) if near else 0.0
                    found.append(Proposed(metres, name, unit.reserved_for))
        return found

    async def _states(self, names: Sequence[str]) -> Mapping[str, Unit]:
        """Fold units from the log itself."""
        units: dict[str, Unit] = {}
        rows = await self._log.fetch(STATES, [UNITS.stream(name) for name in names])
        for stream, kind, schema_version, data in rows:
            name = stream.removeprefix(UNITS.stream(""))
            fact = decode(UNITS, kind, schema_version, data)
            units[name] = UNITS.evolve(units.get(name, UNITS.initial), fact)
        return units


def _proposed(row: asyncpg.Record) -> Proposed:
    reserved = row["incident_id"] and Reservation(row["incident_id"], row["request"])
    return Proposed(row["metres"] or 0.0, row["unit"], reserved or None)


def _fits(unit: Unit, sought: Sought) -> bool:
    known = unit.registered
    return (
        known is not None
        and known.resource_kind == sought.resource_kind
        and known.venue in {None, sought.venue}
    )


def _metres(unit: Unit, sought: Sought) -> float:
    assert unit.registered, "only a unit that is registered fits"  # noqa: S101 - an invariant
    x, y = _bounded(unit.registered.x), _bounded(unit.registered.y)
    return math.hypot(x - _bounded(sought.x), y - _bounded(sought.y))


def _bounded(coordinate: float) -> float:
    return max(-COORDINATE_MAX_M, min(coordinate, COORDINATE_MAX_M))
