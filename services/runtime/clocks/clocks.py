"""The clocks that an incident hangs on: this process's, PostgreSQL's and Temporal's.

A deadline is promised by the process's clock, recorded by PostgreSQL's and waited for by
Temporal's. They are compared at start and from then on; see decision 0024 for what follows.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from itertools import combinations
from typing import Final, NamedTuple

HERE: Final = "this process"
POSTGRESQL: Final = "PostgreSQL"
TEMPORAL: Final = "Temporal"
REMEMBERED: Final = "what passed since the clocks agreed"
"""Stands in for the others while none of them can be read."""


class ClocksDiffer(Exception):
    """The clocks differ by more than the settings allow; the text names them, and what to do."""


class Reading(NamedTuple):
    """A clock, as seen from this process."""

    clock: str
    ahead_s: float
    """How far it is ahead of this process's clock."""
    within_s: float
    """How wrong that may be: half of what asking took."""


class Comparison(NamedTuple):
    """All clocks that could be read, at one time."""

    readings: tuple[Reading, ...]
    bound_s: float
    log_ahead_s: float = 0.0
    """How far the log's newest event lies in the future of every clock."""

    @property
    def difference_s(self) -> float:
        """Return by how much two clocks differ at most, as far as that is certain."""
        pairs = combinations(self.readings, 2)
        certain = (abs(a.ahead_s - b.ahead_s) - a.within_s - b.within_s for a, b in pairs)
        return max(0.0, 0.0, *certain)

    @property
    def agree(self) -> bool:
        """Tell whether no two clocks differ by more than the settings allow."""
        return self.difference_s <= self.bound_s

    @property
    def are_well(self) -> bool:
        """Tell whether they agree, and the log with them."""
        return self.agree and self.log_ahead_s <= self.bound_s

    @property
    def unread(self) -> frozenset[str]:
        """Return the clocks that could not be read."""
        return frozenset({POSTGRESQL, TEMPORAL} - {one.clock for one in self.readings})

    def described(self) -> str:
        """Name each clock, and how far it is from this process's."""
        others = (one for one in self.readings if one.clock != HERE)
        told = (f"{one.clock} {_signed(one.ahead_s)} ±{one.within_s:.3f} s" for one in others)
        text = "; ".join((f"{HERE} {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC", *told))
        if self.log_ahead_s > 0:
            text += f"; the newest event lies {self.log_ahead_s:.3f} s in the future of all clocks"
        return text

    def complaint(self) -> str:
        """Say what is wrong, and what would be right."""
        if not self.agree:
            return (
                f"the clocks differ by {self.difference_s:.3f} s, clocks.max_difference_seconds "
                f"allows {self.bound_s:g}: {self.described()}. Deadlines would come at the wrong "
                "time: set the clocks right (chronyd, ntpd), or allow more until that is done"
            )
        return (
            f"the log is {self.log_ahead_s:.3f} s ahead of every clock: {self.described()}. A "
            "clock was wrong when it was written; until they come up to it, events are recorded "
            "at that moment, one microsecond apart"
        )


class AgreedTime:
    """What time it was when the clocks agreed, and what has passed since.

    A clock that is set while the process runs changes nothing here: no deadline is promised by it.
    """

    def __init__(self) -> None:
        self._booted_at_s: float | None = None

    def now(self) -> datetime:
        """Return what time it is; by the clock on the wall before clocks were ever compared."""
        if self._booted_at_s is None:
            return datetime.now(UTC)
        return datetime.fromtimestamp(self._booted_at_s + _since_boot_s(), UTC)

    def agree(self) -> None:
        """Take the time from the clock on the wall, which agrees with the others."""
        self._booted_at_s = time.time() - _since_boot_s()

    def forget(self) -> None:
        """Go by the clock on the wall again."""
        self._booted_at_s = None

    @property
    def strayed_s(self) -> float:
        """Return how far the clock on the wall was set ahead since."""
        return (datetime.now(UTC) - self.now()).total_seconds()


AGREED: Final = AgreedTime()
"""Of this process."""


def now() -> datetime:
    """Return what time it is, as the clocks agreed last."""
    return AGREED.now()


def _signed(seconds: float) -> str:
    return f"{abs(seconds):.3f} s {'ahead' if seconds >= 0 else 'behind'}"


def _since_boot_s() -> float:
    """Return the time since the machine was started, which nobody sets and suspension counts in."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
