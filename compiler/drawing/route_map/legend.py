"""What the marks on a map mean, line by line, and how that is written below it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from compiler.drawing.picture import Area, Box, Label, Picture
from compiler.drawing.route_map.floor import Course, Ground
from compiler.drawing.route_map.scene import Scene, storey
from compiler.drawing.text_metrics import LINE_EM, width, wrapped
from domain.plan.model.space import CordonKind, PassageKind, Route, SignKind, TrafficControl
from domain.values import Text

TEXT = 11.5
MARK_HIGH = 16.0
MARK_SIZE = 10.5
COLUMN = 34.0
"""The marks' own, left of what they mean."""
GUTTER = 22.0
ROW_GAP = 3.5

DOT = " · "
"""Between what is said of one thing."""

ORDER = ("E", "S", "P", "L")

CONTROLS = {
    TrafficControl.CLOSURE: Text.of("封闭", "closed to traffic"),
    TrafficControl.ONE_WAY: Text.of("单向通行", "one way"),
    TrafficControl.HOLD: Text.of("暂停放行", "held"),
    TrafficControl.RESCUE_LANE: Text.of("救援通道，保持畅通", "rescue lane, kept clear"),
}
CORDONS = {
    CordonKind.INNER: Text.of("内警戒线", "inner cordon"),
    CordonKind.OUTER: Text.of("外警戒线", "outer cordon"),
}
LOST = Text.of("不可用", "lost")
NECK = Text.of("瓶颈", "bottleneck")
CLOSED = Text.of("关闭", "closed")
UNUSED = Text.of("本次不走", "not needed now")
NOT_COUNTED = Text.of("疏散时不使用", "not used to get out")
REDIRECT = Text.of("须改指", "must be changed")
BROKEN = Text.of("路线中断", "route broken")


class LegendRow(NamedTuple):
    """A mark and what it means."""

    marker: str
    text: str
    look: str = "mark"


def legend(scene: Scene, grounds: Sequence[Ground]) -> Sequence[LegendRow]:
    """Return what the marks on some floors mean, each once, exits first."""
    rows: dict[LegendRow, None] = {}
    courses = {course.passage.id: course for ground in grounds for course in ground.courses}
    for letter in ORDER:
        for course in courses.values():
            if scene.letter(course.passage) == letter:
                rows[_passage(scene, course)] = None
    for ground in grounds:
        rows |= dict.fromkeys(_others(scene, ground))
    for ground in grounds:
        rows |= dict.fromkeys(_route(scene, route) for route in scene.routes(ground))
    return [*rows]


def mark_look(scene: Scene, course: Course) -> str:
    """Return the colour of a passage's mark."""
    look = scene.look(course.passage)
    if look in {"lost", "neck"}:
        return f"mark-{look}"
    match scene.letter(course.passage):
        case "E":
            return "mark-exit" if look != "shut" else "mark-shut"
        case "L":
            return "mark-shut"
        case _:
            return "mark-shut" if look == "shut" else "mark-way"


def _passage(scene: Scene, course: Course) -> LegendRow:
    one, look = course.passage, scene.look(course.passage)
    zh = scene.language.startswith("zh")
    rate = scene.per_minute(one)
    parts = [scene.said(one.title)]
    joined = [scene.said(storey(floor)) for floor in scene.floors(one)]
    if len(joined) > 1:
        parts.append(" – ".join(joined))
    if one.kind is PassageKind.LIFT:
        parts.append(scene.said(NOT_COUNTED))
    else:
        parts.append(f"{one.width_m:g} 米" if zh else f"{one.width_m:g} m")
        parts.append(f"{rate:,.0f} 人/分" if zh else f"{rate:,.0f}/min")
        flow = scene.flow(one)
        if flow and look != "lost":
            persons = f"{flow.persons:,.0f}"
            parts.append(f"{persons} 人经此" if zh else f"{persons} persons")
        elif look == "way" and scene.clearing:
            parts.append(scene.said(UNUSED))
    states = {"lost": LOST, "neck": NECK, "shut": CLOSED}
    if look in states and one.kind is not PassageKind.LIFT:
        parts.insert(0, scene.said(states[look]))
    return LegendRow(scene.mark(one.id), DOT.join(parts), mark_look(scene, course))


