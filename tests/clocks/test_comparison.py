"""When clocks differ, as far as that is certain; and what time it is meanwhile."""

from __future__ import annotations

import time

import pytest

from services.local.clock_lines import line_of
from services.runtime.clocks.clocks import (
    HERE,
    POSTGRESQL,
    TEMPORAL,
    AgreedTime,
    Comparison,
    Reading,
)

BOUND_S = 5.0
OURS = Reading(HERE, 0.0, 0.0)


def seen(postgresql_s: float, temporal_s: float, within_s: float = 0.0) -> Comparison:
    readings = (
        OURS,
        Reading(POSTGRESQL, postgresql_s, within_s),
        Reading(TEMPORAL, temporal_s, within_s),
    )
    return Comparison(readings, BOUND_S)


@pytest.mark.parametrize(
    ("postgresql_s", "temporal_s", "difference_s"),
    [(0, 0, 0), (1, -1, 2), (5, 5, 5), (-3, 3, 6), (86_400, 0, 86_400), (86_400, 86_400, 86_400)],
)
def test_any_two_clocks_count(postgresql_s: float, temporal_s: float, difference_s: float) -> None:
    found = seen(postgresql_s, temporal_s)
    assert found.difference_s == difference_s
    assert found.agree is (difference_s <= BOUND_S)


def test_a_slow_answer_is_no_wrong_clock() -> None:
    assert seen(14.0, 0.0, within_s=10.0).agree
    assert not seen(14.0, 0.0, within_s=5.0).agree


def test_a_clock_that_could_not_be_read_is_not_compared() -> None:
    alone = Comparison((OURS,), BOUND_S)
    assert (alone.difference_s, alone.agree, bool(alone.unread)) == (0.0, True, True)
    assert line_of(Comparison((OURS, Reading(POSTGRESQL, 0, 0)), BOUND_S)).what.endswith(
        "; not read: Temporal"
    )


def test_a_complaint_names_the_clocks_the_difference_and_the_setting() -> None:
    text = seen(86_400.0, -0.25).complaint()
    for part in (
        "differ by 86400.250 s",
        "clocks.max_difference_seconds allows 5",
        "PostgreSQL 86400.000 s ahead",
        "Temporal 0.250 s behind",
        "UTC",
    ):
        assert part in text


def test_a_log_ahead_of_every_clock_is_said_and_is_no_difference() -> None:
    found = seen(0.0, 0.0)._replace(log_ahead_s=3_600.0)
    assert (found.agree, found.are_well) == (True, False)
    assert "3600.000 s ahead of every clock" in line_of(found).what
    assert line_of(found).state == "behind the log"


def test_a_clock_that_is_set_does_not_change_the_agreed_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agreed = AgreedTime()
    agreed.agree()
    right = time.time()
    since = time.clock_gettime(time.CLOCK_BOOTTIME)
    monkeypatch.setattr(time, "clock_gettime", lambda _: since + 10.0)
    assert agreed.now().timestamp() == pytest.approx(right + 10.0, abs=0.5)
    assert agreed.strayed_s == pytest.approx(-10.0, abs=0.5)
