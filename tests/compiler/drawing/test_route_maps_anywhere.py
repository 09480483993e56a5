"""Wherever the zones of a venue lie, its maps can be read."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.drawing.route_map.maps import route_maps
from tests.compiler.drawing.test_route_maps import LANGUAGES, hidden, outside, passage, place, shop

sizes = st.floats(2, 80).map(lambda metres: round(metres, 1))


corners = st.tuples(st.floats(-90, 90), st.floats(-90, 90), sizes, sizes)


@st.composite
def venues(draw: st.DrawFn) -> dict[str, object]:
    """Draw zones as rectangles anywhere, each with a door to the one before it or outside."""
    shapes = draw(st.lists(corners, min_size=1, max_size=9))
    floors = draw(st.lists(st.integers(-1, 1), min_size=len(shapes), max_size=len(shapes)))
    to = [draw(st.integers(-1, n - 1)) for n in range(len(shapes))]
    zones = [
        place(
            f"z{n}",
            x=x,
            y=y,
            floor=floor,
            outline=[[x - w, y - h], [x + w, y - h], [x + w, y + h], [x - w, y + h]],
        )
        for n, ((x, y, w, h), floor) in enumerate(zip(shapes, floors, strict=True))
    ]
    ways = [
        passage(f"p{n}", f"z{n}", "yard" if end < 0 else f"z{end}", "stairs" if n % 2 else "door")
        for n, end in enumerate(to)
    ]
    yard = place("yard", x=150.0, y=0.0, area_m2=draw(st.floats(10, 9000)))
    return {"zones": zones, "passages": ways, "assembly_areas": [yard]}


@given(venues(), st.sampled_from(LANGUAGES))
@settings(max_examples=40, deadline=None)
def test_wherever_zones_lie_nothing_hides_what_is_written(
    venue: dict[str, object], language: str
) -> None:
    found = shop(**venue)
    drawn = route_maps(found, found.venues[0], language)
    assert [pair for one in drawn for pair in hidden(one)] == []
    assert [area for one in drawn for area in outside(one)] == []
    marks = {row.marker for one in drawn if not one.lost for row in one.legend}
    assert len(marks - {"→", "✕"}) == len(found.venues[0].passages)
