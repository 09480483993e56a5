"""Watches: what happens, in order, each event once, none left out, from any token on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from itertools import groupby
from typing import TYPE_CHECKING, Any
from uuid import UUID

from muster.v1 import incident_service_pb2

from domain.record.case_access import ReadKind
from eventstore.postgres.errors import FollowerTooSlow
from services.api.access_log import Read
from services.api.commands.envelope import incident_id
from services.api.errors.failures import Failure, Violation
from services.api.messages import from_domain
from services.api.resume_tokens import Mark, Shown, invalid
from services.runtime.clocks import clocks

if TYPE_CHECKING:
    from eventstore.log.events import StoredEvent
    from eventstore.log.log import Log
    from services.api.access_log import AccessLog
    from services.api.interceptors.chain import Call
    from services.api.resume_tokens import ResumeTokens
    from services.api.venue_access import VenueAccess
    from services.api.watch.open_incidents import OpenIncidents

BATCH_BYTES_MAX = 1_000_000
"""Of the events in one step: a quarter of what a gRPC client takes unless it is told otherwise."""

EVENT_BYTES = 250
"""Of an event beside its data: ids, stream, type, moments, hash."""

BOOKMARK_S = 10.0
BOOKMARK_LEAST_S = 1.0
BOOKMARK_MOST_S = 3_600.0

Step = incident_service_pb2.WatchIncidentsResponse


class IncidentWatch:
    """Serves watches from the log's own order."""

    def __init__(
        self,
        log: Log,
        open_: OpenIncidents,
        places: VenueAccess,
        tokens: ResumeTokens,
        readings: AccessLog,
    ) -> None:
        self._log = log
        self._readings = readings
        self._open = open_
        self._places = places
        self._tokens = tokens
        self._closing = asyncio.Event()

    def close(self) -> None:
        """Let every watch end in order, with a last bookmark."""
        self._closing.set()

    async def watch(self, request: Any, call: Call) -> AsyncGenerator[Step, None]:
        """Follow one incident, or all that the caller may see."""
        stream = await self._stream(request, call)
        interval = _interval(request)
        mark = await self._beginning(request, stream, call)
        await self._record(request, mark, call)
        if request.include_snapshot or mark.shown:
            async for step in self._snapshot(mark, call):
                yield step
        else:
            yield self._bookmark(mark, call)
        try:
            async with aclosing(self._log.follow(mark.position)) as pages:
                quiet = _Quiet(interval)
                async for page in _ticking(pages, quiet, self._closing):
                    shown = [one for one in page if await self._fits(one, stream, call)]
                    for commit in _commits(shown):
                        for part, continues in _parts(commit):
                            yield self._events(part, stream, call, continues=continues)
                    if page:
                        mark = Mark.after(page[-1].position, page[-1].event_id, stream)
                    if shown:
                        quiet.begin()
                    elif quiet.is_over():
                        yield self._bookmark(mark, call)
                        quiet.begin()
        except FollowerTooSlow:
            token = self._tokens.seal(mark._replace(shown=None), call.actor)
            raise Failure("FOLLOWER_TOO_SLOW", {"resume_token": token}) from None
        yield self._bookmark(mark, call)
        raise Failure("SHUTTING_DOWN")

    async def _stream(self, request: Any, call: Call) -> str | None:
        if not request.incident_id:
            return None
        stream = f"incident/{incident_id(request.incident_id)}"
        if await self._places.venue(stream) is None:
            raise Failure("INCIDENT_UNKNOWN", {"incident": request.incident_id}, subject=stream)
        await self._places.refuse_elsewhere(call.actor, stream)
        return stream

    async def _beginning(self, request: Any, stream: str | None, call: Call) -> Mark:
        head = await self._log.head()
        if not request.resume_token:
            return Mark.after(head, await self._event_at(head), stream)
        if request.include_snapshot:
            broken = Violation.of("include_snapshot", "not_together")
            raise Failure("FIELD_INVALID", violations=[broken])
        mark = self._tokens.open(request.resume_token, stream, call.actor)
        if mark.position > head:
            raise invalid("log")
        last = await self._event_at(mark.position)
        if not mark.is_of(last):
            raise invalid("log")
        return Mark.after(mark.position, last, stream)._replace(shown=mark.shown)

    async def _record(self, request: Any, mark: Mark, call: Call) -> None:
        """Record that somebody reads what happened, or watches it beside their work."""
        incident = mark.stream and mark.stream.partition("/")[2]
        has_snapshot = request.include_snapshot or mark.shown
        read = Read(ReadKind.WATCH, incident, 0 if has_snapshot else mark.position)
        if await self._goes_back(request, mark, call):
            await self._readings.record(call, read, request.reason)
            return
        over = bool(incident and has_snapshot and await self._open.is_over(incident))
        await self._readings.record_present(call, read, request.reason, is_over=over)

    async def _goes_back(self, request: Any, mark: Mark, call: Call) -> bool:
        """Tell whether a watch begins further back than one that broke off and is taken up again.

        That is as long as one record of a reading stands for others.
        """
        if not request.resume_token:
            return False
        following = await self._log.read(mark.position, limit=1)
        window = self._readings.privacy.window(call.actor)
        return bool(following) and following[0].recorded_at < clocks.now() - window

    async def _event_at(self, position: int) -> UUID | None:
        """Return which event is at a position; None before the first."""
        if position == 0:
            return None
        return (await self._log.read(position - 1, limit=1))[0].event_id

    async def _fits(self, event: StoredEvent, stream: str | None, call: Call) -> bool:
        if stream is not None:
            return event.stream == stream
        return event.category == "incident" and await self._places.shown_to(call.actor, event)

    async def _snapshot(self, mark: Mark, call: Call) -> AsyncIterator[Step]:
        """Show the incidents as they all are at one place in the log, or the rest of them."""
        shown = mark.shown
        async for key, known in self._open.of(mark, call.actor):
            shown = Shown(UUID(key), shown.number + 1 if shown else 1)
            token = self._tokens.seal(mark._replace(shown=shown), call.actor)
            yield Step(resume_token=token, snapshot=from_domain.incident(key, known))
        end = incident_service_pb2.SnapshotEnd(incidents=shown.number if shown else 0)
        token = self._tokens.seal(mark._replace(shown=None), call.actor)
        yield Step(resume_token=token, snapshot_end=end)

    def _events(
        self, events: Sequence[StoredEvent], stream: str | None, call: Call, *, continues: bool
    ) -> Step:
        batch = incident_service_pb2.EventBatch(
            events=[from_domain.event(one) for one in events], continues=continues
        )
        mark = Mark.after(events[-1].position, events[-1].event_id, stream)
        return Step(resume_token=self._tokens.seal(mark, call.actor), events=batch)

    def _bookmark(self, mark: Mark, call: Call) -> Step:
        reached = incident_service_pb2.Bookmark(position=mark.position)
        token = self._tokens.seal(mark._replace(shown=None), call.actor)
        return Step(resume_token=token, bookmark=reached)


