"""From metres to pixels: the scale of a floor in its frame, and where things come to lie."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import dist
from typing import NamedTuple

from compiler.drawing.picture import Area
from compiler.drawing.route_map.floor import XY, Ground, Spot

MARGIN = 30.0
"""Round what is drawn, for marks beside it."""


class View(NamedTuple):
    """How metres become pixels."""

    scale: float
    left: float
    top: float
    west: float
    north: float

    def at(self, point: XY) -> XY:
        """Return where a point is in the picture."""
        return (
            self.left + (point[0] - self.west) * self.scale,
            self.top + (self.north - point[1]) * self.scale,
        )

    def all(self, points: Sequence[XY]) -> Sequence[XY]:
        """Return where points are in the picture."""
        return [self.at(point) for point in points]


def view(ground: Ground, frame: Area) -> View:
    """Return the scale at which a floor fills its frame, and where it begins."""
    extent = ground.extent()
    xs, ys = [x for x, _ in extent], [y for _, y in extent]
    wide, high = max(xs) - min(xs), max(ys) - min(ys)
    room = (frame.right - frame.left - 2 * MARGIN, frame.bottom - frame.top - 2 * MARGIN)
    scale = min(room[0] / (wide or 1), room[1] / (high or 1))
    left = frame.left + MARGIN + (room[0] - wide * scale) / 2
    top = frame.top + MARGIN + (room[1] - high * scale) / 2
    return View(scale, left, top, min(xs), max(ys))


def expanse(spot: Spot) -> float:
    """Return how large a place is: what lies on others is drawn after them."""
    shape = box(spot.corners or [spot.at])
    return (shape.right - shape.left) * (shape.bottom - shape.top)


def box(points: Sequence[XY]) -> Area:
    """Return the rectangle round some points."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return Area(min(xs), min(ys), max(xs), max(ys))


def halfway(points: Sequence[XY]) -> XY:
    """Return the point halfway along a line."""
    left = sum(dist(a, b) for a, b in pairwise(points)) / 2
    for a, b in pairwise(points):
        long = dist(a, b)
        if long >= left and long > 0:
            part = left / long
            return (a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part)
        left -= long
    return points[0]
