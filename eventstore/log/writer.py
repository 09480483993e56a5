"""The one writer of a process: while a commit is in flight requests gather; the next takes all."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections import Counter, deque
from typing import TYPE_CHECKING

from eventstore.log.append_connection import AppendConnection
from eventstore.log.append_request import AppendRequest
from eventstore.postgres.errors import LogClosed, Overloaded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from eventstore.log.events import NewEvent, Outcome
    from eventstore.postgres.epochs import Epoch

QUEUE_EVENTS_MAX = 10_000
"""Events that wait, of each size of requests; once there are so many, others of it are turned away.

A command may lead to three times as many: what is small, as an alarm is, waits beside it."""

CALL_EVENTS_MAX = 256
CALL_BYTES_MAX = 1_000_000
"""What one call takes, unless a single request is larger."""

LANES = 2
"""While the database works on one call, the next is made ready and read."""
WORTH_A_CALL_EVENTS = 8
"""So many have a call of their own while another is in flight; fewer wait, to share a commit."""

SIZES = (WORTH_A_CALL_EVENTS, CALL_EVENTS_MAX)
"""Requests of up to so many events are of one size; what is larger is of the last."""

LEFT_MAX = 256
"""Requests that a call looks past, as it is not their turn: a stream is in one at a time."""

CLOSE_TIMEOUT_S = 10.0


class Writer:
    """Appends for a whole process, no linger. A stream is in one call in flight at most."""

    def __init__(self, dsn: str) -> None:
        self._lanes = [AppendConnection(dsn, self._events_in_flight) for _ in range(LANES)]
        self._waiting: deque[AppendRequest] = deque()
        self._events_waiting = 0
        self._waiting_of: Counter[int] = Counter()
        """The same events, by the size of their requests."""
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False
        self._work: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Connect, and begin to write."""
        await self._lanes[0].open()
        self._work = [
            asyncio.create_task(self._write(lane), name=f"log writer {number}")
            for number, lane in enumerate(self._lanes)
        ]

    async def close(self) -> None:
        """Write what was asked for, take no more, and disconnect."""
        self._closed = True
        if not self._work:
            return
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._idle.wait()
        except TimeoutError:
            pass  # what is left is told so below
        for work in self._work:
            work.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        for request in self._waiting:
            request.fail(LogClosed("the log was closed"))
        for lane in self._lanes:
            await lane.close()

    async def append(
        self, stream: str, expected: int, events: Sequence[NewEvent], epoch: Epoch | None = None
    ) -> Outcome:
        """Append events to one stream, all or none, together with whoever else asks meanwhile."""
        if self._closed:
            raise LogClosed
        if self._waiting_of[_size(events)] >= QUEUE_EVENTS_MAX:
            raise Overloaded
        request = AppendRequest(stream, expected, events, epoch)
        self._waiting.append(request)
        self._count(request, 1)
        self._idle.clear()
        self._wake()
        return await request.answer

    def _wake(self) -> None:
        """Have the next lane that is free look at what waits, if it is worth a call."""
        free = [lane for lane in self._lanes if not lane.streams]
        if free and (len(free) == LANES or self._events_waiting >= WORTH_A_CALL_EVENTS):
            free[0].wanted.set()

    async def _write(self, lane: AppendConnection) -> None:
        while True:
            await lane.wanted.wait()
            while batch := self._take(lane):
                self._wake()
                await lane.commit(batch, self._waiting)
                await asyncio.sleep(0)
            lane.wanted.clear()
            if not self._waiting and not self._in_flight():
                self._idle.set()

    def _in_flight(self) -> frozenset[str]:
        """Return the streams of all calls in flight."""
        return frozenset[str]().union(*(lane.streams for lane in self._lanes))

    def _events_in_flight(self) -> int:
        """Return the events of all calls in flight."""
        return sum(lane.events for lane in self._lanes)

    def _count(self, request: AppendRequest, sign: int) -> None:
        """Count a request that begins to wait (1), or that does no longer (-1)."""
        events = sign * len(request.events)
        self._events_waiting += events
        self._waiting_of[_size(request.events)] += events

    def _events_of_a_call(self, *, alone: bool) -> int:
        """Return how many events the next call takes: half, if that leaves another worth making."""
        if not alone:
            return CALL_EVENTS_MAX if self._events_waiting >= WORTH_A_CALL_EVENTS else 0
        if self._events_waiting < LANES * WORTH_A_CALL_EVENTS:
            return CALL_EVENTS_MAX
        return min(CALL_EVENTS_MAX, self._events_waiting // LANES)

    def _take(self, lane: AppendConnection) -> list[AppendRequest]:
        """Take what fits in one call, in which a stream and an id come at most once.

        Beside a large request that is in flight only small ones are, not a second large one.
        """
        streams = set(self._in_flight())
        beside_large = self._events_in_flight() > CALL_EVENTS_MAX
        most = self._events_of_a_call(alone=not streams)
        batch: list[AppendRequest] = []
        left: list[AppendRequest] = []
        ids: set[UUID] = set()
        events = size = 0
        while self._waiting and most and len(left) < LEFT_MAX:
            request = self._waiting.popleft()
            if request.answer.done():
                self._count(request, -1)
                continue
            large = beside_large and len(request.events) > CALL_EVENTS_MAX
            if large or request.stream in streams or not ids.isdisjoint(request.ids):
                left.append(request)
                streams.add(request.stream)
                continue
            if batch and (
                events + len(request.events) > most or size + request.bytes > CALL_BYTES_MAX
            ):
                left.append(request)
                break
            events += len(request.events)
            size += request.bytes
            self._count(request, -1)
            batch.append(request)
            streams.add(request.stream)
            ids.update(request.ids)
        self._waiting.extendleft(reversed(left))
        lane.streams = frozenset(request.stream for request in batch)
        lane.events = events
        return batch


def _size(events: Sequence[NewEvent]) -> int:
    """Return of which size a request with these events is."""
    return bisect_left(SIZES, len(events))
