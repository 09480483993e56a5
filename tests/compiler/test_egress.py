"""How long until everybody is out: figures that can be reckoned by hand, and what always holds."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.analysis.egress import Egress, egress
from domain.plan.model.space import Venue


def place(name: str, capacity: int = 1, **more: Any) -> dict[str, Any]:
    return {"id": name, "title": {"en": name}, "capacity": capacity, **more}


def junction(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "title": {"en": name}, **more}


def passage(start: str, end: str, width: float, kind: str = "corridor", **more: Any) -> Any:
    name = f"{start}.{end}"
    given = {"id": name, "title": {"en": name}, "kind": kind, "width_m": width}
    return {**given, "between": (start, end), **more}


def emptied(zones: list[Any], passages: list[Any], **more: Any) -> Egress:
    areas = [place("square", 99_999), place("park", 99_999)]
    venue = {"id": "hall", "title": {"en": "Hall"}, "zones": zones, "passages": passages}
    return egress(Venue.model_validate({**venue, "assembly_areas": areas, **more}))


@pytest.mark.parametrize(("rate", "persons"), [(82.0, 1_968), (60.0, 1_440)])
def test_three_metres_empty_so_many_persons_in_eight_minutes(rate: float, persons: int) -> None:
    found = emptied(
        [place("stand", persons)],
        [passage("stand", "square", 3.0)],
        egress={"level": rate},
    )
    assert found.whole.minutes == pytest.approx(8.0)
    assert found.whole.bottleneck.passages == ("stand.square",)


@pytest.mark.parametrize(
    ("kind", "floor", "rate"),
    [("corridor", 0, 60), ("door", 0, 60), ("stairs", 1, 60), ("stairs", -1, 52.8)],
)
def test_no_way_is_faster_than_the_level_and_stairs_up_are_slower(
    kind: str, floor: int, rate: float
) -> None:
    found = emptied([place("a", 600, floor=floor)], [passage("a", "square", 1.0, kind)])
    assert found.whole.minutes == pytest.approx(600 / rate)


def test_a_rate_that_was_measured_counts() -> None:
    found = emptied([place("a", 600)], [passage("a", "square", 1.0, rate=30.0)])
    assert found.whole.minutes == pytest.approx(20.0)


def test_the_bottleneck_is_the_narrowest_cut_and_not_the_exit() -> None:
    found = emptied(
        [place("inner", 600), place("outer", 60)],
        [passage("inner", "outer", 1.0), passage("outer", "square", 9.0)],
    )
    assert found.whole.bottleneck.passages == ("inner.outer",)
    assert found.whole.bottleneck.zones == ("inner",)
    assert found.whole.minutes == pytest.approx(10.0)
    assert found.whole.zones["inner"] == pytest.approx(10.0)
    assert found.whole.zones["outer"] < 2.0


def test_each_exit_is_lost_in_turn() -> None:
    found = emptied([place("a", 600)], [passage("a", "square", 2.0), passage("a", "park", 1.0)])
    assert found.whole.minutes == pytest.approx(600 / 180)
    assert found.lost["a.square"].minutes == pytest.approx(10.0)
    assert found.lost["a.park"].minutes == pytest.approx(5.0)


def test_who_has_lost_the_only_exit_is_stranded() -> None:
    found = emptied([place("a", 600)], [passage("a", "square", 2.0)])
    assert found.lost["a.square"].stranded == ("a",)
    assert found.independent == {"a": 1}


def test_a_zone_without_a_way_out_is_told_and_does_not_hide_the_others() -> None:
    found = emptied([place("a", 600), place("b", 9)], [passage("a", "square", 1.0)])
    assert found.whole.stranded == ("b",)
    assert found.whole.zones == {"a": pytest.approx(10.0), "b": inf}


@pytest.mark.parametrize(
    "spoilt",
    [{"closed": True}, {"kind": "lift"}, {"between": ("square", "a"), "one_way": True}],
)
def test_a_way_that_is_closed_a_lift_or_the_other_way_does_not_count(spoilt: Any) -> None:
    found = emptied([place("a", 600)], [{**passage("a", "square", 1.0), **spoilt}])
    assert found.whole.stranded == ("a",)


def test_nobody_is_out_sooner_than_they_can_walk() -> None:
    found = emptied([place("a", 1)], [passage("a", "square", 9.0, length_m=720.0)])
    assert found.whole.minutes == pytest.approx(10.0)
    assert found.walking == {"a": pytest.approx(10.0)}


def test_two_ways_that_share_a_passage_are_not_independent() -> None:
    shared = [passage("a", "lobby", 2.0), passage("lobby", "square", 1.0)]
    found = emptied(
        [place("a", 60)], [*shared, passage("lobby", "park", 1.0)], junctions=[junction("lobby")]
    )
    assert found.independent == {"a": 1}


def test_a_venue_without_passages_strands_everybody() -> None:
    found = emptied([place("a", 60)], [])
    assert found.whole.stranded == ("a",)
    assert found.whole.minutes == 0.0


ZONES = ("a", "b", "c", "d")
ENDS = st.sampled_from([(x, y) for x in ZONES for y in (*ZONES, "square", "park") if x != y])


@settings(max_examples=150, deadline=None)
@given(
    persons=st.lists(st.integers(1, 900), min_size=4, max_size=4),
    ends=st.lists(ENDS, min_size=1, max_size=9, unique=True),
    data=st.data(),
)
def test_the_time_is_that_of_the_worst_of_all_cuts(
    persons: list[int], ends: list[tuple[str, str]], data: st.DataObject
) -> None:
    widths = [data.draw(st.integers(1, 6)) / 2 for _ in ends]
    zones = [place(name, here) for name, here in zip(ZONES, persons, strict=True)]
    passages = [passage(x, y, w) for (x, y), w in zip(ends, widths, strict=True)]
    found = emptied(zones, passages).whole
    inside = dict(zip(ZONES, persons, strict=True))
    for gone in found.stranded:
        del inside[gone]
    worst = max((minutes for minutes in cuts(inside, passages)), default=0.0)
    assert found.minutes == pytest.approx(worst)
    assert max((found.zones[name] for name in inside), default=0.0) == pytest.approx(worst)


@settings(max_examples=150, deadline=None)
@given(
    persons=st.lists(st.integers(1, 900), min_size=4, max_size=4),
    ends=st.lists(ENDS, min_size=2, max_size=9, unique=True),
    data=st.data(),
)
def test_without_an_exit_it_is_that_of_the_cuts_that_are_left(
    persons: list[int], ends: list[tuple[str, str]], data: st.DataObject
) -> None:
    widths = [data.draw(st.integers(1, 6)) / 2 for _ in ends]
    zones = [place(name, here) for name, here in zip(ZONES, persons, strict=True)]
    passages = [passage(x, y, w) for (x, y), w in zip(ends, widths, strict=True)]
    for lost, found in emptied(zones, passages).lost.items():
        inside = dict(zip(ZONES, persons, strict=True))
        for gone in found.stranded:
            del inside[gone]
        left = [one for one in passages if one["id"] != lost]
        worst = max((minutes for minutes in cuts(inside, left)), default=0.0)
        assert found.minutes == pytest.approx(worst)
        assert found.bottleneck.minutes == pytest.approx(worst)


def cuts(inside: dict[str, int], passages: list[Any]) -> list[float]:
    """Return the minutes that each set of zones needs for its own people."""
    names = [*inside]
    found = []
    for which in range(1, 1 << len(names)):
        behind = {name for n, name in enumerate(names) if which >> n & 1}
        through = sum(
            60 * one["width_m"] for one in passages if len(behind & {*one["between"]}) == 1
        )
        found.append(sum(inside[name] for name in behind) / through)
    return found
