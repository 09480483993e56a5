"""The turn of each workflow to be examined comes within half a minute."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path

import pytest

from services.follower.reconciler import LOOK_AGAIN_S, LOOK_S
from services.follower.round_robin import EXAMINED_MIN, IN_TIME_MAX, RoundRobin

HALF_A_MINUTE_S = 30.0
TAKES_S = 2.0
"""What a comparison of so many takes."""

COMPARISONS = 100
ALWAYS, AGAIN = LOOK_S + TAKES_S, LOOK_AGAIN_S + TAKES_S
PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "recover.md"


def numbered(count: int) -> set[str]:
    return {f"{number:05}" for number in range(count)}


@pytest.mark.parametrize(
    "pauses", [(ALWAYS,), (AGAIN,), (AGAIN, AGAIN, ALWAYS), (ALWAYS, AGAIN)], ids=str
)
@pytest.mark.parametrize("count", [1, 99, 100, 301, 1_000, IN_TIME_MAX])
def test_each_is_examined_within_half_a_minute(count: int, pauses: tuple[float, ...]) -> None:
    now, incidents = 0.0, numbered(count)
    turns, seen_at = RoundRobin(lambda: now), dict.fromkeys(numbered(count), 0.0)
    for _, pause in zip(range(COMPARISONS), cycle(pauses), strict=False):
        seen_at |= dict.fromkeys(turns.next(incidents), now)
        now += pause
        assert now - min(seen_at.values()) < HALF_A_MINUTE_S


def test_the_first_look_examines_all_and_one_right_after_it_few() -> None:
    turns, incidents = RoundRobin(lambda: 0.0), numbered(IN_TIME_MAX)
    assert set(turns.next(incidents)) == incidents
    assert len(turns.next(incidents)) == EXAMINED_MIN


def test_nobody_is_examined_twice_at_a_time_and_nobody_who_is_gone() -> None:
    turns = RoundRobin(lambda: 0.0)
    assert turns.next(set()) == []
    assert turns.next(numbered(3)) == ["00000", "00001", "00002"]
    assert turns.next({"00001", "00005"}) == ["00005", "00001"]


def test_the_manual_says_up_to_how_many_that_holds() -> None:
    assert f"up to {IN_TIME_MAX:,} open incidents" in PAGE.read_text(encoding="utf-8")
