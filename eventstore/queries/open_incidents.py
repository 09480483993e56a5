"""Which incidents are open, from the log alone: no view and no workflow is asked."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from domain.incident.decider import INCIDENTS
from domain.values import Mode

if TYPE_CHECKING:
    from collections.abc import Collection

    import asyncpg

    from eventstore.log.log import Log

PAGE_ROWS = 10_000

RECENTLY_S = 12 * 3600.0
"""An incident that ended within it may still owe something."""

# In the words of the index `event_lifespan`, or PostgreSQL would read the whole log.
READ: Final = """
    SELECT position, stream, version, data ->> 'mode' AS mode,
           extract(epoch FROM clock_timestamp() - recorded_at)::float8 AS age_s
    FROM muster.event
    WHERE position > $1 AND (version = 1 OR type IN ('IncidentClosed', 'IncidentStoodDown'))
        AND starts_with(stream, $2 || '/') ORDER BY position LIMIT $3"""
VERSIONS: Final = """
    SELECT given.stream, last.version FROM unnest($1::text[]) AS given (stream),
    LATERAL (SELECT e.version FROM muster.event e WHERE e.stream = given.stream
             ORDER BY e.version DESC LIMIT 1) AS last"""


class OpenIncidents:
    """Which incidents are open and which ended lately, as of the last refresh."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._forget()

    def _forget(self) -> None:
        self._position = 0
        self._is_known = False
        self.open: set[str] = set()
        self.just_opened: set[str] = set()
        """Those that opened since the refresh before; none at the first."""
        self.exercises: set[str] = set()
        """Those of the open ones, and of those that ended lately, on which no lives hang."""
        self._ended: dict[str, float] = {}

    @property
    def lately_ended(self) -> list[str]:
        """Return those that ended within RECENTLY_S."""
        since = time.monotonic() - RECENTLY_S
        self._ended = {incident: at for incident, at in self._ended.items() if at > since}
        self.exercises &= self.open | self._ended.keys()
        return list(self._ended)

    async def refresh(self) -> None:
        """Read what began and ended since the last time. Raises LogUnavailable."""
        if await self._log.head() < self._position:  # another log, or an earlier state of it
            self._forget()
        before = set(self.open) if self._is_known else None
        while rows := await self._log.fetch(READ, self._position, INCIDENTS.category, PAGE_ROWS):
            for row in rows:
                self._note(row["stream"].partition("/")[2], row)
                self._position = row["position"]
        self.just_opened = set() if before is None else self.open - before
        self._is_known = True

    async def versions(self, incidents: Collection[str]) -> dict[str, int]:
        """Return at which version each incident is now; none that is not in the log."""
        streams = [f"{INCIDENTS.category}/{incident}" for incident in incidents]
        rows = await self._log.fetch(VERSIONS, streams)
        return {row["stream"].partition("/")[2]: row["version"] for row in rows}

    def live_first(self) -> list[str]:
        """Return the open incidents, those first on which lives hang."""
        return sorted(self.open, key=self.exercises.__contains__)

    def _note(self, incident: str, row: asyncpg.Record) -> None:
        if row["version"] == 1:
            self.open.add(incident)
            if row["mode"] == Mode.EXERCISE:
                self.exercises.add(incident)
            return
        self.open.discard(incident)
        self._ended[incident] = time.monotonic() - row["age_s"]
