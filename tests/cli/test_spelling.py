"""Moments and spans, as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from typer import BadParameter

from services.cli.input import moments

CHINA = timezone(timedelta(hours=8))
NOON = datetime(2026, 5, 1, 12, tzinfo=CHINA)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90 s", 90), ("3 min", 180), ("3m", 180), ("1 h 30 min", 5400), ("2d", 172_800)],
)
def test_a_span_is_read_as_a_plan_writes_it(text: str, seconds: float) -> None:
    assert moments.span(text).ToTimedelta() == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "soon", "3", "3 weeks", "min 3", "-3 min"])
def test_what_is_no_span_is_refused_with_what_would_be_one(text: str) -> None:
    with pytest.raises(BadParameter, match="3 min"):
        moments.span(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("now", NOON),
        ("+10 min", NOON + timedelta(minutes=10)),
        ("-5 min", NOON - timedelta(minutes=5)),
        ("14:30", NOON.replace(hour=14, minute=30)),
        ("9:05", NOON.replace(hour=9, minute=5)),
        ("9:05:30", NOON.replace(hour=9, minute=5, second=30)),
        ("2026-05-01T14:30:00+08:00", NOON.replace(hour=14, minute=30)),
        ("2026-05-01T06:30:00Z", NOON.replace(hour=14, minute=30)),
    ],
)
def test_a_moment_is_read_as_people_write_it(text: str, moment: datetime) -> None:
    assert moments.moment_of(text, NOON) == moment.astimezone(UTC)


@pytest.mark.parametrize("text", ["", "yesterday", "25:00", "2026-13-01", "+soon"])
def test_what_is_no_moment_is_refused_with_what_would_be_one(text: str) -> None:
    with pytest.raises(BadParameter, match=r"14:30|3 min"):
        moments.moment_of(text, NOON)
