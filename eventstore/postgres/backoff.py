"""How long to wait before trying again: longer each time, and never all at the same moment."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from itertools import count
from typing import NamedTuple

DOUBLED_MAX = 64
"""More often would be a number beyond all pauses."""


class Backoff(NamedTuple):
    """Pauses that double from the first to the longest, in seconds.

    Each is cut by chance, by up to a half: whoever lost the same database or service together comes
    back apart.
    """

    first_s: float
    longest_s: float

    def pause_s(self, failures: int) -> float:
        """Return how long to wait after so many failures in a row, from 1 on."""
        doubled = math.ldexp(self.first_s, min(failures - 1, DOUBLED_MAX))
        return min(doubled, self.longest_s) * random.uniform(0.5, 1.0)  # noqa: S311 - no secret

    def pauses(self) -> Iterator[float]:
        """Return how long to wait before each next attempt, endlessly."""
        return map(self.pause_s, count(1))
