"""PostgreSQL's clock, which says when an event was recorded, and how far the log is by it."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from eventstore.postgres.connection import close_quietly, connect

CLOCK = "SELECT clock_timestamp()"
NEWEST = "SELECT recorded_at FROM muster.event ORDER BY position DESC LIMIT 1"


class DatabaseClock:
    """A connection that asks for the time and nothing else, so that it never waits for others."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    async def __aenter__(self) -> Self:
        """Connect: what that takes must not count as part of an answer."""
        self._connection = await connect(self._dsn)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await close_quietly(self._connection)

    async def now(self) -> datetime:
        """Return what time it is there."""
        found: datetime = await self._connection.fetchval(CLOCK)
        return found

    async def newest(self) -> datetime | None:
        """Return when the newest event was recorded; None of an empty log."""
        found: datetime | None = await self._connection.fetchval(NEWEST)
        return found
