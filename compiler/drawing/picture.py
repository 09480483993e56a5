"""Pictures as data: shapes and labels with their places, and the SVG made of them.

Lengths are in pixels of the picture's own width; x grows to the right, y downwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Literal, NamedTuple

from compiler.drawing.text_metrics import LINE_EM, width
from domain.texts import visible

FONTS = "system-ui, -apple-system, 'Segoe UI', 'PingFang SC', 'Noto Sans CJK SC', sans-serif"

Anchor = Literal["start", "middle", "end"]


class Area(NamedTuple):
    """A rectangle."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Area) -> bool:
        """Tell whether two rectangles have more than an edge in common."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


class Label(NamedTuple):
    """A line of text; y is that of its baseline."""

    x: float
    y: float
    text: str
    size: float = 13.0
    look: str = ""
    anchor: Anchor = "start"

    @property
    def area(self) -> Area:
        """Return the room it takes, as far as one can tell before it is drawn."""
        wide = width(self.text, self.size)
        left = self.x - {"start": 0.0, "middle": wide / 2, "end": wide}[self.anchor]
        return Area(left, self.y - self.size * 0.8, left + wide, self.y + self.size * 0.2)

    def svg(self) -> str:
        """Return it as SVG."""
        look = f' class="{self.look}"' if self.look else ""
        anchor = f' text-anchor="{self.anchor}"' if self.anchor != "start" else ""
        place = f'x="{self.x:.1f}" y="{self.y:.1f}" font-size="{self.size:g}"'
        return f"<text {place}{anchor}{look}>{escape(visible(self.text))}</text>"


class Box(NamedTuple):
    """A rectangle, its corners more or less round."""

    area: Area
    look: str
    round: float = 8.0

    def svg(self) -> str:
        """Return it as SVG."""
        left, top, right, bottom = self.area
        size = f'width="{right - left:.1f}" height="{bottom - top:.1f}"'
        place = f'x="{left:.1f}" y="{top:.1f}" {size} rx="{self.round:g}"'
        return f'<rect {place} class="{self.look}"/>'


class Line(NamedTuple):
    """A line through points."""

    points: Sequence[tuple[float, float]]
    look: str
    wide: float = 1.6
    arrow: bool = False

    def svg(self) -> str:
        """Return it as SVG."""
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in self.points)
        head = ' marker-end="url(#arrow)"' if self.arrow else ""
        return (
            f'<polyline points="{drawn}" class="{self.look}" stroke-width="{self.wide:.1f}"{head}/>'
        )


class Outline(NamedTuple):
    """A closed shape."""

    points: Sequence[tuple[float, float]]
    look: str

    def svg(self) -> str:
        """Return it as SVG."""
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in self.points)
        return f'<polygon points="{drawn}" class="{self.look}"/>'


class Disc(NamedTuple):
    """A circle."""

    x: float
    y: float
    radius: float
    look: str

    def svg(self) -> str:
        """Return it as SVG."""
        place = f'cx="{self.x:.1f}" cy="{self.y:.1f}" r="{self.radius:.1f}"'
        return f'<circle {place} class="{self.look}"/>'


Shape = Box | Line | Outline | Disc


@dataclass
class Picture:
    """What is drawn: the shapes in order, then the labels over them."""

    title: str
    wide: float
    high: float = 0.0
    shapes: list[Shape] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)

    def write(self, lines: Sequence[str], at: Label) -> float:
        """Write lines below each other, the first at a label's place; return the next baseline."""
        y = at.y
        for line in lines:
            self.labels.append(at._replace(y=y, text=line))
            y += at.size * LINE_EM
        return y

    def svg(self, *, alone: bool = True) -> str:
        """Return the picture; alone with its own style, else with that of the page it is in."""
        style = f"<style>{STYLE}</style>" if alone else ""
        drawn = "\n".join(one.svg() for one in (*self.shapes, *self.labels))
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.wide:g} {self.high:g}" '
            f'class="drawing" role="img" font-family="{escape(FONTS)}">'
        )
        return (
            f"{head}\n<title>{escape(visible(self.title))}</title>{style}{ARROW}\n{drawn}\n</svg>\n"
        )


ARROW = (
    '<defs><marker id="arrow" viewBox="0 0 10 10" refX="8" refY="5" markerUnits="userSpaceOnUse" '
    'markerWidth="11" markerHeight="11" orient="auto"><path class="head" d="M0 0 10 5 0 10z"/>'
    "</marker></defs>"
)

