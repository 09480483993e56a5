"""Which workflows are examined next, so that the turn of each comes in time."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

TURN_S = 15.0
"""In which all are examined, however often somebody looks: one that was examined right before its
fault comes up at the first look after that, which is less than half a minute away."""

IN_TIME_MAX = 2_000
"""Workflows up to which that holds. To examine 1,000 costs a small Temporal a second and a half."""

EXAMINED_MIN = 100
"""Workflows that are examined at a time though it is early."""


class Turns:
    """Remembers up to which workflow all were examined, and when."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._at = -math.inf
        self._up_to = ""

    def next(self, incidents: Collection[str]) -> list[str]:
        """Return those whose turn it is: the more, the longer ago the last turn was."""
        now = self._clock()
        share = min(1.0, (now - self._at) / TURN_S)
        due = max(EXAMINED_MIN, math.ceil(share * min(len(incidents), IN_TIME_MAX)))
        in_order = sorted(incidents)
        after = [one for one in in_order if one > self._up_to]
        chosen = [*after, *in_order[: len(in_order) - len(after)]][:due]
        self._at, self._up_to = now, chosen[-1] if chosen else ""
        return chosen
