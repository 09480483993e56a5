"""The flowchart: what begins a plan, its phases with who decides, and the gates between them.

Drawn from what is run: triggers, deadlines, gates and stand-ins are those that the engine reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from compiler.drawing.flowchart.stages import Chip, Stage, stages
from compiler.drawing.picture import Area, Box, Label, Line, Picture
from compiler.drawing.text_metrics import LINE_EM, shortened, width, wrapped
from domain.plan.model.plan import Plan

WIDE = 640.0
LEFT, RIGHT = 60.0, 580.0
"""Of the boxes; the margins hold the arrows that go round."""
PAD = 14.0
GAP = 34.0
"""Between a box and the next, for the arrow and what is said beside it."""
TITLE, TEXT, SMALL = 15.0, 12.5, 11.5
CHIP_HIGH = 19.0


class _Drawn(NamedTuple):
    """Where a stage came to be."""

    stage: Stage
    area: Area


def flowchart(plan: Plan, language: str) -> Picture:
    """Draw how a plan runs, from what begins it to the closed case."""
    picture = Picture(plan.title.said_in(language), WIDE)
    top = _heading(picture, plan, language)
    drawn: list[_Drawn] = []
    for stage in stages(plan, language):
        area = _box(picture, stage, top)
        if drawn:
            _step(picture, drawn[-1], area)
        drawn.append(_Drawn(stage, area))
        top = area.bottom + GAP
    _detours(picture, drawn)
    picture.high = drawn[-1].area.bottom + 20
    return picture


def _heading(picture: Picture, plan: Plan, language: str) -> float:
    lines = wrapped(plan.title.said_in(language), 18, RIGHT - LEFT)
    y = picture.write(lines, Label(LEFT, 32, "", 18, "strong"))
    picture.labels.append(Label(LEFT, y - 4, f"{plan.id} v{plan.version}", SMALL, "faint"))
    return y + 14


def _box(picture: Picture, stage: Stage, top: float) -> Area:
    """Draw a stage as tall as what is written in it."""
    inside = _Inside(picture, top + PAD + TITLE * 0.8)
    inside.write(stage.title, TITLE, "on-dark" if stage.look == "end" else "strong")
    for chip in stage.chips:
        inside.chip(chip)
    for line in stage.lines:
        inside.write(line, TEXT, "")
    for line in stage.notes:
        inside.write(line, SMALL, "faint")
    area = Area(LEFT, top, RIGHT, inside.y - TEXT * 0.8 + PAD * 0.6)
    picture.shapes.insert(0, Box(area, stage.look, 18 if stage.look == "end" else 8))
    return area


class _Inside:
    """What is written into a box, line below line."""

    def __init__(self, picture: Picture, y: float) -> None:
        self.picture = picture
        self.y = y

    def write(self, text: str, size: float, look: str) -> None:
        lines = wrapped(text, size, RIGHT - LEFT - 2 * PAD)
        self.y = self.picture.write(lines, Label(LEFT + PAD, self.y, "", size, look)) + 2

    def chip(self, chip: Chip) -> None:
        """Write a coloured word, and what it means beside it."""
        room = width(chip.word, SMALL) + 16
        left, top = LEFT + PAD, self.y - SMALL * 0.95
        self.picture.shapes.append(Box(Area(left, top, left + room, top + CHIP_HIGH), chip.look, 9))
        middle = Label(left + room / 2, self.y + 2, chip.word, SMALL, "on-dark", "middle")
        self.picture.labels.append(middle)
        beside = left + room + 8
        lines = wrapped(chip.says, TEXT, RIGHT - PAD - beside)
        y = self.picture.write(lines, Label(beside, self.y + 2, "", TEXT))
        y = self.picture.write(
            wrapped(chip.notes, SMALL, RIGHT - PAD - beside),
            Label(beside, y, "", SMALL, "faint"),
        )
        self.y = max(y, self.y + CHIP_HIGH + 4) + 4


def _step(picture: Picture, before: _Drawn, area: Area) -> None:
    x = WIDE / 2
    points = [(x, before.area.bottom), (x, area.top - 2)]
    picture.shapes.append(Line(points, "arrow", 1.6, arrow=True))
    if before.stage.then:
        said = shortened(before.stage.then, SMALL, RIGHT - x - 12)
        on_left = any(detour.side == "right" for detour in before.stage.detours)
        y = before.area.bottom + GAP / 2 + SMALL * 0.35
        label = Label(x + 10, y, said, SMALL, "faint")
        moved = label._replace(x=x - 10, anchor="end") if on_left else label
        picture.labels.append(moved)


def _detours(picture: Picture, drawn: Sequence[_Drawn]) -> None:
    """Draw the ways that leave out a stage, or end there: at the side, and what they mean."""
    places = {one.stage.name: one.area for one in drawn}
    for one in drawn:
        for side, target, text in one.stage.detours:
            edge, x = (LEFT, LEFT - 24) if side == "left" else (RIGHT, RIGHT + 24)
            start, end = one.area, places[target]
            y, goal = (start.top + start.bottom) / 2, end.top + 18
            inward = edge - 2 if side == "left" else edge + 2
            points = [(edge, y), (x, y), (x, goal), (inward, goal)]
            picture.shapes.append(Line(points, "arrow", 1.6, arrow=True))
            _beside(picture, text, Area(edge, start.bottom, x, start.bottom + GAP))


def _beside(picture: Picture, text: str, gap: Area) -> None:
    """Say what a detour means, in the gap below where it begins."""
    left = gap.left < WIDE / 2
    room = WIDE / 2 - LEFT - 10
    said = shortened(text, SMALL, room)
    y = gap.top + SMALL * LINE_EM
    label = Label(LEFT if left else RIGHT, y, said, SMALL, "faint", "start" if left else "end")
    picture.labels.append(label)
