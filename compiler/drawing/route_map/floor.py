"""What lies on a floor of a venue and where, before it is scaled to a picture.

In metres east and north, as the plan says. A passage between floors is drawn on both: from the zone
to the stairs on one, as the place where they arrive on the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import cos, dist, pi, sin, sqrt, tau
from typing import Literal, NamedTuple

from compiler.analysis.network import EgressNetwork, Place
from domain.plan.model.space import AssemblyArea, Cordon, Junction, Passage, TrafficPoint, Zone
from domain.values import Text

XY = tuple[float, float]
Sort = Literal["zone", "junction", "area"]

DISC_CORNERS = 24
RADIUS_M = 6.0
"""Of a place that says neither its outline nor its area."""
INWARD = 0.4
"""Of the way from a zone's edge to its middle: where the line of a passage begins."""
CORNERS_MIN = 3


class Spot(NamedTuple):
    """A place on the map."""

    name: str
    title: Text
    sort: Sort
    at: XY
    corners: Sequence[XY]
    """None for a junction."""


class Course(NamedTuple):
    """A passage on the map, from its first end to its second."""

    passage: Passage
    points: Sequence[XY]
    """One only where stairs arrive."""
    door: XY
    """Where it is marked: at the edge of the zone that it leads out of."""
    lane: int = 0
    """Beside others between the same places, it is drawn so many lanes aside."""


class Ground(NamedTuple):
    """A floor, or all of them when the plan doesn't say where things are."""

    floor: int | None
    spots: Mapping[str, Spot]
    courses: Sequence[Course]
    cordons: Sequence[Cordon] = ()
    traffic: Sequence[TrafficPoint] = ()
    is_to_scale: bool = True

    def extent(self) -> Sequence[XY]:
        """Return the points that must be on the map."""
        return [
            *(point for spot in self.spots.values() for point in (*spot.corners, spot.at)),
            *(point for course in self.courses for point in course.points),
            *(point for cordon in self.cordons for point in cordon.points),
            *((point.x, point.y) for point in self.traffic),
        ]


def is_surveyed(ways: EgressNetwork) -> bool:
    """Tell whether the plan says where things are: no two on a floor are at the same place."""
    at = [(ways.floor(name), one.x, one.y) for name, one in ways.places.items()]
    return len({*at}) == len(at)


def grounds(ways: EgressNetwork) -> Sequence[Ground]:
    """Return the floors of a venue, topmost first."""
    inhabited = {ways.floor(name) for name in ways.places}
    return [_ground(ways, floor) for floor in sorted(inhabited, reverse=True)]


def _ground(ways: EgressNetwork, floor: int) -> Ground:
    spots = {name: _spot(one) for name, one in ways.places.items() if ways.floor(name) == floor}
    courses: list[Course] = []
    lanes: dict[frozenset[str], int] = {}
    for passage in ways.venue.passages:
        if not ways.places.keys() >= {*passage.between} or floor not in floors(ways, passage):
            continue
        for name in passage.between:
            if name in ways.outside:  # drawn on whatever floor one leaves for it
                spots[name] = _spot(ways.places[name])
        lane = lanes.get(frozenset(passage.between), 0)
        lanes[frozenset(passage.between)] = lane + 1
        courses.append(_course(ways, passage, floor)._replace(lane=lane))
    ground = floor == 0
    cordons = ways.venue.cordons if ground else ()
    return Ground(floor, spots, courses, cordons, ways.venue.traffic_points if ground else ())


def floors(ways: EgressNetwork, passage: Passage) -> frozenset[int]:
    """Return the floors that a passage is drawn on: an exit where one leaves by it."""
    inside = [name for name in passage.between if name not in ways.outside]
    return frozenset(ways.floor(name) for name in inside) or frozenset({0})


def _spot(place: Place) -> Spot:
    match place:
        case Zone():
            corners = place.outline if len(place.outline) >= CORNERS_MIN else _disc(place)
            return Spot(place.id, place.title, "zone", (place.x, place.y), corners)
        case AssemblyArea():
            return Spot(place.id, place.title, "area", (place.x, place.y), _disc(place))
        case Junction():
            return Spot(place.id, place.title, "junction", (place.x, place.y), ())


def _disc(place: Zone | AssemblyArea) -> Sequence[XY]:
    radius = sqrt(place.area_m2 / pi) if place.area_m2 else RADIUS_M
    turns = (tau * n / DISC_CORNERS for n in range(DISC_CORNERS))
    return [(place.x + radius * cos(turn), place.y + radius * sin(turn)) for turn in turns]


def _course(ways: EgressNetwork, passage: Passage, floor: int) -> Course:
    """Return a passage as far as it is on a floor."""
    first, second = (ways.places[name] for name in passage.between)
    if len(floors(ways, passage)) == 1:
        return _between(passage, _spot(first), _spot(second))
    head = _stairhead(passage, first, second)
    if ways.floor(first.id) == floor:
        points = [*_leaving(_spot(first), head), head]
    else:
        points = [head, *reversed(_leaving(_spot(second), head))]
    if len(points) == 1 or dist(points[0], points[-1]) < 1:
        return Course(passage, [head], head)
    return Course(passage, points, head)


def _between(passage: Passage, first: Spot, second: Spot) -> Course:
    bends = [*passage.points]
    out = _leaving(first, bends[0] if bends else second.at)
    into = _leaving(second, bends[-1] if bends else first.at)
    begin = out[:1] if first.sort == "zone" else out[-1:] or [first.at]
    end = into[:1] if second.sort == "zone" else into[-1:] or [second.at]
    points = [*begin, *bends, *end]
    inner, outer = (out, into) if second.sort == "area" or first.sort == "zone" else (into, out)
    door = inner[-1] if inner else outer[-1] if outer else points[0]
    if first.sort == "junction" and second.sort != "zone":
        door = _part(points[0], points[1], 0.3)
    return Course(passage, points, door)


def _leaving(spot: Spot, towards: XY) -> Sequence[XY]:
    """Return where a line out of a place begins, and where it comes through the edge."""
    if spot.sort == "junction":
        return [] if dist(spot.at, towards) < 1 else [spot.at]
    edge = max(_crossings(spot, towards), default=None)
    if edge is None:  # it doesn't leave the outline
        return [_part(spot.at, towards, 0.5)]
    on_edge = _part(spot.at, towards, edge)
    return [_part(on_edge, spot.at, INWARD), on_edge]


def _crossings(spot: Spot, towards: XY) -> Iterator[float]:
    """Yield how far along a line from the middle of a place it crosses the outline, 0 to 1."""
    (x, y), (to_x, to_y) = spot.at, towards
    along = (to_x - x, to_y - y)
    for (ax, ay), (bx, by) in zip(spot.corners, [*spot.corners[1:], spot.corners[0]], strict=True):
        side = (bx - ax, by - ay)
        across = along[0] * side[1] - along[1] * side[0]
        if across == 0:
            continue
        far = ((ax - x) * side[1] - (ay - y) * side[0]) / across
        beside = ((ax - x) * along[1] - (ay - y) * along[0]) / across
        if 0 <= far <= 1 and 0 <= beside <= 1:
            yield far


def _stairhead(passage: Passage, first: Place, second: Place) -> XY:
    """Return where stairs are: at a bend that is given, at their lobby, or halfway."""
    if passage.points:
        return passage.points[len(passage.points) // 2]
    for place in (second, first):
        if isinstance(place, Junction):
            return (place.x, place.y)
    return ((first.x + second.x) / 2, (first.y + second.y) / 2)


def _part(start: XY, end: XY, part: float) -> XY:
    return (start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part)
