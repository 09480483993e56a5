"""How the views are: how far each has come, whether it is kept and by whom, and made anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import NamedTuple, Self

import asyncpg

from eventstore.postgres.connection import Pool, close_pool, connect_pool
from eventstore.postgres.retry import with_retry
from projections import rebuild
from projections.runner import VIEW_SETTINGS, RebuildStopped
from projections.view import View

OVERSEER_CONNECTIONS = 2
LOOK_S = 0.2
KEEPERLESS_S = 5.0
"""How long nobody may have a view in the making before whoever waits for it is told so."""

VIEWS = """
    SELECT c.view, c.shape, c.position, c.stopped, m.shape AS next_shape,
           m.position AS making, m.stopped AS making_stopped, log.head
    FROM muster_view.checkpoint c LEFT JOIN muster_view.making m USING (view),
         (SELECT coalesce(max(position), 0) AS head FROM muster.event) AS log"""
HOLDER = """
    SELECT pid FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND objsubid = 1
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND (classid::bigint << 32 | objid::bigint) = $1"""


class NobodyMakes(Exception):
    """No follower that knows the view runs; what was begun goes on when one does."""


class Overseen(NamedTuple):
    """How a view is."""

    name: str
    rules: int
    """By which it is made; raised when the same facts are to give other rows."""
    position: int
    """It holds everything up to here."""
    head: int
    """The last position of the log."""
    stopped: str | None
    """Why it has come to a stop, if it did."""
    writer: int | None
    """The database's number of the session that keeps it; None if nobody does."""
    making: int | None
    """How far its next table is, if it is made anew."""
    making_stopped: str | None

    @property
    def lag(self) -> int:
        """Return how many events it is behind."""
        return max(0, self.head - self.position)

    @property
    def state(self) -> str:
        """Say in a word how it is."""
        if self.stopped is not None or self.making_stopped is not None:
            return "stopped"
        if self.making is not None:
            return "rebuilding"
        return "live" if self.writer is not None else "unkept"


class ProjectionStatus:
    """Looks at the views from outside of whoever keeps them."""

    def __init__(self, pool: Pool, views: Sequence[View]) -> None:
        self._pool = pool
        self._views = views

    @classmethod
    async def open(cls, dsn: str, views: Sequence[View]) -> Self:
        """Connect."""
        return cls(await connect_pool(dsn, VIEW_SETTINGS, size=OVERSEER_CONNECTIONS), views)

    async def close(self) -> None:
        """Disconnect."""
        await close_pool(self._pool)

    async def look(self) -> Sequence[Overseen]:
        """Return how every view is that was ever begun."""
        rows = {row["view"]: row for row in await self._fetch(VIEWS)}
        return [
            await self._seen(view, rows[view.name]) for view in self._views if view.name in rows
        ]

    async def rebuild(self, name: str) -> AsyncGenerator[Overseen, None]:
        """Have a view made anew beside the live one, telling how far it is until it is in place.

        Raises KeyError for an unknown view, RebuildStopped, NobodyMakes.
        """
        view = {one.name: one for one in self._views}[name]
        async with self._pool.acquire() as connection, connection.transaction():
            await rebuild.begin(connection, view)
        alone = 0.0
        while True:
            seen = next(one for one in await self.look() if one.name == name)
            yield seen
            if seen.making is None:
                return
            if seen.making_stopped is not None:
                raise RebuildStopped(seen.making_stopped)
            made_by = await self._holder(view, "make")
            alone = alone + LOOK_S if made_by is None else 0.0
            if alone > KEEPERLESS_S:
                raise NobodyMakes
            await asyncio.sleep(LOOK_S)

    async def _seen(self, view: View, row: asyncpg.Record) -> Overseen:
        return Overseen(
            view.name,
            view.rules,
            row["position"],
            row["head"],
            row["stopped"],
            await self._holder(view, "keep"),
            row["making"],
            row["making_stopped"],
        )

    async def _holder(self, view: View, part: str) -> int | None:
        rows = await self._fetch(HOLDER, view.key(part))
        return rows[0]["pid"] if rows else None

    async def _fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        return await with_retry(self._pool, lambda lent: lent.fetch(query, *arguments))
