"""Which news can wait: what changes neither what is due nor what is owed."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from domain.values import Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from domain.incident.outstanding import Standing

ROUTINE_PER_S = 6.0
ROUTINE_AT_ONCE = 8
"""How much news that can wait is told in a second, and in one moment after a rest."""

WORKING_S = 5.0
"""How often an incident that owes work, and stands as it stood, is told of the outcomes: whoever
works for it reads the log, and says at the end where it stands."""

TOLD_MAX = 5_000
"""Incidents of which it is remembered how they stood when they were told."""


class _Told(NamedTuple):
    standing: Standing
    at: float


class Routine:
    """Chooses what to tell now: all that matters, and of the rest what a small machine can take.

    A nudge costs Temporal as much as a hundred commands cost the log. An incident of which forty
    things are reported in a second stands as it stood: its workflow hears of them in a while.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: OrderedDict[str, _Told] = OrderedDict()
        self._allowed = float(ROUTINE_AT_ONCE)
        self._allowed_at = clock()

    def choose(self, standings: Mapping[str, Standing]) -> set[str]:
        """Return which of these incidents are to be told now, and take it that they will be."""
        now = self._clock()
        gained = (now - self._allowed_at) * ROUTINE_PER_S
        self._allowed, self._allowed_at = min(ROUTINE_AT_ONCE, self._allowed + gained), now
        same = [one for one, standing in standings.items() if self._stands_as_told(one, standing)]
        waiting = [one for one in same if now >= self._told[one].at + _pause_s(standings[one])]
        waiting.sort(key=lambda one: (standings[one].mode is Mode.EXERCISE, self._told[one].at))
        chosen = (standings.keys() - set(same)) | set(waiting[: int(self._allowed)])
        self._allowed = max(0.0, self._allowed - len(chosen))
        for incident in chosen:
            self._told[incident] = _Told(standings[incident], now)
            self._told.move_to_end(incident)
        while len(self._told) > TOLD_MAX:
            self._told.popitem(last=False)
        return chosen

    def _stands_as_told(self, incident: str, standing: Standing) -> bool:
        told = self._told.get(incident)
        return told is not None and told.standing == standing.model_copy(
            update={"version": told.standing.version}
        )


def _pause_s(standing: Standing) -> float:
    return WORKING_S if standing.owed else 0.0


def live_first(chosen: Iterable[str], standings: Mapping[str, Standing]) -> list[str]:
    """Return incidents in the order in which they are told: an exercise waits for live ones."""
    return sorted(chosen, key=lambda one: standings[one].mode is Mode.EXERCISE)
