"""The queue of nudges: which workflows have news that they were not told, and when each is due."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    pass

LOOKS_PER_S = 24
"""About how many incidents are looked at in a second, with room for all else."""

PAUSE_LEAST_S = 0.2
PAUSE_MOST_S = 2.0
"""Between two looks at one incident."""

RECENT_S = 2.0
"""An incident that was looked at within it counts as one that goes on."""


class Nudge(NamedTuple):
    """News of one incident."""

    version: int
    since: int
    """The position from which on it was not told."""


class NudgeQueue:
    """Gathers news by incident. The first of a quiet one is due at once, the rest at a pace."""

    def __init__(self, position: int) -> None:
        self._heard_up_to = position
        self._due_up_to = position
        self._untold: dict[str, Nudge] = {}
        self._looked_at: dict[str, float] = {}
        self._bell = asyncio.Event()

    @property
    def told_up_to(self) -> int:
        """Return the position up to which everything was told."""
        oldest = min((news.since for news in self._untold.values()), default=None)
        return self._heard_up_to if oldest is None else oldest - 1

    def add(self, versions: Mapping[str, int], first: int, last: int) -> None:
        """Hear of the positions from `first` to `last`, and of the versions they brought."""
        for incident, version in versions.items():
            earlier = self._untold.get(incident)
            self._untold[incident] = Nudge(version, earlier.since if earlier else first)
        self._heard_up_to = last
        self._bell.set()

    async def due(self) -> dict[str, int]:
        """Wait until there is something to tell, or a bookmark to move, and return it."""
        while True:
            await self._bell.wait()
            now = time.monotonic()
            pause = self._pause(now)
            waits = {
                incident: self._looked_at.get(incident, 0.0) + pause - now
                for incident in self._untold
            }
            ready = [incident for incident, wait in waits.items() if wait <= 0]
            self._bell.clear()
            if ready or not waits:
                self._due_up_to = self._heard_up_to
                return {incident: self._untold[incident].version for incident in ready}
            await self._bell_or(min(waits.values()))

    async def _bell_or(self, seconds: float) -> None:
        """Wait for news of others, but not longer: a quiet incident is told at once."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._bell.wait()
        self._bell.set()

    def told(self, versions: Mapping[str, int]) -> None:
        """Note that these were told; what came meanwhile is still to be told."""
        for incident, version in versions.items():
            later = self._untold[incident].version
            if later == version:
                del self._untold[incident]
            else:
                self._untold[incident] = Nudge(later, self._due_up_to + 1)
        self._note(versions)

    def put_off(self, incidents: Iterable[str]) -> None:
        """Note that these are to be looked at again, after a pause."""
        self._note(incidents)

    def _note(self, incidents: Iterable[str]) -> None:
        self._looked_at.update(dict.fromkeys(incidents, time.monotonic()))
        if self._untold:
            self._bell.set()

    def _pause(self, now: float) -> float:
        """Return how long an incident is left alone: the longer, the more of them go on."""
        self._looked_at = {one: at for one, at in self._looked_at.items() if now - at < RECENT_S}
        return min(PAUSE_MOST_S, max(PAUSE_LEAST_S, len(self._looked_at) / LOOKS_PER_S))