STYLE = """
.drawing { background: var(--paper, #fff); --ink: #16202c; --faint: #566579; --line: #5b6b7f;
  --panel: #f4f6f9; --calm: #d9eee1; --tight: #fdeec4; --late: #f8d3cd; --alarm: #b3261e;
  --area: #dbe8fb; --edge: #9fb0c3; --halo: #fff; --gate: #fff6df; --gate-edge: #b07a00;
  --out: #12884a; --safe: #d5f0df; --soon: #f7f5ef; --sooner: #f5ecd3; --later: #f1ddac;
  --latest: #ebc98a; --over: #f2b5ab; }
.drawing text { fill: var(--ink); } .drawing .faint { fill: var(--faint); }
.drawing .strong { font-weight: 650; } .drawing .alarm { fill: var(--alarm); font-weight: 650; }
.drawing .on-dark { fill: #fff; font-weight: 650; }
.drawing .halo { paint-order: stroke; stroke: var(--halo); stroke-width: 3.5px; }
.drawing rect.panel { fill: var(--panel); stroke: var(--edge); }
.drawing rect.gate { fill: var(--gate); stroke: var(--gate-edge); stroke-dasharray: 5 3; }
.drawing rect.end, .drawing rect.head-bar { fill: #2b4a73; }
.drawing rect.red { fill: #c62828; } .drawing rect.orange { fill: #d26900; }
.drawing rect.yellow { fill: #8d7400; } .drawing rect.blue { fill: #1f5fbf; }
.drawing rect.level { fill: #44546a; }
.drawing polyline { fill: none; stroke-linejoin: round; stroke-linecap: round; }
.drawing .way { stroke: var(--edge); } .drawing .flow { stroke: var(--out); }
.drawing .flow-head { fill: var(--out); } .drawing .neck-head { fill: var(--alarm); }
.drawing .lost { stroke: var(--alarm); stroke-dasharray: 7 5; }
.drawing .set-route { stroke: var(--halo); stroke-dasharray: 7 6; }
.drawing .leader, .drawing .bar { stroke: var(--faint); } .drawing .dot { fill: var(--faint); }
.drawing .sheet { fill: none; stroke: var(--edge); }
.drawing .zone-1 { fill: var(--soon); } .drawing .zone-2 { fill: var(--sooner); }
.drawing .zone-3 { fill: var(--later); } .drawing .zone-4 { fill: var(--latest); }
.drawing .zone-over { fill: var(--over); }
.drawing [class^=zone], .drawing .junction { stroke: var(--edge); stroke-width: 1.2px; }
.drawing .junction { fill: var(--halo); } .drawing polygon.panel { fill: var(--panel); }
.drawing .assembly { fill: var(--safe); stroke: var(--out); stroke-width: 2px; }
.drawing .cordon-inner { stroke: var(--alarm); stroke-dasharray: 2 5; }
.drawing .cordon-outer { stroke: var(--gate-edge); stroke-dasharray: 8 4 2 4; }
.drawing .neck { stroke: var(--alarm); }
.drawing .shut { stroke: var(--faint); stroke-dasharray: 3 4; }
.drawing .arrow { stroke: var(--line); } .drawing .head { fill: var(--line); }
.drawing .cross { stroke: var(--alarm); }
.drawing .calm { fill: var(--calm); stroke: var(--edge); }
.drawing .tight { fill: var(--tight); stroke: var(--edge); }
.drawing .late { fill: var(--late); stroke: var(--edge); }
.drawing .area { fill: var(--area); stroke: #3f7fbf; }
.drawing .mark { fill: #2b4a73; } .drawing .mark-area { fill: #2a6db8; }
.drawing .mark-exit { fill: #0e7a3f; } .drawing .mark-way { fill: #3d6d5a; }
.drawing .mark-shut { fill: #66717f; } .drawing .mark-refuge { fill: #0b6e78; }
.drawing .mark-cordon { fill: #8a5a00; } .drawing .mark-traffic { fill: #6b3fa0; }
 .drawing .mark-neck, .drawing .mark-lost { fill: #b3261e; }
@media (prefers-color-scheme: dark) {
  .drawing { background: var(--paper, #10161e); --ink: #e9eef5; --faint: #a7b4c4; --line: #93a3b6;
    --panel: #18212c; --calm: #1f4031; --tight: #4a3d12; --late: #55251f; --alarm: #ff8a80;
    --area: #1b3350; --edge: #4d5d70; --halo: #10161e; --gate: #2c2613; --gate-edge: #d9a940;
    --out: #2fae6b; --safe: #12402a; --soon: #1c232c; --sooner: #2d2c26; --later: #413a26;
    --latest: #5a4a25; --over: #652b24; }
}
@media print { .drawing { background: #fff; } }
"""
"""Light and dark; in print always as on paper."""
