"""Keeps the views: each follows the log, and its rows and its checkpoint move together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing, suppress
from typing import Self

import asyncpg

from eventstore.log.events import StoredEvent
from eventstore.log.log import Log
from eventstore.postgres.connection import SETTINGS, Lent, Pool, close_pool, connect_pool, pauses
from eventstore.postgres.errors import FollowerTooSlow, LogUnavailable, is_transient
from eventstore.postgres.retry import with_retry
from projections import rebuild
from projections.view import Apply, Rewound, Stopped, View

PACE_S = 0.01
PACE_BUSY_MAX_S = 0.1
FULL_PAGE_EVENTS = 200
"""How long a view lets events gather while they come few at a time: as long as it worked itself,
where that is more. A page costs about as much with one event as with twenty."""

PASS_BY_S = 0.05
"""The same where the last events were none of a view's: only its checkpoint moves."""

LOOK_S = 0.5
"""How often to look whether whoever kept a view is gone, or somebody wants it made anew."""

SPARE_CONNECTIONS = 3
"""Beside one for each view: to make one anew, to look, to say that one stopped."""

VIEW_LOCK = 7309940773834519399
"""One process at a time makes the tables of views."""

VIEW_SETTINGS = {
    **SETTINGS,
    "synchronous_commit": "off",
    "client_min_messages": "warning",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "2",
    "tcp_user_timeout": "15s",
}
"""A view that loses its last moment in a crash loses its checkpoint with it, and catches up.
Whoever kept it and is cut off by the network makes way within the time above."""

PREPARED = "SELECT shape FROM muster_view.checkpoint WHERE view = $1 FOR UPDATE"
PREPARE = "INSERT INTO muster_view.checkpoint (view, shape, position) VALUES ($1, $2, 0)"
RESUME = "UPDATE muster_view.checkpoint SET stopped = NULL WHERE view = $1 AND stopped IS NOT NULL"
PLACE = "SELECT position, stopped FROM muster_view.checkpoint WHERE view = $1 AND shape = $2"
MOVE = """
    UPDATE muster_view.checkpoint c SET position = greatest(c.position, $3), stopped = NULL
    FROM (SELECT position FROM muster_view.checkpoint
          WHERE view = $1 AND shape = $2 FOR UPDATE) AS was
    WHERE c.view = $1 AND c.shape = $2 AND was.position >= $4 RETURNING was.position"""
"""Moves the checkpoint on from $4 or later and says from where; held to the transaction's end."""
STOP = "UPDATE muster_view.checkpoint SET stopped = $3 WHERE view = $1 AND shape = $2"


class RebuildStopped(Exception):
    """A view that is made anew met something it cannot take in; the live one is as it was."""