def _others(scene: Scene, ground: Ground) -> Iterator[LegendRow]:
    zh = scene.language.startswith("zh")
    for refuge in scene.venue.refuges:
        if refuge.zone in ground.spots:
            persons = f"{refuge.capacity} 人" if zh else f"{refuge.capacity} persons"
            text = f"{scene.said(refuge.title)} · {persons}"
            yield LegendRow(scene.marks["refuge", refuge.id], text, "mark-refuge")
    for sign in scene.signs(ground):
        parts = [scene.said(sign.title), f"→ {scene.mark(sign.towards)}"]
        if scene.misleading(sign):
            static = sign.kind is SignKind.STATIC
            by_hand = ("（须人工）" if zh else " by hand") if static else ""
            parts.append(f"{scene.said(REDIRECT)}{by_hand}")
        look = "mark-lost" if scene.misleading(sign) else "mark"
        yield LegendRow(scene.marks["sign", sign.id], DOT.join(parts), look)
    if scene.lost:
        return  # cordons and traffic stay as the map of the whole venue shows them
    for cordon in ground.cordons:
        text = f"{scene.said(cordon.title)} · {scene.said(CORDONS[cordon.kind])}"
        yield LegendRow(scene.marks["cordon", cordon.id], text, "mark-cordon")
    for point in ground.traffic:
        text = f"{scene.said(point.title)} · {scene.said(CONTROLS[point.control])}"
        yield LegendRow(scene.marks["traffic", point.id], text, "mark-traffic")


def _route(scene: Scene, route: Route) -> LegendRow:
    places = scene.ways.places
    zones = "、" if scene.language.startswith("zh") else ", "
    start = zones.join(scene.said(places[zone].title) for zone in route.zones if zone in places)
    end = scene.said(places[route.to].title) if route.to in places else route.to
    steps = " → ".join([start, *(scene.mark(one) for one in route.via), end])
    if scene.lost:
        return LegendRow("✕", f"{scene.said(BROKEN)} · {steps}", "mark-lost")
    return LegendRow("→", steps, "mark-exit")


def write_legend(picture: Picture, rows: Sequence[LegendRow], room: Area, columns: int) -> float:
    """Write rows into columns below a line, and return where the longest one ends."""
    wide = (room.right - room.left - GUTTER * (columns - 1)) / columns
    written = [(row, _lines(row.text, wide - COLUMN - 2)) for row in rows]
    heights = [max(len(lines) * TEXT * LINE_EM, MARK_HIGH) + ROW_GAP for _, lines in written]
    share = sum(heights) / columns
    column, top, lowest = 0, room.top, room.top
    for (row, lines), high in zip(written, heights, strict=True):
        if top - room.top + high / 2 > share and column < columns - 1:
            column, top = column + 1, room.top
        left = room.left + column * (wide + GUTTER)
        draw_mark(picture, row.marker, row.look, Area(left, top, left + 30, top + MARK_HIGH))
        picture.write(lines, Label(left + COLUMN, top + MARK_HIGH / 2 + TEXT * 0.36, "", TEXT))
        top += high
        lowest = max(lowest, top)
    return lowest


def _lines(text: str, room: float) -> Sequence[str]:
    """Break a row between its parts where that will do."""
    lines = [""]
    for part in text.split(DOT):
        joined = f"{lines[-1]}{DOT}{part}" if lines[-1] else part
        if width(joined, TEXT) <= room:
            lines[-1] = joined
        else:
            lines += wrapped(part, TEXT, room) if lines[-1] else wrapped(joined, TEXT, room)
    return [line for line in lines if line]


def mark_size(marker: str) -> tuple[float, float]:
    """Return how wide and high a mark is."""
    return (max(width(marker, MARK_SIZE) + 7, 17.0), MARK_HIGH)


def draw_mark(picture: Picture, marker: str, look: str, room: Area) -> None:
    """Draw a mark in the middle of some room."""
    wide, high = mark_size(marker)
    x, y = (room.left + room.right) / 2, (room.top + room.bottom) / 2
    area = Area(x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)
    picture.shapes.append(Box(area, look, 4))
    at = Label(x, y + MARK_SIZE * 0.36, marker, MARK_SIZE, "on-dark", "middle")
    picture.labels.append(at)