class _Quiet:
    """The time since the last step that was sent, whatever happens that is not shown."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.begin()

    def begin(self) -> None:
        """Count from now: a step was sent."""
        self._ends = asyncio.get_running_loop().time() + self._seconds

    def left(self) -> float:
        """Return for how many seconds more no bookmark is due."""
        return max(0.0, self._ends - asyncio.get_running_loop().time())

    def is_over(self) -> bool:
        """Tell whether a bookmark is due."""
        return self.left() == 0


async def _ticking(
    pages: AsyncIterator[Sequence[StoredEvent]], quiet: _Quiet, closing: asyncio.Event
) -> AsyncIterator[Sequence[StoredEvent]]:
    """Yield the pages, and an empty one when a bookmark is due, until the watch is to close."""
    closed = asyncio.ensure_future(closing.wait())
    page: asyncio.Future[Sequence[StoredEvent]] | None = None
    try:
        while not closed.done():
            page = page or asyncio.ensure_future(anext(pages))
            waiting: set[asyncio.Future[Any]] = {page, closed}
            await asyncio.wait(waiting, timeout=quiet.left(), return_when=asyncio.FIRST_COMPLETED)
            if page.done():
                done, page = page, None
                yield done.result()
            elif not closed.done():
                yield ()
    finally:
        closed.cancel()
        if page is not None:
            page.cancel()
            await asyncio.gather(page, return_exceptions=True)


def _commits(events: Sequence[StoredEvent]) -> list[list[StoredEvent]]:
    """Return events commit by commit: each has a moment of its own, later than the one before."""
    return [list(commit) for _, commit in groupby(events, key=lambda one: one.recorded_at)]


def _parts(commit: Sequence[StoredEvent]) -> Iterator[tuple[Sequence[StoredEvent], bool]]:
    """Yield a commit in parts that fit a message, and of each whether another one follows."""
    part: list[StoredEvent] = []
    size = 0
    for event in commit:
        size += len(event.data) + len(event.meta) + EVENT_BYTES
        if part and size > BATCH_BYTES_MAX:
            yield part, True
            part, size = [], len(event.data) + len(event.meta) + EVENT_BYTES
        part.append(event)
    yield part, False


def _interval(request: Any) -> float:
    if not request.HasField("bookmark_interval"):
        return BOOKMARK_S
    said = request.bookmark_interval
    interval = float(said.seconds + said.nanos / 1e9)
    if not BOOKMARK_LEAST_S <= interval <= BOOKMARK_MOST_S:
        broken = Violation.of("bookmark_interval", "bookmark_interval")
        raise Failure("FIELD_INVALID", violations=[broken])
    return interval
