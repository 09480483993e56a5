"""How people write spans, levels and days in a plan, and how they are written for people."""

from __future__ import annotations

import re
from datetime import date, timedelta

from domain.values import ResponseLevel

_SPAN = re.compile(r"^\s*(\d{1,9})\s*(s|min|h|d)\s*$", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_SECONDS = {"d": 86_400, "h": 3_600, "min": 60, "s": 1}


def span(value: object) -> object:
    """Read `90 s`, `3 min`, `1 h` or `30 d`; leave ISO 8601 (`PT3M`) to pydantic.

    A bare number is refused: a plan that says 3 may mean minutes, and would get seconds.
    """
    if isinstance(value, int | float):
        msg = "a span needs its unit: 90 s, 3 min, 1 h or 30 d"
        raise ValueError(msg)  # noqa: TRY004 - a ValueError is what pydantic turns into a finding
    if isinstance(value, str) and (found := _SPAN.match(value)):
        return timedelta(seconds=int(found[1]) * _SECONDS[found[2]])
    return value


def spelled(length: timedelta) -> str:
    """Return a span as a plan says it, in the largest unit that fits: `90 s`, `3 min`."""
    seconds = int(length.total_seconds())
    unit = next(unit for unit, size in _SECONDS.items() if seconds % size == 0)
    return f"{seconds // _SECONDS[unit]} {unit}"


def level(value: object) -> object:
    """Read the law's numerals `I` to `IV`; leave 1 to 4 and all else to pydantic."""
    if isinstance(value, str) and value in ResponseLevel.__members__:
        return ResponseLevel[value]
    return value


def day(value: object) -> object:
    """Read `2026-11-09` and nothing else: a number of seconds is not a day."""
    if isinstance(value, date) or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    msg = "a day is written year-month-day: 2026-11-09"
    raise ValueError(msg)
