"""A map of a venue whose plan doesn't say where things are: in columns, the way out to the right.

Each place stands as many columns from the assembly areas as there are passages between; no passage
skips a column, and those within one go round through the gap beside it, so no line hides a place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from compiler.analysis.network import EgressNetwork, Place
from compiler.drawing.route_map.floor import XY, Course, Ground, Sort, Spot
from domain.plan.model.space import AssemblyArea, Junction, Passage

BOX = (150.0, 62.0)
GAP = (96.0, 22.0)
"""Between the columns, for markers and lines; between the rows."""
LANES = 5
"""Beside each other in a gap, before they come to lie upon each other."""


class _Grid(NamedTuple):
    """Where places stand: columns from the right, each from the top."""

    columns: Mapping[str, int]
    rows: Mapping[str, int]


def schematic(ways: EgressNetwork) -> Ground:
    """Return all floors of a venue as columns of boxes; y grows upwards, as north does."""
    passages = [one for one in ways.venue.passages if ways.places.keys() >= {*one.between}]
    grid = _grid(ways, passages)
    spots = {name: _spot(one, _corner(grid, name)) for name, one in ways.places.items()}
    return Ground(None, spots, _courses(passages, spots, grid), is_to_scale=False)


def _grid(ways: EgressNetwork, passages: Sequence[Passage]) -> _Grid:
    beside: dict[str, list[str]] = {name: [] for name in ways.places}
    for one in passages:
        first, second = one.between
        beside[first].append(second)
        beside[second].append(first)
    waiting = [name for name in ways.places if name in ways.outside]
    columns = dict.fromkeys(waiting, 0)
    for here in waiting:
        for name in beside[here]:
            if name not in columns:
                columns[name] = columns[here] + 1
                waiting.append(name)
    apart = max(columns.values(), default=-1) + 1
    columns |= {name: apart for name in ways.places if name not in columns}
    rows: dict[str, int] = {}
    filled: dict[int, int] = {}
    for name in [*waiting, *(name for name in columns if name not in {*waiting})]:
        rows[name] = filled.get(columns[name], 0)
        filled[columns[name]] = rows[name] + 1
    return _Grid(columns, rows)


def _corner(grid: _Grid, name: str) -> XY:
    """Return the lower left corner of a place's box."""
    return (-grid.columns[name] * (BOX[0] + GAP[0]), -grid.rows[name] * (BOX[1] + GAP[1]))


def _spot(place: Place, corner: XY) -> Spot:
    (left, low), (wide, high) = corner, BOX
    corners = [(left, low), (left + wide, low), (left + wide, low + high), (left, low + high)]
    sort: Sort = (
        "area"
        if isinstance(place, AssemblyArea)
        else "junction"
        if isinstance(place, Junction)
        else "zone"
    )
    return Spot(place.id, place.title, sort, (left + wide / 2, low + high / 2), corners)


def _courses(
    passages: Sequence[Passage], spots: Mapping[str, Spot], grid: _Grid
) -> Sequence[Course]:
    right = _ports(passages, grid, 1)
    left = _ports(passages, grid, -1)
    courses = []
    lanes: dict[int, int] = {}
    for one in passages:
        ends = [spots[name] for name in one.between]
        columns = [grid.columns[name] for name in one.between]
        if columns[0] == columns[1]:
            lane = lanes.get(columns[0], 0)
            lanes[columns[0]] = lane + 1
            turn = ends[0].corners[1][0] + 8 + (lane % LANES) * 7
            begin, end = (_port(spot, right[spot.name, one.id], 1) for spot in ends)
            points = [begin, (turn, begin[1]), (turn, end[1]), end]
            door = (turn, (begin[1] + end[1]) / 2)
        else:
            farther = 0 if columns[0] > columns[1] else 1
            out = _port(ends[farther], right[ends[farther].name, one.id], 1)
            into = _port(ends[1 - farther], left[ends[1 - farther].name, one.id], -1)
            points = [out, into] if farther == 0 else [into, out]
            door = ((out[0] + into[0]) / 2, (out[1] + into[1]) / 2)
        courses.append(Course(one, points, door))
    return courses


def _ports(passages: Sequence[Passage], grid: _Grid, side: int) -> Mapping[tuple[str, str], float]:
    """Return how far down a side of each box, 0 to 1, each passage begins."""
    meeting: dict[str, list[str]] = {}
    for one in passages:
        first, second = (grid.columns[name] for name in one.between)
        for name, here, there in ((one.between[0], first, second), (one.between[1], second, first)):
            if (here >= there) if side > 0 else (here < there):
                meeting.setdefault(name, []).append(one.id)
    return {
        (name, passage): (n + 1) / (len(met) + 1)
        for name, met in meeting.items()
        for n, passage in enumerate(met)
    }


def _port(spot: Spot, down: float, side: int) -> XY:
    lower, upper = spot.corners[1 if side > 0 else 0], spot.corners[2 if side > 0 else 3]
    return (lower[0], upper[1] + (lower[1] - upper[1]) * down)
