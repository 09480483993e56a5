"""The end of the log as one process sees it: read once, shown to every follower from memory."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from eventstore.log.events import StoredEvent
from eventstore.postgres.connection import LOG_SETTINGS, Connection, close_quietly, connect, pauses
from eventstore.postgres.errors import LogClosed, is_transient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

CHANNEL = "muster_log"
POLL_S = 0.5
"""How long to trust that no bell means no news."""

PAGE_EVENTS = 1_000
WINDOW_EVENTS = 2_048
"""Newest events kept in memory for the followers, some 1.5 kB each; who falls behind them reads the
table."""

COLUMNS = (
    "position, recorded_at, occurred_at, stream, version, event_id, type, schema_version,"
    " data, meta, hash"
)
READ = f"SELECT {COLUMNS} FROM muster.event WHERE position > $1 ORDER BY position LIMIT $2"  # noqa: S608 - our own column names
HASH = "SELECT hash FROM muster.event WHERE position = $1"
LAST = "SELECT position, hash FROM muster.event ORDER BY position DESC LIMIT 1"
HEAD = "SELECT coalesce(max(position), 0) FROM muster.event"

VERSION_MAX = 2**63 - 1
"""Beyond every version that a stream comes to."""


class SharedSubscription:
    """Reads every new event once, woken by a doorbell, and by a clock in case it was not heard."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._bell = asyncio.Event()
        self._news = asyncio.Event()
        self._kept: list[StoredEvent] = []
        self._head: int | None = None
        self._hash: bytes | None = None
        """Of the event at the head."""
        self.log = 0
        """Goes up when the log is found to be another one than was read so far."""
        self._work: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin to listen, if nobody did yet."""
        if self._work is None:
            self._work = asyncio.create_task(self._listen(), name="log tail")
            self._work.add_done_callback(lambda _: self._tell())

    async def close(self) -> None:
        """Stop listening."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)

    async def head(self) -> int:
        """Return the last position seen, having looked at least once."""
        while self._head is None:
            await self.news()
        return self._head

    async def news(self) -> None:
        """Wait for the next events. Look first: what is there already is no news.

        Raises LogClosed, and whatever ended the listening.
        """
        if self._work is None or not self._work.done():
            await self._news.wait()
        if self._work is not None and self._work.done():
            if self._work.cancelled():
                raise LogClosed("the log was closed")
            self._work.result()

    def after(self, position: int) -> Sequence[StoredEvent] | None:
        """Return a page of what came after a position; None if that is no longer in memory."""
        if self._head is None:
            return None
        oldest = self._head - len(self._kept)
        if position < oldest:
            return None
        first = position - oldest
        limit = PAGE_EVENTS
        while (page := whole(self._kept[first : first + limit], limit)) is None:
            limit *= 2
        return page

    async def _listen(self) -> None:
        wait = pauses()
        while True:
            connection: Connection | None = None
            try:
                connection = await connect(self._dsn, LOG_SETTINGS)
                wait = pauses()
                await connection.add_listener(CHANNEL, self._ring)
                connection.add_termination_listener(self._ring)
                await self._see_that_it_is_the_same(connection)
                await self._read_on(connection)
            except Exception as error:
                if not is_transient(error):
                    raise
            finally:
                await close_quietly(connection)
            await asyncio.sleep(next(wait))

    async def _see_that_it_is_the_same(self, connection: Connection) -> None:
        """Forget what was read if a primary has taken over that does not have it."""
        if not self._head or await connection.fetchval(HASH, self._head) == self._hash:
            return
        self._head, self._hash = None, None
        self._kept.clear()
        self.log += 1

    async def _read_on(self, connection: Connection) -> None:
        if self._head is None:
            last = await connection.fetchrow(LAST)
            self._head, self._hash = last or (0, None)
            self._tell()
        while True:
            self._bell.clear()
            if page := await self._page(connection, self._head):
                self._keep(page)
                continue
            try:
                async with asyncio.timeout(POLL_S):
                    await self._bell.wait()
            except TimeoutError:
                continue

    async def _page(self, connection: Connection, after: int) -> Sequence[StoredEvent]:
        async def read(limit: int) -> Sequence[StoredEvent]:
            return [StoredEvent.of(row) for row in await connection.fetch(READ, after, limit)]

        return await whole_page(read, PAGE_EVENTS)

    def _keep(self, page: Sequence[StoredEvent]) -> None:
        """Keep the newest events, and all of the last commit, however large it is."""
        self._kept.extend(page)
        newest = max(WINDOW_EVENTS, len(page))
        if len(self._kept) > newest + newest // 8:
            del self._kept[:-newest]
        self._head, self._hash = page[-1].position, page[-1].hash
        self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _ring(self, *_: object) -> None:
        self._bell.set()


async def whole_page(
    read: Callable[[int], Awaitable[Sequence[StoredEvent]]], limit: int
) -> Sequence[StoredEvent]:
    """Read a page of whole commits: as many events as the limit, or one commit that has more."""
    while (page := whole(await read(limit), limit)) is None:
        limit *= 2
    return page


def whole(page: Sequence[StoredEvent], limit: int) -> Sequence[StoredEvent] | None:
    """Leave out the commit that the end of a full page may have cut; the next page begins with it.

    The events of a commit share their moment, which no other has. None for a page that holds one
    commit only and perhaps not all of it: it takes a larger page.
    """
    if len(page) < limit:
        return page
    last = page[-1].recorded_at
    return [event for event in page if event.recorded_at != last] or None
