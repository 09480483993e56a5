"""What can be made of a plan: the handbook, the flowchart, the route maps; each from what runs."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from compiler.drawing.flowchart.chart import flowchart
from compiler.drawing.flowchart.mermaid import mermaid
from compiler.drawing.route_map.maps import route_maps
from compiler.handbook.book import Edition, handbook
from domain.plan.model.plan import Plan

SVG, HTML, MERMAID = "image/svg+xml", "text/html; charset=utf-8", "text/vnd.mermaid"
ENDINGS = {SVG: "svg", HTML: "html", MERMAID: "mmd"}
"""Of files, by media type."""


class Rendering(StrEnum):
    """What is wanted."""

    HANDBOOK = "handbook"
    FLOWCHART = "flowchart"
    MERMAID = "mermaid"
    MAPS = "maps"


class Sheet(NamedTuple):
    """One thing that was made."""

    name: str
    """In small letters, as a file may be called."""
    title: str
    media_type: str
    content: str


def rendered(plan: Plan, wanted: Rendering, edition: Edition) -> Sequence[Sheet]:
    """Make what is wanted of a plan; maps are several, one a floor and one for each lost exit."""
    title, language = plan.title.said_in(edition.language), edition.language
    match wanted:
        case Rendering.HANDBOOK:
            return [Sheet("handbook", title, HTML, handbook(plan, edition))]
        case Rendering.FLOWCHART:
            return [Sheet("flowchart", title, SVG, flowchart(plan, language).svg())]
        case Rendering.MERMAID:
            return [Sheet("flowchart", title, MERMAID, mermaid(plan, language))]
        case Rendering.MAPS:
            return _maps(plan, edition)


def _maps(plan: Plan, edition: Edition) -> Sequence[Sheet]:
    sheets = []
    for venue in plan.venues:
        if edition.venue not in {None, venue.id}:
            continue
        for one in route_maps(plan, venue, edition.language):
            shows = f"without-{one.lost}" if one.lost else _floor(one.floor)
            sheets.append(Sheet(f"{venue.id}-{shows}", one.title, SVG, one.picture.svg()))
    return sheets


def _floor(floor: int | None) -> str:
    if floor is None:
        return "scheme"
    return f"floor-{floor}" if floor >= 0 else f"basement-{-floor}"
