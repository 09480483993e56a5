"""The route maps: each floor with all exits open, and a map for each exit that may be lost.

A map of a lost exit shows the floor where one would have left by it and, on the same sheet, every
other floor where people now walk another way or no longer; what stays as it was is on the map of
the whole. Cordons and traffic points stay as they were, and are left to that map, too. Where the
plan doesn't say where things are, one map shows all floors as a scheme.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf
from typing import NamedTuple

from compiler.analysis.egress import Clearing, Egress, without
from compiler.analysis.egress import of_plan as egress_of
from compiler.analysis.network import EgressNetwork
from compiler.drawing.picture import Area, Label, Picture
from compiler.drawing.route_map.floor import Ground, floors, grounds, is_surveyed
from compiler.drawing.route_map.heading import KEY_HIGH, compass, key, write_heading
from compiler.drawing.route_map.legend import LegendRow, legend, write_legend
from compiler.drawing.route_map.panel import Panel, frame_box
from compiler.drawing.route_map.scale import MARGIN, view
from compiler.drawing.route_map.scene import Scene, storey
from compiler.drawing.route_map.schematic import schematic
from domain.plan.model.plan import Plan
from domain.plan.model.space import Venue
from domain.values import Text

WIDE = 840.0
SIDE = 20.0
HIGH_MAX = 700.0
"""Of one floor's map: with heading and legend, a sheet is as tall as a page."""
HIGH_MAX_MORE = 340.0
"""Of each floor but the first, where a sheet shows more than one."""
HIGH_MIN = 220.0
ROOM_EACH = 1_900.0
"""Square pixels for each thing on a map, so that marks find room."""
COLUMNS_WIDE = 270.0
WHOLE = Text.of("全部出口可用", "all exits open")
WITHOUT = Text.of("出口不可用", "exit lost")
SCHEME = Text.of("示意图", "scheme, not to scale")


class RouteMap(NamedTuple):
    """A map to hang up."""

    title: str
    picture: Picture
    legend: Sequence[LegendRow]
    lost: str | None
    """The exit that can't be used."""
    floor: int | None
    """Of the exit, when one is lost; none where a scheme shows all floors."""


def route_maps(plan: Plan, venue: Venue, language: str) -> Sequence[RouteMap]:
    """Draw a venue of a plan: its floors from the top, then one map for each lost exit."""
    ways = EgressNetwork(venue)
    known = egress_of(plan).get(venue.id)
    drawn = grounds(ways) if is_surveyed(ways) else [schematic(ways)]
    whole = Scene(ways, known.whole if known else None, None, language)
    maps = [_drawn(whole, [ground]) for ground in drawn]
    return [*maps, *_without(ways, known, drawn, language)]


def _without(
    ways: EgressNetwork, known: Egress | None, drawn: Sequence[Ground], language: str
) -> Iterator[RouteMap]:
    if known is None:
        return
    for lost, clearing in known.lost.items():
        told = clearing._replace(zones=without(ways, lost).zones)
        shown = _shown(ways, known.whole, told, lost, drawn)
        calm = [one._replace(cordons=(), traffic=()) for one in shown]
        yield _drawn(Scene(ways, told, lost, language), calm)


def _shown(
    ways: EgressNetwork, before: Clearing, after: Clearing, lost: str, drawn: Sequence[Ground]
) -> Sequence[Ground]:
    """Return the exit's floor first, then those where people walk otherwise than before."""
    passages = {one.id: one for one in ways.venue.passages}
    own = floors(ways, passages[lost])
    changed: set[int] = set()
    for name, passage in passages.items():
        flows = (before.flows.get(name), after.flows.get(name))
        if (flows[0] and flows[0].towards) != (flows[1] and flows[1].towards):
            changed |= floors(ways, passage)
    first = [one for one in drawn if one.floor is None or one.floor in own]
    return [*first, *(one for one in drawn if one not in first and one.floor in changed)]


def _drawn(scene: Scene, shown: Sequence[Ground]) -> RouteMap:
    title = _title(scene, shown)
    wide = max(WIDE, *(_wide(ground) for ground in shown))
    picture = Picture(title, wide)
    top = write_heading(picture, scene, title, Area(SIDE, 0, wide - SIDE, 0))
    top = key(picture, scene, Area(SIDE, top, wide - SIDE, top + KEY_HIGH))
    for ground in shown:
        if len(shown) > 1 and ground.floor is not None:
            name = scene.said(storey(ground.floor))
            picture.labels.append(Label(SIDE, top + 16, name, 14, "strong"))
            top += 24
        frame = Area(SIDE, top, wide - SIDE, top + _high(ground, wide, is_first=ground is shown[0]))
        picture.shapes.append(frame_box(frame))
        Panel(picture, scene, ground, frame).draw()
        top = frame.bottom + 6
        if ground.is_to_scale:
            scale = view(ground, frame).scale
            top = compass(picture, scene, Area(SIDE, top, wide - SIDE, top), scale)
        top += 10
    rows = legend(scene, shown)
    columns = max(int((wide - 2 * SIDE) / COLUMNS_WIDE), 1)
    top = write_legend(picture, rows, Area(SIDE, top + 4, wide - SIDE, top + 4), columns)
    picture.high = top + 14
    return RouteMap(title, picture, rows, scene.lost, shown[0].floor if shown else None)


def _title(scene: Scene, shown: Sequence[Ground]) -> str:
    venue = scene.said(scene.venue.title)
    if scene.lost:
        lost = next(one for one in scene.venue.passages if one.id == scene.lost)
        said = f"{scene.said(WITHOUT)}{'：' if scene.language.startswith('zh') else ': '}"
        return f"{venue} · {said}{scene.mark(lost.id)} {scene.said(lost.title)}"
    floor = shown[0].floor
    where = scene.said(SCHEME if floor is None else storey(floor))
    return f"{venue} · {where} · {scene.said(WHOLE)}"


def _wide(ground: Ground) -> float:
    """Return how wide the sheet must be: a scheme isn't scaled down."""
    if ground.is_to_scale:
        return WIDE
    xs = [x for x, _ in ground.extent()]
    return max(xs) - min(xs) + 2 * (SIDE + MARGIN)


def _high(ground: Ground, wide: float, *, is_first: bool) -> float:
    """Return how tall a floor's frame is: as its shape wants, and with room for all marks."""
    extent = ground.extent()
    xs, ys = [x for x, _ in extent], [y for _, y in extent]
    high, across = max(ys) - min(ys), max(xs) - min(xs)
    if not ground.is_to_scale:
        return high + 2 * MARGIN
    room = wide - 2 * (SIDE + MARGIN)
    wanted = high * room / across + 2 * MARGIN if across else inf
    most = HIGH_MAX if is_first else HIGH_MAX_MORE
    things = 5 * len(ground.spots) + 2 * len(ground.courses) + len(ground.traffic)
    least = max(HIGH_MIN, things * ROOM_EACH / room)
    return max(min(wanted, most), least)
