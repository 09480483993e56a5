"""What stands over a map, and what its colours and lines mean; where north is, and how far."""

from __future__ import annotations

from collections.abc import Iterator
from math import floor, log10

from compiler.drawing.picture import Area, Box, Label, Line, Outline, Picture
from compiler.drawing.route_map.scene import SHADES, Scene
from compiler.drawing.text_metrics import LINE_EM, width, wrapped
from domain.values import Text

TITLE, TEXT, SMALL = 19.0, 13.0, 11.5
KEY_HIGH = 18.0
BAR_MAX = 140.0
"""Pixels; the scale bar is the longest round number of metres within."""
ROUNDED = 0.05
"""Minutes that the figures don't show."""
NAMED_MAX = 6
"""Passages of a bottleneck that the heading names."""

LINES = (
    ("flow", Text.of("疏散方向", "way out")),
    ("way", Text.of("可用备用", "not needed")),
    ("neck", Text.of("瓶颈", "bottleneck")),
    ("shut", Text.of("不使用", "not used")),
)
LOST = ("lost", Text.of("不可用", "lost"))
ROUTED = Text.of("虚线：既定路线", "dashes: a set route")
NORTH = Text.of("北", "N")


def write_heading(picture: Picture, scene: Scene, title: str, room: Area) -> float:
    """Write what a map shows and the figures; return where that ends."""
    wide = room.right - room.left
    look = "alarm" if scene.lost else "strong"
    y = picture.write(wrapped(title, TITLE, wide), Label(room.left, 34, "", TITLE, look))
    y -= 4
    for text, said in _figures(scene):
        y = picture.write(wrapped(text, TEXT, wide), Label(room.left, y, "", TEXT, said))
    return y - TEXT + 6


def _figures(scene: Scene) -> Iterator[tuple[str, str]]:
    clearing, zh = scene.clearing, scene.language.startswith("zh")
    if clearing is None:
        yield ("未写明通道，无法计算清空时间" if zh else "No passages are given.", "faint")
        return
    over = clearing.minutes > scene.limit
    last, titles = scene.last(), {zone.id: scene.said(zone.title) for zone in scene.venue.zones}
    minutes = f"{clearing.minutes:.1f}"
    said = (
        f"全部撤离 {minutes} 分钟（限值 {scene.limit:g} 分钟）"
        if zh
        else f"Everybody is out in {minutes} min (limit {scene.limit:g} min)"
    )
    neck = scene.neck
    if neck is None or clearing.minutes > neck.minutes + ROUNDED:
        said += "，取决于步行距离" if zh else ", as long as the walk takes"
    if last is not None:
        said += f" · 最后清空：{titles[last]}" if zh else f" · last out: {titles[last]}"
    yield said, "alarm" if over else "strong"
    if neck is not None:
        named = [scene.mark(one) for one in neck.passages[:NAMED_MAX]]
        cut = " + ".join(named) + ("…" if len(neck.passages) > NAMED_MAX else "")
        figures = (f"{neck.persons:,}", f"{neck.per_minute:,.0f}", f"{neck.minutes:.1f}")
        yield (
            (
                "瓶颈 {}：{} 人由此通过，每分钟 {} 人，需 {} 分钟".format(cut, *figures)
                if zh
                else "Bottleneck {}: {} persons at {} a minute take {} min".format(cut, *figures)
            ),
            "alarm",
        )
    if clearing.stranded:
        named = [titles[zone] for zone in clearing.stranded]
        yield ("无出路：" if zh else "No way out: ") + ("、" if zh else ", ").join(named), "alarm"


def key(picture: Picture, scene: Scene, room: Area) -> float:
    """Draw what shades and lines mean, in rows; return where that ends."""
    x, y = room.left, room.top
    for text, swatch in (*_shades(scene), *_lines(scene)):
        wide = 30 + width(text, SMALL) + 12
        if x + wide > room.right and x > room.left:
            x, y = room.left, y + KEY_HIGH
        if swatch.startswith("zone"):
            picture.shapes.append(Box(Area(x, y + 2, x + 22, y + 15), swatch, 3))
        else:
            points = [(x + 1, y + 8.5), (x + 21, y + 8.5)]
            thin = swatch in {"shut", "lost"}
            picture.shapes.append(Line(points, swatch, 2.2 if thin else 6))
            if swatch == "flow":
                picture.shapes.append(Line(points, "set-route", 1.2))
        picture.labels.append(Label(x + 27, y + 12.5, text, SMALL, "faint"))
        x += wide
    return y + KEY_HIGH + 4


def _shades(scene: Scene) -> Iterator[tuple[str, str]]:
    if scene.clearing is None:
        return
    unit = " 分钟" if scene.language.startswith("zh") else " min"
    for n in range(1, SHADES + 1):
        yield f"≤ {scene.limit * n / SHADES:g}{unit if n == SHADES else ''}", f"zone-{n}"
    yield f"> {scene.limit:g}{unit}", "zone-over"


def _lines(scene: Scene) -> Iterator[tuple[str, str]]:
    for look, text in (*LINES, LOST) if scene.lost else LINES:
        said = scene.said(text)
        if look == "flow":
            zh = scene.language.startswith("zh")
            said += ("（" if zh else " (") + scene.said(ROUTED) + ("）" if zh else ")")
        yield said, look


def compass(picture: Picture, scene: Scene, room: Area, scale: float) -> float:
    """Draw a bar of so many metres and where north is; return where that ends."""
    metres = _round(BAR_MAX / scale)
    left, y, right = room.left + 2, room.top + 10, room.left + 2 + metres * scale
    points = [(left, y - 4), (left, y), (right, y), (right, y - 4)]
    picture.shapes.append(Line(points, "bar", 1.6))
    unit = " 米" if scene.language.startswith("zh") else " m"
    picture.labels.append(Label(right + 8, y + 2, f"{metres:g}{unit}", SMALL, "faint"))
    x = room.right - 10
    picture.shapes.append(Outline([(x, y - 9), (x + 5, y + 4), (x, y + 1), (x - 5, y + 4)], "dot"))
    picture.labels.append(Label(x - 10, y + 2, scene.said(NORTH), SMALL, "strong", "end"))
    return y + SMALL * LINE_EM / 2


def _round(metres: float) -> float:
    """Return the largest of 1, 2, 5, 10, 20, 50 … within."""
    tens = 10.0 ** floor(log10(metres))
    return next(tens * step for step in (5, 2, 1) if tens * step <= metres)
