"""The route maps show every way out, and nothing on them hides anything that is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest

from compiler.analysis.egress import of_plan as egress_of
from compiler.drawing.picture import Area, Box
from compiler.drawing.route_map.maps import RouteMap, route_maps
from compiler.drawing.route_map.scene import storey
from compiler.driver import read_plan, shipped
from domain.plan.model.plan import Plan
from domain.plan.model.space import Venue
from tests.domain.plan.plans import written

SHIPPED = sorted(shipped())
LANGUAGES = ("zh", "en")
ON_MAP_AND_LEGEND = 2
TOUCHING = 0.01
"""Of a pixel."""


@cache
def plan(name: str) -> Plan:
    found = read_plan(shipped()[name], f"{name}.yaml")
    assert isinstance(found, Plan)
    return found


@cache
def maps(name: str, language: str) -> Sequence[tuple[Venue, RouteMap]]:
    return [
        (venue, one)
        for venue in plan(name).venues
        for one in route_maps(plan(name), venue, language)
    ]


def written_areas(one: RouteMap) -> Sequence[Area]:
    return [label.area for label in one.picture.labels]


def hidden(one: RouteMap) -> Iterator[tuple[str, str]]:
    """Find pairs of labels that meet, and marks that stand on a label that is not their own."""
    labels = [(label.text, shrunk(label.area)) for label in one.picture.labels]
    for (first, area), (second, other) in combinations(labels, 2):
        if area.meets(other):
            yield first, second
    boxes = [shape for shape in one.picture.shapes if isinstance(shape, Box)]
    marks = [shrunk(box.area) for box in boxes if box.look.startswith("mark")]
    for mark in marks:
        over = [said for said, area in labels if mark.meets(area)]
        if len(over) != 1:
            yield str(mark), " | ".join(over)
    for mark, another in combinations(marks, 2):
        if mark.meets(another):
            yield str(mark), str(another)


def shrunk(area: Area) -> Area:
    left, top, right, bottom = area
    return Area(left + TOUCHING, top + TOUCHING, right - TOUCHING, bottom - TOUCHING)


def outside(one: RouteMap) -> Sequence[Area]:
    sheet = Area(0, 0, one.picture.wide, one.picture.high)
    return [
        area
        for area in written_areas(one)
        if area.left < sheet.left
        or area.top < sheet.top
        or area.right > sheet.right
        or area.bottom > sheet.bottom
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SHIPPED)
def test_nothing_on_a_map_hides_what_is_written(name: str, language: str) -> None:
    assert {one.title: found for _, one in maps(name, language) if (found := [*hidden(one)])} == {}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SHIPPED)
def test_everything_written_is_on_the_sheet(name: str, language: str) -> None:
    assert {one.title: found for _, one in maps(name, language) if (found := outside(one))} == {}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SHIPPED)
def test_a_map_is_well_formed(name: str, language: str) -> None:
    roots = [ET.fromstring(one.picture.svg()) for _, one in maps(name, language)]  # noqa: S314 - our own
    assert {root.tag for root in roots} == {"{http://www.w3.org/2000/svg}svg"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SHIPPED)
def test_each_exit_has_a_map_without_it(name: str, language: str) -> None:
    expected = [
        (venue.id, exit_)
        for venue in plan(name).venues
        for exit_ in egress_of(plan(name))[venue.id].lost
    ]
    assert [(venue.id, one.lost) for venue, one in maps(name, language) if one.lost] == expected


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SHIPPED)
def test_each_floor_where_somebody_is_has_a_map(name: str, language: str) -> None:
    for venue in plan(name).venues:
        floors = {one.floor for of, one in maps(name, language) if of is venue and not one.lost}
        assert floors >= {zone.floor or 0 for zone in venue.zones}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SHIPPED)
def test_every_way_and_thing_of_a_venue_is_marked_and_explained(name: str, language: str) -> None:
    for venue in plan(name).venues:
        whole = [one for of, one in maps(name, language) if of is venue and not one.lost]
        explained = "\n".join(row.text for one in whole for row in one.legend)
        titles = [
            *(one.title for one in venue.passages),
            *(one.title for one in venue.refuges),
            *(one.title for one in venue.signs),
            *(one.title for one in venue.cordons),
            *(one.title for one in venue.traffic_points),
        ]
        said = [title.said_in(language) for title in titles]
        assert [title for title in said if title not in explained] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SHIPPED)
def test_every_mark_that_is_explained_stands_on_the_map(name: str, language: str) -> None:
    for _, one in maps(name, language):
        drawn = [label.text for label in one.picture.labels]
        marks = {row.marker for row in one.legend} - {"→", "✕"}
        assert [mark for mark in sorted(marks) if drawn.count(mark) < ON_MAP_AND_LEGEND] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SHIPPED)
def test_every_zone_and_assembly_area_is_named_on_the_map_of_its_floor(
    name: str, language: str
) -> None:
    for venue in plan(name).venues:
        by_floor = {
            one.floor: "".join(label.text for label in one.picture.labels).replace(" ", "")
            for of, one in maps(name, language)
            if of is venue and not one.lost
        }
        places = [(zone.floor or 0, zone.title) for zone in venue.zones]
        places += [(0, area.title) for area in venue.assembly_areas]
        missing = [
            title
            for floor, title in places
            if title.said_in(language).replace(" ", "") not in by_floor[floor]
        ]
        assert missing == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SHIPPED)
def test_the_bottleneck_that_egress_names_is_the_one_in_red(name: str, language: str) -> None:
    for venue, one in maps(name, language):
        titles = {passage.title.said_in(language): passage.id for passage in venue.passages}
        found = egress_of(plan(name))[venue.id]
        neck = (found.lost[one.lost] if one.lost else found.whole).bottleneck
        red = {
            titles[part]
            for row in one.legend
            if row.look == "mark-neck"
            for part in row.text.split(" · ")[1:2]
        }
        listed = {
            titles[part]
            for row in one.legend
            for part in row.text.split(" · ")[:2]
            if part in titles
        }
        assert red == {*neck.passages} & listed


def test_the_figures_stand_over_the_map() -> None:
    _, whole = maps("general-venue", "zh")[0]
    _, lost = next((venue, one) for venue, one in maps("stadium-event", "en") if one.lost)
    assert any("限值 8 分钟" in label.text for label in whole.picture.labels)
    assert any("limit 8 min" in label.text for label in lost.picture.labels)


def test_a_sign_that_points_into_the_lost_exit_is_to_be_changed() -> None:
    (one,) = [one for _, one in maps("general-venue", "en") if one.lost == "south-doors"]
    assert [row.text for row in one.legend if "must be changed" in row.text] == [
        "Exit sign over the south doors · → E2 · must be changed"
    ]


def test_floors_bear_the_names_that_people_use() -> None:
    named = [storey(floor) for floor in (-2, 0, 2, 11)]
    assert [one.zh for one in named] == ["地下二层", "一层", "三层", " 12 层"]
    assert [one.en for one in named] == ["Basement 2", "Ground floor", "Level 3", "Level 12"]


def shop(**changed: object) -> Plan:
    """Return the small plan with another venue."""
    wanted = written()
    wanted["venues"] = [wanted["venues"][0] | changed]
    return Plan.model_validate(wanted)


def text(said: str) -> dict[str, str]:
    return {"zh": f"{said}区", "en": f"{said} of the shop"}


def place(name: str, **more: object) -> dict[str, object]:
    return {"id": name, "title": text(name), "capacity": 100, **more}


def passage(name: str, start: str, end: str, kind: str = "door") -> dict[str, object]:
    return {
        "id": name,
        "title": text(name),
        "kind": kind,
        "between": [start, end],
        "width_m": 1.2,
    }


def test_a_venue_without_ways_is_drawn_with_its_zones() -> None:
    found = shop()
    (only,) = route_maps(found, found.venues[0], "en")
    assert [*hidden(only)] == []
    assert only.lost is None
    assert "No passages are given." in [label.text for label in only.picture.labels]


def test_a_venue_that_says_not_where_things_are_is_drawn_as_a_scheme() -> None:
    found = shop(
        zones=[place("front"), place("back"), place("attic", floor=1), place("cellar", floor=-1)],
        assembly_areas=[place("yard"), place("street")],
        passages=[
            passage("door", "front", "street"),
            passage("gate", "back", "yard"),
            passage("between", "front", "back"),
            passage("stairs", "attic", "front", "stairs"),
            passage("steps", "cellar", "back", "stairs"),
        ],
    )
    whole, *lost = route_maps(found, found.venues[0], "zh")
    assert whole.floor is None
    assert [one.lost for one in lost] == ["door", "gate"]
    assert {row.marker for row in whole.legend} == {"E1", "E2", "P1", "S1", "S2"}
    assert [pair for one in (whole, *lost) for pair in hidden(one)] == []
    assert [area for one in (whole, *lost) for area in outside(one)] == []
