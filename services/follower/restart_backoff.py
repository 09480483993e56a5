"""Back-off between restarts of a workflow that a restart did not mend."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

AT_ONCE_TIMES = 3
"""How often an incident's workflow is begun anew without waiting."""

REST_FIRST_S, REST_LONGEST_S = 30.0, 600.0
"""After that, for so long it is left alone: haste does not mend a fault of our own code."""

FORGOTTEN_S = 3_600.0
"""A workflow that went well for so long is at its beginning again."""


class _Mended(NamedTuple):
    times: int
    at: float


class RestartBackoff:
    """Remembers which workflows were begun anew, and when they may be again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._mended: dict[str, _Mended] = {}

    def may_be_mended(self, incident: str) -> bool:
        """Tell whether an incident's workflow may be begun anew now."""
        times, at = self._mended.get(incident, _Mended(0, 0.0))
        if times < AT_ONCE_TIMES:
            return True
        rest = min(REST_FIRST_S * (1 << (times - AT_ONCE_TIMES)), REST_LONGEST_S)
        return self._clock() >= at + rest

    def mended(self, incident: str) -> None:
        """Note that an incident's workflow was begun anew."""
        now = self._clock()
        self._mended = {
            one: mended for one, mended in self._mended.items() if now - mended.at < FORGOTTEN_S
        }
        times, _ = self._mended.get(incident, _Mended(0, now))
        self._mended[incident] = _Mended(times + 1, now)
