"""Keeps the views: each follows the log, and its rows and its checkpoint move together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from hashlib import sha256
from typing import NamedTuple, Self

from eventstore.connecting import SETTINGS, Lent, Pool, close_pool, connect_pool, pauses
from eventstore.events import StoredEvent
from eventstore.failures import FollowerTooSlow, LogUnavailable, passes
from eventstore.log import Log
from eventstore.patience import patiently

PACE_S = 0.01
FULL_PAGE_EVENTS = 200
"""How long a view lets events gather while they come few at a time."""

VIEW_LOCK = 7309940773834519399
"""One process at a time makes the tables of views."""

VIEW_SETTINGS = {**SETTINGS, "synchronous_commit": "off", "client_min_messages": "warning"}
"""A view that loses its last moment in a crash loses its checkpoint with it, and catches up."""

PREPARED = "SELECT shape FROM muster_view.checkpoint WHERE view = $1"
PREPARE = """
    INSERT INTO muster_view.checkpoint (view, shape, position) VALUES ($1, $2, 0)
    ON CONFLICT (view) DO UPDATE SET shape = $2, position = 0, stopped = NULL"""
RESUME = "UPDATE muster_view.checkpoint SET stopped = NULL WHERE view = $1 AND stopped IS NOT NULL"
POSITION = "SELECT position FROM muster_view.checkpoint WHERE view = $1"
HOLD = f"{POSITION} FOR UPDATE"
MOVE = "UPDATE muster_view.checkpoint SET position = $2 WHERE view = $1"
STOP = "UPDATE muster_view.checkpoint SET stopped = $2 WHERE view = $1"

Apply = Callable[[Lent, Sequence[StoredEvent]], Awaitable[None]]
"""Takes the next events of the log into the rows, within a transaction."""


class View(NamedTuple):
    """A table that people look at, made from the log alone."""

    name: str
    """Of the table in the schema `muster_view`."""
    table: str
    """The statements that make it."""
    rules: int
    """To be raised when the same facts are to give other rows: the view is then made again."""
    begin: Callable[[], Apply]
    """Starts to apply events, with nothing remembered."""

    @property
    def shape(self) -> str:
        """Return what tells whether rows were made by these statements and rules."""
        return sha256(f"{self.rules}\n{self.table}".encode()).hexdigest()


class Stopped(NamedTuple):
    """A view that met something it cannot take in. The others go on."""

    view: str
    position: int
    """It holds everything up to here."""
    because: Exception


class _Rewound(Exception):  # noqa: N818 - never leaves this file
    """The checkpoint is not where it was left: somebody made the view again."""


class ViewKeeper:
    """Keeps views up to date, one task each; they share what is read from the log."""

    def __init__(
        self, pool: Pool, log: Log, views: Sequence[View], report: Callable[[Stopped], None]
    ) -> None:
        self._pool = pool
        self._log = log
        self._views = views
        self._report = report

    @classmethod
    async def open(
        cls, dsn: str, log: Log, views: Sequence[View], report: Callable[[Stopped], None]
    ) -> Self:
        """Connect, and make the tables that are missing or were made by other rules."""
        keeper = cls(
            await connect_pool(dsn, VIEW_SETTINGS, size=max(1, len(views))), log, views, report
        )
        for view in views:
            await keeper._prepare(view)
        return keeper

    async def close(self) -> None:
        """Disconnect."""
        await close_pool(self._pool)

    async def run(self) -> None:
        """Keep all views, endlessly; one that stops is reported and left as it is."""
        async with asyncio.TaskGroup() as keeping:
            for view in self._views:
                keeping.create_task(self._keep(view), name=f"view {view.name}")

    async def rebuild(self, name: str) -> None:
        """Make a view again from the first event on, while it is kept."""
        view = next(view for view in self._views if view.name == name)
        async with self._pool.acquire() as connection, connection.transaction():
            await _make(connection, view)

    async def _prepare(self, view: View) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", VIEW_LOCK)
            if await connection.fetchval(PREPARED, view.name) == view.shape:
                await connection.execute(RESUME, view.name)
            else:
                await _make(connection, view)

    async def _keep(self, view: View) -> None:
        """Follow the log into a view, again and again, unless it cannot take something in."""
        wait = pauses()
        position = 0
        while True:
            try:
                position = int(await self._pool.fetchval(POSITION, view.name))
                wait = pauses()
                await self._follow(view, position)
            except (FollowerTooSlow, _Rewound):
                continue
            except Exception as error:  # noqa: BLE001 - one view's bug must not stop the others
                if isinstance(error, LogUnavailable) or passes(error):
                    await asyncio.sleep(next(wait))
                    continue
                await self._stop(view, error)
                return

    async def _follow(self, view: View, position: int) -> None:
        apply = view.begin()
        async with aclosing(self._log.follow(position)) as pages:
            async for page in pages:
                await self._take(view, apply, page)
                if len(page) < FULL_PAGE_EVENTS:
                    await asyncio.sleep(PACE_S)

    async def _take(self, view: View, apply: Apply, page: Sequence[StoredEvent]) -> None:
        """Apply a page and move the checkpoint, both or neither, and once whoever else keeps it."""
        async with self._pool.acquire() as connection, connection.transaction():
            position = int(await connection.fetchval(HOLD, view.name))
            if position < page[0].position - 1:
                raise _Rewound
            news = [event for event in page if event.position > position]
            if news:
                await apply(connection, news)
                await connection.execute(MOVE, view.name, news[-1].position)

    async def _stop(self, view: View, error: Exception) -> None:
        because = f"{type(error).__name__}: {error}"
        found = await patiently(self._pool, lambda lent: lent.fetchval(POSITION, view.name))
        self._report(Stopped(view.name, int(found), error))
        await patiently(self._pool, lambda lent: lent.execute(STOP, view.name, because))


async def _make(connection: Lent, view: View) -> None:
    """Make the table anew, empty, with its checkpoint at the beginning."""
    await connection.execute(PREPARE, view.name, view.shape)
    await connection.execute(f"DROP TABLE IF EXISTS muster_view.{view.name}")
    await connection.execute(view.table)
