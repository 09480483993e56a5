"""Hours of the day that shifts and peak periods last, past midnight too."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

DAY_MINUTES = 24 * 60


class Stretch(NamedTuple):
    """Minutes of one day, from one up to another that is not in it any more."""

    begins: int
    ends: int


def minutes(time: str) -> int:
    """Return `07:30` as minutes after midnight."""
    return int(time[:2]) * 60 + int(time[3:])


def clock(minute: int) -> str:
    """Return minutes after midnight as `07:30`; the end of the day is `24:00`."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def length(begins: str, ends: str) -> int:
    """Return how many minutes there are from one time to another, the next day if need be."""
    return (minutes(ends) - minutes(begins)) % DAY_MINUTES or DAY_MINUTES


def stretches(begins: str, ends: str) -> Sequence[Stretch]:
    """Return the hours from one time to another within one day: two parts past midnight."""
    first, last = minutes(begins), minutes(ends)
    if first < last:
        return [Stretch(first, last)]
    return [part for part in (Stretch(first, DAY_MINUTES), Stretch(0, last)) if part.ends]


def uncovered(parts: Iterable[Stretch]) -> Stretch | None:
    """Return the first hours of the day that none of the parts covers."""
    until = 0
    for part in sorted(parts):
        if part.begins > until:
            return Stretch(until, part.begins)
        until = max(until, part.ends)
    return Stretch(until, DAY_MINUTES) if until < DAY_MINUTES else None