class ProjectionRunner:
    """Keeps views up to date, one task each; they share what is read from the log.

    Of several processes one keeps a view; when it is gone, another one does after `LOOK_S`.
    """

    def __init__(
        self, pool: Pool, log: Log, views: Sequence[View], report: Callable[[Stopped], None]
    ) -> None:
        self._pool = pool
        self._log = log
        self._views = views
        self._report = report
        self._wanted = asyncio.Event()

    @classmethod
    async def open(
        cls, dsn: str, log: Log, views: Sequence[View], report: Callable[[Stopped], None]
    ) -> Self:
        """Connect, and make the tables that are missing; those made by other rules, beside them."""
        size = len(views) + SPARE_CONNECTIONS
        pool = await connect_pool(dsn, VIEW_SETTINGS, size=size)
        keeper = cls(pool, log, views, report)
        for view in views:
            await keeper._prepare(view)
        return keeper

    async def close(self) -> None:
        """Disconnect."""
        await close_pool(self._pool)

    async def run(self) -> None:
        """Keep all views, endlessly; one that stops is reported and left as it is."""
        async with asyncio.TaskGroup() as keeping:
            keeping.create_task(self._make_anew(), name="views made anew")
            for view in self._views:
                keeping.create_task(self._keep(view), name=f"view {view.name}")

    async def rebuild(self, name: str) -> None:
        """Make a view anew from the first event on, while the live one is kept and read.

        Returns when it has taken the other's place. Raises RebuildStopped, and LogUnavailable: the
        work goes on once the database is back.
        """
        view = next(view for view in self._views if view.name == name)
        async with self._pool.acquire() as connection, connection.transaction():
            await rebuild.begin(connection, view)
        self._wanted.set()
        while row := await self._row(rebuild.UNDER_WAY, view):
            if row["stopped"] is not None:
                raise RebuildStopped(row["stopped"])
            await asyncio.sleep(PACE_S)

    async def _prepare(self, view: View) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", VIEW_LOCK)
            shape = await connection.fetchval(PREPARED, view.name)
            if shape is None:
                await connection.execute(PREPARE, view.name, view.shape)
                await connection.execute(f"DROP TABLE IF EXISTS {view.live}")
                await connection.execute(view.table.format(table=view.live))
            await connection.execute(RESUME, view.name)
            under_way = await connection.fetchrow(rebuild.UNDER_WAY, view.name, view.shape)
            if shape in {None, view.shape} and not under_way:
                await rebuild.leave(connection, view)
            elif not under_way or under_way["stopped"] is not None:
                await rebuild.begin(connection, view)

    async def _make_anew(self) -> None:
        """Make anew what somebody wants to be, one view after the other, endlessly."""
        known = {(view.name, view.shape): view for view in self._views}
        while True:
            with suppress(LogUnavailable):
                asked = await self._fetch(rebuild.ASKED)
                for view in [known[key] for row in asked if (key := tuple(row)) in known]:
                    await self._make(view)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._wanted.wait()
            self._wanted.clear()

    async def _make(self, view: View) -> None:
        try:
            await rebuild.rebuild(self._pool, self._log, view)
        except Rewound:
            self._wanted.set()
        except Exception as error:  # noqa: BLE001 - one view's bug must not stop the others
            if not _will_pass(error):
                await self._stop(view, error, rebuild.UNDER_WAY, rebuild.STOP)

    async def _keep(self, view: View) -> None:
        """Keep a view whenever nobody else does; after a failure, once something changed."""
        wait = pauses()
        while True:
            try:
                await self._lead(view)
                wait = pauses()
            except (FollowerTooSlow, Rewound):
                continue
            except Exception as error:  # noqa: BLE001 - one view's bug must not stop the others
                if _will_pass(error):
                    await asyncio.sleep(next(wait))
                    continue
                position = await self._stop(view, error, PLACE, STOP)
                await self._until_mended(view, position)
            await asyncio.sleep(LOOK_S)

    async def _lead(self, view: View) -> None:
        """Follow the log into a view, unless another process does or the rules are others."""
        async with self._pool.acquire() as connection:
            if await connection.fetchrow(PLACE, view.name, view.shape) is None:
                return
            if not await connection.fetchval(rebuild.ALONE, view.key("keep")):
                return
            try:
                await self._follow(connection, view)
            finally:
                rebuild.end_session(connection)

    async def _follow(self, connection: Lent, view: View) -> None:
        position = await connection.fetchval(PLACE, view.name, view.shape)
        if position is None:
            return
        apply = view.begin(view.live)
        async with aclosing(self._log.follow(position)) as pages:
            async for page in pages:
                begun = time.monotonic()
                is_about = view.is_about(page)
                if is_about:
                    await _take(connection, view, apply, page)
                else:
                    await _move(connection, view, page)
                if len(page) < FULL_PAGE_EVENTS:
                    busy_s = min(time.monotonic() - begun, PACE_BUSY_MAX_S)
                    await asyncio.sleep(max(busy_s, PACE_S if is_about else PASS_BY_S))

    async def _stop(self, view: View, error: Exception, place: str, stop: str) -> int:
        """Say that a view stopped, and why; return where."""
        because = f"{type(error).__name__}: {error}"
        row = await self._row(place, view)
        position = int(row["position"]) if row else 0
        self._report(Stopped(view.name, position, error))
        await with_retry(
            self._pool, lambda lent: lent.execute(stop, view.name, view.shape, because)
        )
        return position

    async def _until_mended(self, view: View, position: int) -> None:
        """Wait until a view that stopped was moved, made anew, or told to try again."""
        with suppress(LogUnavailable):
            while row := await self._row(PLACE, view):
                if row["stopped"] is None or row["position"] != position:
                    return
                await asyncio.sleep(LOOK_S)

    async def _row(self, query: str, view: View) -> asyncpg.Record | None:
        rows = await self._fetch(query, view.name, view.shape)
        return rows[0] if rows else None

    async def _fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        return await with_retry(self._pool, lambda lent: lent.fetch(query, *arguments))


async def _take(connection: Lent, view: View, apply: Apply, page: Sequence[StoredEvent]) -> None:
    """Apply a page and move the checkpoint, both or neither, and once whoever else keeps it."""
    async with connection.transaction():
        position = await _move(connection, view, page)
        news = [event for event in page if event.position > position]
        if news:
            await apply(connection, news)


async def _move(connection: Lent, view: View, page: Sequence[StoredEvent]) -> int:
    """Move the checkpoint to the end of a page; return where it was. Raises Rewound."""
    first, last = page[0].position, page[-1].position
    position = await connection.fetchval(MOVE, view.name, view.shape, last, first - 1)
    if position is None:
        raise Rewound
    return int(position)


def _will_pass(error: Exception) -> bool:
    return isinstance(error, LogUnavailable) or is_transient(error)
