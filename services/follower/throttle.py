"""Throttle of nudges that change neither what is due nor what is owed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from domain.lru import LruCache
from domain.values import Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from domain.incident.obligations.obligations import WorkflowView

ROUTINE_PER_S = 6.0
ROUTINE_AT_ONCE = 8
"""How much news that can wait is told in a second, and in one moment after a rest."""

WORKING_S = 5.0
"""How often an incident that owes work, and stands as it stood, is told of the outcomes: whoever
works for it reads the log, and says at the end where it stands."""

TOLD_MAX = 5_000
"""Incidents of which it is remembered how they stood when they were told."""


class _Told(NamedTuple):
    standing: WorkflowView
    at: float


class NudgeThrottle:
    """Chooses what to tell now: all that matters, and of the rest what a small machine can take.

    A nudge costs Temporal as much as a hundred commands cost the log. An incident of which forty
    things are reported in a second stands as it stood: its workflow hears of them in a while.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: LruCache[str, _Told] = LruCache(TOLD_MAX)
        self._allowed = float(ROUTINE_AT_ONCE)
        self._allowed_at = clock()

    def choose(self, standings: Mapping[str, WorkflowView]) -> set[str]:
        """Return which of these incidents are to be told now, and take it that they will be."""
        now = self._clock()
        gained = (now - self._allowed_at) * ROUTINE_PER_S
        self._allowed, self._allowed_at = min(ROUTINE_AT_ONCE, self._allowed + gained), now
        same = {one: told.at for one, told in self._standing_as_told(standings)}
        waiting = [one for one, at in same.items() if now >= at + _pause_s(standings[one])]
        waiting.sort(key=lambda one: (standings[one].mode is Mode.EXERCISE, same[one]))
        chosen = (standings.keys() - same.keys()) | set(waiting[: int(self._allowed)])
        self._allowed = max(0.0, self._allowed - len(chosen))
        for incident in chosen:
            self._told[incident] = _Told(standings[incident], now)
        return chosen

    def _standing_as_told(
        self, standings: Mapping[str, WorkflowView]
    ) -> Iterator[tuple[str, _Told]]:
        for incident, standing in standings.items():
            told = self._told.get(incident)
            if told is not None and told.standing == standing.model_copy(
                update={"version": told.standing.version}
            ):
                yield incident, told


def _pause_s(standing: WorkflowView) -> float:
    return WORKING_S if standing.owed else 0.0


def live_first(chosen: Iterable[str], standings: Mapping[str, WorkflowView]) -> list[str]:
    """Return incidents in the order in which they are told: an exercise waits for live ones."""
    return sorted(chosen, key=lambda one: standings[one].mode is Mode.EXERCISE)
