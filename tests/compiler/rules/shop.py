"""A shop that everybody gets out of: two zones side by side, an exit from each, two ways to go."""

from __future__ import annotations

from typing import Any

from tests.domain.plan.plans import text


def shop() -> dict[str, Any]:
    """Return the venue, free of findings."""
    return {
        "id": "shop",
        "title": text("Shop"),
        "zones": [
            _place("door", 80, x=0, y=0, area_m2=100, outline=_square(-5, -5, 11)),
            _place("hall", 120, x=30, y=0, area_m2=300, outline=_square(20, -10, 20)),
        ],
        "assembly_areas": [
            _place("square", 1_000, x=0, y=-60, area_m2=600),
            _place("park", 1_000, x=30, y=60, area_m2=600),
        ],
        "passages": [
            passage("main-exit", "door", "square", kind="door", length_m=60),
            passage("back-exit", "hall", "park", kind="door", length_m=60),
            passage("aisle", "door", "hall", width_m=4, length_m=30),
        ],
        "routes": [
            _route("out-in-front", "door", ["main-exit"], "square"),
            _route("out-behind", "hall", ["back-exit"], "park"),
        ],
        "refuges": [
            {
                "id": "landing",
                "title": text("Landing"),
                "zone": "hall",
                "capacity": 4,
                "post": "guide",
            }
        ],
        "signs": [_sign("board", "hall", "back-exit", kind="digital")],
        "cordons": [_cordon((-40, -20), (-40, 20))],
        "traffic_points": [
            {"id": "lane", "title": text("Lane"), "control": "rescue_lane", "post": "guide"}
        ],
    }


def passage(name: str, start: str, end: str, **more: object) -> dict[str, Any]:
    """Return a way of three metres that a wheelchair gets through."""
    said = {"id": name, "title": text(name), "kind": "corridor", "between": [start, end]}
    return said | {"width_m": 3.0, "accessible": True} | more


def _place(name: str, capacity: int, **more: object) -> dict[str, Any]:
    return {"id": name, "title": text(name), "capacity": capacity, **more}


def _route(name: str, zone: str, via: list[str], to: str) -> dict[str, Any]:
    return {"id": name, "title": text(name), "zones": [zone], "via": via, "to": to}


def _sign(name: str, zone: str, towards: str, **more: object) -> dict[str, Any]:
    return {"id": name, "title": text(name), "zone": zone, "towards": towards, **more}


def _cordon(*points: tuple[int, int]) -> dict[str, Any]:
    said = {"id": "tape", "title": text("Tape"), "kind": "outer", "post": "guide"}
    return {**said, "points": [list(point) for point in points]}


def _square(x: int, y: int, side: int) -> list[list[int]]:
    return [[x, y], [x + side, y], [x + side, y + side], [x, y + side]]
