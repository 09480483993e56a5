"""A floor, drawn into a frame: shapes first, then what is written where there is room for it."""

from __future__ import annotations

from collections.abc import Sequence
from math import dist, inf

from compiler.drawing.picture import Area, Box, Disc, Label, Line, Outline, Picture
from compiler.drawing.route_map.floor import XY, Course, Ground, Spot
from compiler.drawing.route_map.label_placement import Placing, middle
from compiler.drawing.route_map.legend import DOT, draw_mark, mark_look, mark_size
from compiler.drawing.route_map.scale import box, expanse, halfway, view
from compiler.drawing.route_map.scene import Scene, storey
from compiler.drawing.text_metrics import LINE_EM, width, wrapped
from domain.plan.model.space import CordonKind

NAME, FIGURE = 12.5, 11.5
ROOM = (84.0, 170.0)
"""For a line of a zone's label: at least, at most."""
LANE = 13.0
THIN, THICK = 4.0, 13.0
"""Of a passage's line: its metres and a bit, within these."""
ARROW = 7.0
LINE_COST = 20.0
"""What it costs a label to stand on a line."""
LEADER = 13.0
"""Farther from where it belongs than this, a mark has a line to there."""


class Panel:
    """One floor in its frame."""

    def __init__(self, picture: Picture, scene: Scene, ground: Ground, frame: Area) -> None:
        self.picture = picture
        self.scene = scene
        self.ground = ground
        self.view = view(ground, frame)
        inside = Area(frame.left + 3, frame.top + 3, frame.right - 3, frame.bottom - 3)
        self.placing = Placing(inside)

    def draw(self) -> None:
        """Draw it all."""
        spots = [*self.ground.spots.values()]
        for spot in sorted(spots, key=lambda spot: -expanse(spot)):
            self._outline(spot)
        if self.scene.lost is None:
            for cordon in self.ground.cordons:
                self._cordon(self.view.all(cordon.points), cordon.kind)
        lines = {course.passage.id: self._line(course) for course in self.ground.courses}
        for course in self.ground.courses:
            self._course(course, lines[course.passage.id])
        for spot in spots:
            if spot.sort != "junction" or not self.ground.is_to_scale:
                self._name(spot)
        for letter in "ESPL":
            for course in self.ground.courses:
                if self.scene.letter(course.passage) == letter:
                    self._passage(course, lines[course.passage.id])
        self._others()

    def _outline(self, spot: Spot) -> None:
        if spot.sort == "junction" and not spot.corners:
            x, y = self.view.at(spot.at)
            self.picture.shapes.append(Disc(x, y, 5, "junction"))
            return
        looks = {"area": "assembly", "junction": "panel"}
        look = looks.get(spot.sort) or self.scene.shade(spot.name)
        self.picture.shapes.append(Outline(self.view.all(spot.corners), look))

    def _cordon(self, points: Sequence[XY], kind: CordonKind) -> None:
        self.picture.shapes.append(Line(points, f"cordon-{kind.value}", 2.4))
        self.placing.line(points)

    def _line(self, course: Course) -> Sequence[XY]:
        """Return where a passage runs, beside others between the same places."""
        points = self.view.all(course.points)
        if course.lane and len(points) > 1:
            (x, y), (to_x, to_y) = points[0], points[-1]
            long = dist(points[0], points[-1]) or 1.0
            far = LANE * ((course.lane + 1) // 2) * (1 if course.lane % 2 else -1)
            if course.passage.between[0] > course.passage.between[1]:
                far = -far
            aside = (-(to_y - y) / long * far, (to_x - x) / long * far)
            points = [(px + aside[0], py + aside[1]) for px, py in points]
        return points

    def _course(self, course: Course, points: Sequence[XY]) -> None:
        if len(points) < 2:  # noqa: PLR2004 - one point is no line
            return
        look = self.scene.look(course.passage)
        wide = min(max(course.passage.width_m + 1.5, THIN), THICK)
        thin = look in {"shut", "lost"}
        shape = Line(points, "shut" if look == "shut" else look, 2.2 if thin else wide)
        self.picture.shapes.append(shape)
        self.placing.line(points)
        if any(course.passage.id in route.via for route in self.scene.venue.routes) and not thin:
            self.picture.shapes.append(Line(points, "set-route", 1.2))
        flow = self.scene.flow(course.passage)
        if look in {"flow", "neck"} and flow:
            start = points if flow.towards == course.passage.between[1] else [*reversed(points)]
            self._arrows(start, wide, look)

    def _arrows(self, points: Sequence[XY], wide: float, look: str) -> None:
        """Draw an arrow where a line ends, in the direction of who walks."""
        before, tip = points[-2], points[-1]
        long = dist(before, tip)
        if long == 0:
            return
        unit = ((tip[0] - before[0]) / long, (tip[1] - before[1]) / long)
        half = ARROW / 2 + wide / 2
        back = (tip[0] - unit[0] * half * 1.5, tip[1] - unit[1] * half * 1.5)
        end = (tip[0] + unit[0] * 3, tip[1] + unit[1] * 3)
        aside = (-unit[1] * half, unit[0] * half)
        corners = [
            end,
            (back[0] + aside[0], back[1] + aside[1]),
            (back[0] - aside[0], back[1] - aside[1]),
        ]
        self.picture.shapes.append(Outline(corners, f"{look}-head"))
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        self.placing.take(Area(min(xs), min(ys), max(xs), max(ys)))

    def _name(self, spot: Spot) -> None:
        """Write what a place is called, and the figures of a zone."""
        shape = box(self.view.all(spot.corners))
        room = min(max(shape.right - shape.left - 10, ROOM[0]), ROOM[1])
        figures = self._figures(spot)
        joined = DOT.join(figures)
        lines = [
            *((line, NAME, "strong halo") for line in wrapped(self._title(spot), NAME, room)),
            *(
                (line, FIGURE, "halo")
                for line in ([joined] if width(joined, FIGURE) <= room else figures)
            ),
        ]
        wide = max(width(text, size) for text, size, _ in lines) + 6
        high = sum(size * LINE_EM for _, size, _ in lines) + 2
        within = shape if spot.sort == "zone" else None
        area = self.placing.place((wide, high), self.view.at(spot.at), within, LINE_COST)
        if area is None:
            return
        self._leader(area, self.view.at(spot.at), shape)
        y = area.top
        for text, size, look in lines:
            y += size * LINE_EM
            x = (area.left + area.right) / 2
            self.picture.labels.append(Label(x, y - size * 0.3, text, size, look, "middle"))

    def _title(self, spot: Spot) -> str:
        return self.scene.said(spot.title)

    def _figures(self, spot: Spot) -> Sequence[str]:
        zh = self.scene.language.startswith("zh")
        for area in self.scene.venue.assembly_areas:
            if area.id == spot.name:
                return [f"可容 {area.capacity:,} 人" if zh else f"holds {area.capacity:,}"]
        for zone in self.scene.venue.zones:
            if zone.id == spot.name:
                persons = f"{zone.capacity:,} 人" if zh else f"{zone.capacity:,} persons"
                minutes = self.scene.minutes(zone.id)
                if minutes is None:
                    return [persons]
                if minutes == inf:
                    return [persons, "无出路" if zh else "no way out"]
                return [persons, f"{minutes:.1f} 分钟" if zh else f"{minutes:.1f} min"]
        return []

    def _passage(self, course: Course, points: Sequence[XY]) -> None:
        shift = (points[0][0] - self.view.at(course.points[0])[0], 0.0)
        if len(points) > 1:
            shift = (shift[0], points[0][1] - self.view.at(course.points[0])[1])
        x, y = self.view.at(course.door)
        door = (x + shift[0], y + shift[1])
        if self.scene.look(course.passage) == "lost":
            for slant in (-1, 1):
                ends = [(door[0] - 9, door[1] - 9 * slant), (door[0] + 9, door[1] + 9 * slant)]
                self.picture.shapes.append(Line(ends, "cross", 3.4))
            self.placing.take(Area(door[0] - 10, door[1] - 10, door[0] + 10, door[1] + 10))
        at = door
        if self.scene.letter(course.passage) != "E" and len(points) > 1:
            at = halfway(points)
        marker = self.scene.mark(course.passage.id)
        area = self._mark(marker, mark_look(self.scene, course), at)
        if self.scene.look(course.passage) == "neck" and area is not None and len(points) > 1:
            self._rate(course, middle(area))
        self._leads(course, points)

    def _leads(self, course: Course, points: Sequence[XY]) -> None:
        """Say where stairs lead, or where those who come out of them come from."""
        here, flow = self.ground.floor, self.scene.flow(course.passage)
        others = [floor for floor in self.scene.floors(course.passage) if floor != here]
        if here is None or flow is None or not others or len(points) == 1:
            return
        there = self.scene.said(storey(others[0]))
        if flow.towards in self.ground.spots:
            said = f"来自{there}" if self.scene.language.startswith("zh") else f"from {there}"
        else:
            said = f"{'↑' if others[0] > here else '↓'} {there}"
        head = points[-1] if course.door == course.points[-1] else points[0]
        self._beside(said, head, "halo")

    def _rate(self, course: Course, at: XY) -> None:
        """Say beside a passage of the bottleneck how many it takes."""
        rate = f"{self.scene.per_minute(course.passage):,.0f}"
        text = f"{rate} 人/分" if self.scene.language.startswith("zh") else f"{rate}/min"
        self._beside(text, (at[0], at[1] + 16), "alarm halo")

    def _beside(self, text: str, at: XY, look: str) -> None:
        room = (width(text, FIGURE) + 4, FIGURE * 1.25)
        area = self.placing.place(room, at, line_cost=LINE_COST)
        if area is not None:
            x, y = middle(area)
            self.picture.labels.append(Label(x, y + FIGURE * 0.34, text, FIGURE, look, "middle"))

    def _others(self) -> None:
        scene, spots = self.scene, self.ground.spots
        for refuge in scene.venue.refuges:
            if refuge.zone in spots:
                shape = box(self.view.all(spots[refuge.zone].corners))
                corner = (shape.left + 16, shape.bottom - 14)
                self._mark(scene.marks["refuge", refuge.id], "mark-refuge", corner, leads=False)
        courses = {course.passage.id: course for course in self.ground.courses}
        for sign in scene.signs(self.ground):
            towards = courses[sign.towards]
            ends = self.view.all(towards.points)
            begins = ends[0] if sign.zone == towards.passage.between[0] else ends[-1]
            look = "mark-lost" if scene.misleading(sign) else "mark"
            self._mark(scene.marks["sign", sign.id], look, begins)
        if scene.lost is None:
            for cordon in self.ground.cordons:
                at = halfway(self.view.all(cordon.points))
                self._mark(scene.marks["cordon", cordon.id], "mark-cordon", at)
            for point in self.ground.traffic:
                at = self.view.at((point.x, point.y))
                self._mark(scene.marks["traffic", point.id], "mark-traffic", at)

    def _mark(self, marker: str, look: str, at: XY, *, leads: bool = True) -> Area | None:
        wide, high = mark_size(marker)
        area = self.placing.place((wide + 2, high + 2), at)
        if area is not None:
            if leads:
                self._leader(area, at, Area(at[0], at[1], at[0], at[1]))
            draw_mark(self.picture, marker, look, area)
        return area

    def _leader(self, area: Area, at: XY, shape: Area) -> None:
        """Draw a line from a label to what it is about, where it had to stand apart."""
        x, y = middle(area)
        apart = max(shape.left - x, x - shape.right, shape.top - y, y - shape.bottom)
        if apart > LEADER:
            near = (min(max(at[0], area.left), area.right), min(max(at[1], area.top), area.bottom))
            self.picture.shapes.append(Line([near, at], "leader", 1))
            self.picture.shapes.append(Disc(at[0], at[1], 1.8, "dot"))


def frame_box(frame: Area) -> Box:
    """Return the frame itself."""
    return Box(frame, "sheet", 6)
