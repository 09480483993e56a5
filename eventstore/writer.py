"""The one writer of a process: while a commit is in flight requests gather; the next takes all."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING

from eventstore.connecting import Connection, close_quietly, connect_to_append, pauses
from eventstore.events import AlreadyThere, Appended, Conflict, IdReused, NewEvent, Outcome
from eventstore.failures import LogClosed, LogUnavailable, Overloaded, of_append, passes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    import asyncpg

QUEUE_EVENTS_MAX = 10_000
"""Events that wait; beyond it a request is turned away."""

APPEND_EVENTS_MAX = 1_000
"""Events of one request, which are all or none: a follower is shown a commit in one page."""

CALL_EVENTS_MAX = 256
CALL_BYTES_MAX = 1_000_000
"""What one call takes, unless a single request is larger."""

APPEND_TIMEOUT_S = 10.0
UNAVAILABLE_AFTER_S = 5.0
"""How long a request waits for a database that is away, such as one that restarts."""

CLOSE_TIMEOUT_S = 10.0

APPEND = """
    SELECT request, status, at_version, at_position, at
    FROM muster.append($1, $2, $3, $4, $5, $6, $7, $8, $9)"""
APPEND_ONE = """
    SELECT request, status, at_version, at_position, at
    FROM muster.append($1, $2, $3, $4, $5, $6, $7, $8)"""


class Request:
    """Events for one stream, and the answer that somebody waits for."""

    __slots__ = ("answer", "bytes", "events", "expected", "ids", "sent", "since", "stream")

    def __init__(self, stream: str, expected: int, events: Sequence[NewEvent]) -> None:
        self.stream = stream
        self.expected = expected
        self.events = events
        self.ids: frozenset[UUID] = frozenset(event.event_id for event in events)
        self.bytes = sum(len(event.data) + len(event.meta) for event in events)
        self.answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.since = time.monotonic()
        self.sent = False

    def settle(self, row: asyncpg.Record) -> None:
        """Pass on what the database said."""
        if not self.answer.done():
            self.answer.set_result(self._outcome(row))

    def fail(self, error: BaseException) -> None:
        """Say that there is no answer."""
        if not self.answer.done():
            self.answer.set_exception(error)

    def _outcome(self, row: asyncpg.Record) -> Outcome:
        _, status, version, position, at = row
        match status:
            case "appended":
                return Appended(version, position, at)
            case "conflict":
                return Conflict(version)
            case "duplicate" if self.sent:  # the commit whose outcome was unknown was ours
                return Appended(version, position, at)
            case "duplicate":
                return AlreadyThere(version, position, at)
            case _:
                return IdReused()


class Writer:
    """Appends for a whole process over one connection, one call in flight, no linger."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: Connection | None = None
        self._waiting: deque[Request] = deque()
        self._events_waiting = 0
        self._wanted = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False
        self._work: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect, and begin to write."""
        self._connection = await connect_to_append(self._dsn)
        self._work = asyncio.create_task(self._write(), name="log writer")

    async def close(self) -> None:
        """Write what was asked for, take no more, and disconnect."""
        self._closed = True
        if self._work is None:
            return
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._idle.wait()
        except TimeoutError:
            pass  # what is left is told so below
        self._work.cancel()
        await asyncio.gather(self._work, return_exceptions=True)
        self._abandon(self._waiting, LogClosed("the log was closed"))
        await close_quietly(self._connection)

    async def append(self, stream: str, expected: int, events: Sequence[NewEvent]) -> Outcome:
        """Append events to one stream, all or none, together with whoever else asks meanwhile."""
        if self._closed:
            raise LogClosed
        if len(events) > APPEND_EVENTS_MAX:
            raise ValueError(f"{len(events)} events at once: at most {APPEND_EVENTS_MAX}")
        if self._events_waiting and self._events_waiting + len(events) > QUEUE_EVENTS_MAX:
            raise Overloaded
        request = Request(stream, expected, events)
        self._waiting.append(request)
        self._events_waiting += len(events)
        self._idle.clear()
        self._wanted.set()
        return await request.answer

    async def _write(self) -> None:
        while True:
            await self._wanted.wait()
            batch = self._take()
            if batch:
                await self._commit(batch)
            if not self._waiting:
                self._wanted.clear()
                self._idle.set()

    def _take(self) -> list[Request]:
        """Take what fits in one call, in which a stream and an id come at most once."""
        batch: list[Request] = []
        left: list[Request] = []
        streams: set[str] = set()
        ids: set[UUID] = set()
        events = size = 0
        while self._waiting:
            request = self._waiting.popleft()
            if request.answer.done():
                self._events_waiting -= len(request.events)
                continue
            events += len(request.events)
            size += request.bytes
            if batch and (events > CALL_EVENTS_MAX or size > CALL_BYTES_MAX):
                left.append(request)
                break
            fits = request.stream not in streams and ids.isdisjoint(request.ids)
            (batch if fits else left).append(request)
            streams.add(request.stream)
            ids.update(request.ids)
        self._waiting.extendleft(reversed(left))
        self._events_waiting -= sum(len(request.events) for request in batch)
        return batch

    async def _commit(self, batch: list[Request]) -> None:
        """Append a batch, again and again while the database is away, as long as somebody waits."""
        for pause in pauses():
            try:
                await self._call(batch)
            except Exception as error:  # noqa: BLE001 - what of it passes is known to `passes`
                if not passes(error):
                    await self._call_apart(batch, error)
                    return
                await self._lose_connection()
                batch = self._still_patient(batch, error)
                self._still_patient(self._waiting, error)
            else:
                return
            if not batch:
                return
            await asyncio.sleep(pause)

    async def _call(self, batch: list[Request]) -> None:
        if self._connection is None:
            self._connection = await connect_to_append(self._dsn)
        query, arguments = _asked(batch)
        call = self._connection.fetch(query, *arguments, timeout=APPEND_TIMEOUT_S)
        try:
            rows = await call
        except BaseException:
            for request in batch:
                request.sent = True
            raise
        for row in rows:
            batch[row["request"] - 1].settle(row)

    async def _call_apart(self, batch: list[Request], error: Exception) -> None:
        """Find whose request the database cannot take; the others are not to suffer for it."""
        if len(batch) == 1:
            batch[0].fail(of_append(error))
            return
        for request in batch:
            await self._commit([request])

    async def _lose_connection(self) -> None:
        connection, self._connection = self._connection, None
        await close_quietly(connection)

    def _still_patient(self, requests: Sequence[Request], error: Exception) -> list[Request]:
        """Turn away those who waited long enough, and return the others."""
        now = time.monotonic()
        tired = [one for one in requests if now - one.since > UNAVAILABLE_AFTER_S]
        self._abandon(tired, LogUnavailable(str(error) or type(error).__name__))
        return [one for one in requests if now - one.since <= UNAVAILABLE_AFTER_S]

    @staticmethod
    def _abandon(requests: Sequence[Request], error: LogUnavailable) -> None:
        for request in requests:
            request.fail(error)


def _asked(batch: Sequence[Request]) -> tuple[str, tuple[object, ...]]:
    """Return how to ask for a batch: the query, and what goes with it."""
    if len(batch) == 1 and len(batch[0].events) == 1:
        (request,) = batch
        event = request.events[0]
        kind = (event.event_id, event.type, event.schema_version)
        said = (event.occurred_at, event.data, event.meta)
        return APPEND_ONE, (request.stream, request.expected, *kind, *said)
    return APPEND, _columns(batch)


def _columns(batch: Sequence[Request]) -> tuple[list[object], ...]:
    """Lay a batch out as the arrays that `muster.append` takes."""
    events = [event for request in batch for event in request.events]
    ids, types, schemas, occurred, datas, metas = zip(*events, strict=True)
    return (
        [request.stream for request in batch],
        [request.expected for request in batch],
        [len(request.events) for request in batch],
        list(ids),
        list(types),
        list(schemas),
        list(occurred),
        list(datas),
        list(metas),
    )
