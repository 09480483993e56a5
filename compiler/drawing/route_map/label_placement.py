"""Room for what is written on a map: where a label can stand so that it hides no other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import cos, hypot, inf, sin, tau

from compiler.drawing.picture import Area

STEP, STRIDE = 6.0, 16.0
"""From one place that is tried to the next: near where it is wanted, and elsewhere."""
CELL = 48.0
"""Of the squares by which neighbours are found."""
REACH = 150.0
"""How far from where it belongs a label is looked for at first; then everywhere."""
ASTRIDE, ELSEWHERE = 70.0, 85.0
"""What it costs to stand on the edge of the shape that a label belongs to, or outside of it."""

XY = tuple[float, float]


class Placing:
    """A frame, and what stands in it."""

    def __init__(self, frame: Area) -> None:
        self.frame = frame
        self._taken: dict[tuple[int, int], list[Area]] = {}
        self._lines: list[tuple[XY, XY]] = []

    def take(self, area: Area) -> None:
        """Keep an area free of labels."""
        for cell in _cells(area):
            self._taken.setdefault(cell, []).append(area)

    def line(self, points: Sequence[XY]) -> None:
        """Tell of a line that labels had better not cross."""
        self._lines.extend(pairwise(points))

    def place(
        self, size: XY, wanted: XY, within: Area | None = None, line_cost: float = 0.0
    ) -> Area | None:
        """Take the best free place for a label near where it is wanted; None if all is full."""
        best, least = None, inf
        for area, far in _around(size, wanted):
            if far >= least:
                break
            cost = far + (_strays(within, area) if within is not None else 0.0)
            if cost >= least or not self._is_free(area):
                continue
            if line_cost:
                cost += line_cost * self._crossed(area)
            if cost < least:
                best, least = area, cost
        best = best or self._anywhere(size, wanted)
        if best is not None:
            self.take(best)
        return best

    def _anywhere(self, size: XY, wanted: XY) -> Area | None:
        wide, high = size
        down = int(max(self.frame.bottom - self.frame.top - high, 0) // STRIDE) + 1
        across = int(max(self.frame.right - self.frame.left - wide, 0) // STRIDE) + 1
        places = [
            _sized(self.frame.left + k * STRIDE, self.frame.top + n * STRIDE, wide, high)
            for n in range(down)
            for k in range(across)
        ]
        places.sort(key=lambda area: _away(area, wanted))
        return next((area for area in places if self._is_free(area)), None)

    def _is_free(self, area: Area) -> bool:
        left, top, right, bottom = area
        frame = self.frame
        if left < frame.left or top < frame.top or right > frame.right or bottom > frame.bottom:
            return False
        return not any(
            left < other[2] and other[0] < right and top < other[3] and other[1] < bottom
            for cell in _cells(area)
            for other in self._taken.get(cell, ())
        )

    def _crossed(self, area: Area) -> int:
        return sum(_crosses(area, *line) for line in self._lines)


def middle(area: Area) -> XY:
    """Return the middle of an area."""
    return ((area.left + area.right) / 2, (area.top + area.bottom) / 2)


def _around(size: XY, wanted: XY) -> Iterator[tuple[Area, float]]:
    """Yield places round a point, nearest first."""
    wide, high = size
    left, top = wanted[0] - wide / 2, wanted[1] - high / 2
    yield _sized(left, top, wide, high), 0.0
    for ring in range(1, int(REACH / STEP)):
        far = ring * STEP
        many = min(6 + 2 * ring, 32)
        for n in range(many):
            turn = tau * n / many
            yield _sized(left + far * cos(turn), top + far * sin(turn), wide, high), far


def _cells(area: Area) -> Iterator[tuple[int, int]]:
    """Yield the squares that an area lies in, so that only its neighbours are looked at."""
    down = range(int(area[1] // CELL), int(area[3] // CELL) + 1)
    for across in range(int(area[0] // CELL), int(area[2] // CELL) + 1):
        for row in down:
            yield across, row


def _sized(left: float, top: float, wide: float, high: float) -> Area:
    return Area(left, top, left + wide, top + high)


def _away(area: Area, wanted: XY) -> float:
    x, y = middle(area)
    return hypot(x - wanted[0], y - wanted[1])


def _strays(shape: Area, area: Area) -> float:
    """Return what it costs a label to stand where it does, for the shape it belongs to."""
    if (
        shape.left <= area.left
        and shape.top <= area.top
        and shape.right >= area.right
        and shape.bottom >= area.bottom
    ):
        return 0.0
    return ASTRIDE if shape.meets(area) else ELSEWHERE


def _crosses(area: Area, start: XY, end: XY) -> bool:
    """Tell whether a line comes through a rectangle (Liang and Barsky's way)."""
    if max(start[0], end[0]) < area.left or min(start[0], end[0]) > area.right:
        return False
    if max(start[1], end[1]) < area.top or min(start[1], end[1]) > area.bottom:
        return False
    enter, leave = 0.0, 1.0
    for axis in (0, 1):
        at, along = start[axis], end[axis] - start[axis]
        low, high = area[axis], area[axis + 2]
        if along == 0:
            if not low <= at <= high:
                return False
            continue
        first, last = sorted(((low - at) / along, (high - at) / along))
        enter, leave = max(enter, first), min(leave, last)
    return enter <= leave
