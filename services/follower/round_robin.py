"""Round-robin schedule of the workflows to examine, within a time bound for each."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

TURN_S = 15.0
"""Within this time every workflow is examined, however often the schedule is asked: a workflow
examined right before its fault is examined again in less than half a minute."""

IN_TIME_MAX = 2_000
"""Open workflows up to which the bound holds. Examining 1,000 takes a small Temporal 1.5 s."""

EXAMINED_MIN = 100
"""Workflows examined at a time at least, even if no time has elapsed."""


class RoundRobin:
    """Tracks the last incident examined, and when."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._at = -math.inf
        self._up_to = ""

    def next(self, incidents: Collection[str]) -> list[str]:
        """Return the incidents to examine now, in order; the share grows with the time elapsed."""
        now = self._clock()
        share = min(1.0, (now - self._at) / TURN_S)
        due = max(EXAMINED_MIN, math.ceil(share * min(len(incidents), IN_TIME_MAX)))
        in_order = sorted(incidents)
        after = [one for one in in_order if one > self._up_to]
        chosen = [*after, *in_order[: len(in_order) - len(after)]][:due]
        self._at, self._up_to = now, chosen[-1] if chosen else ""
        return chosen
