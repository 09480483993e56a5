"""Watches: what happens, in order, each event once, none left out, from any token on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from itertools import groupby
from typing import TYPE_CHECKING, Any

from muster.v1 import incident_service_pb2

from domain.aggregate import Known
from services.api import marks, present
from services.api.commands import incident_id
from services.api.failures import Failure, Violation

if TYPE_CHECKING:
    from uuid import UUID

    from domain.incident.state import Incident
    from eventstore.events import StoredEvent
    from eventstore.log import Log
    from eventstore.recorder import Recorder
    from projections.reading import ViewReader
    from services.api.edge import Call
    from services.api.history import History
    from services.api.places import Places

BOOKMARK_S = 10.0
BOOKMARK_LEAST_S = 1.0
BOOKMARK_MOST_S = 3_600.0
VIEW_PATIENCE_S = 5.0
"""How long a snapshot waits for the view that lists what is open."""

OPEN = "NOT phase = closed AND NOT phase = stood_down"
SNAPSHOT_ROWS = 500

Step = incident_service_pb2.WatchIncidentsResponse


class Watching:
    """Serves watches from the log's own order."""

    def __init__(
        self,
        log: Log,
        incidents: Recorder[Incident],
        history: History,
        views: ViewReader,
        places: Places,
    ) -> None:
        self._log = log
        self._history = history
        self._incidents = incidents
        self._views = views
        self._places = places
        self._closing = asyncio.Event()

    def close(self) -> None:
        """Let every watch end in order, with a last bookmark."""
        self._closing.set()

    async def watch(self, request: Any, call: Call) -> AsyncGenerator[Step, None]:
        """Follow one incident, or all that the caller may see."""
        stream = await self._stream(request, call)
        interval = _interval(request)
        position = await self._beginning(request)
        last = await self._event_at(position)
        if request.include_snapshot:
            async for step in self._snapshot(stream, position, call):
                yield step
        else:
            yield _bookmark(position, last)
        async with aclosing(self._log.follow(position)) as pages:
            async for page in _ticking(pages, interval, self._closing):
                shown = [one for one in page if await self._fits(one, stream, call)]
                for commit in _commits(shown):
                    yield _events(commit)
                if page:
                    position, last = page[-1].position, page[-1].event_id
                else:
                    yield _bookmark(position, last)
        yield _bookmark(position, last)

    async def _stream(self, request: Any, call: Call) -> str | None:
        if not request.incident_id:
            return None
        stream = f"incident/{incident_id(request.incident_id)}"
        if await self._places.venue(stream) is None:
            raise Failure("INCIDENT_UNKNOWN", {"incident": request.incident_id}, subject=stream)
        await self._places.refuse_elsewhere(call.actor, stream)
        return stream

    async def _beginning(self, request: Any) -> int:
        head = await self._log.head()
        if not request.resume_token:
            return head
        if request.include_snapshot:
            broken = Violation.of("include_snapshot", "not_together")
            raise Failure("FIELD_INVALID", violations=[broken])
        try:
            mark = marks.resume_mark(request.resume_token)
        except marks.MarkInvalid:
            raise Failure("RESUME_TOKEN_INVALID") from None
        last = await self._event_at(mark.position) if mark.position <= head else None
        if mark.position > head or (last is not None and not mark.is_of(last)):
            raise Failure("RESUME_TOKEN_INVALID")
        return mark.position

    async def _event_at(self, position: int) -> UUID | None:
        """Return which event is at a position; None before the first."""
        if position == 0:
            return None
        return (await self._log.read(position - 1, limit=1))[0].event_id

    async def _fits(self, event: StoredEvent, stream: str | None, call: Call) -> bool:
        if stream is not None:
            return event.stream == stream
        return event.category == "incident" and await self._places.shown_to(call.actor, event)

    async def _snapshot(self, stream: str | None, position: int, call: Call) -> AsyncIterator[Step]:
        """Show the incidents as they all are at one place in the log."""
        count = 0
        async for key in self._shown(stream, position, call):
            known = await self._as_of(key, position)
            if known.version:
                count += 1
                yield Step(snapshot=present.incident(key, known))
        end = incident_service_pb2.SnapshotEnd(incidents=count)
        token = marks.resume_token(position, await self._event_at(position))
        yield Step(resume_token=token, snapshot_end=end)

    async def _shown(self, stream: str | None, position: int, call: Call) -> AsyncIterator[str]:
        if stream is not None:
            yield stream.partition("/")[2]
            return
        await self._views.wait_for("incidents", position, VIEW_PATIENCE_S)
        token, venues = "", call.actor.venues
        while True:
            page = await self._views.incidents(
                matching=OPEN,
                order_by="incident_id",
                size=SNAPSHOT_ROWS,
                page_token=token,
                venues=venues,
            )
            for row in page.rows:
                yield row.incident_id
            token = page.next_token
            if not token:
                return

    async def _as_of(self, key: str, position: int) -> Known[Incident]:
        known = await self._incidents.known(key)
        if known.position <= position:
            return known
        return await self._history.at_position(key, position)


async def _ticking(
    pages: AsyncIterator[Sequence[StoredEvent]], interval: float, closing: asyncio.Event
) -> AsyncIterator[Sequence[StoredEvent]]:
    """Yield the pages, and an empty one whenever it was quiet for so long, until told to close."""
    closed = asyncio.ensure_future(closing.wait())
    page: asyncio.Future[Sequence[StoredEvent]] | None = None
    try:
        while not closed.done():
            page = page or asyncio.ensure_future(anext(pages))
            waiting: set[asyncio.Future[Any]] = {page, closed}
            await asyncio.wait(waiting, timeout=interval, return_when=asyncio.FIRST_COMPLETED)
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


def _events(commit: Sequence[StoredEvent]) -> Step:
    batch = incident_service_pb2.EventBatch(events=[present.event(one) for one in commit])
    last = commit[-1]
    return Step(resume_token=marks.resume_token(last.position, last.event_id), events=batch)


def _bookmark(position: int, last: UUID | None) -> Step:
    reached = incident_service_pb2.Bookmark(position=position)
    return Step(resume_token=marks.resume_token(position, last), bookmark=reached)


def _interval(request: Any) -> float:
    if not request.HasField("bookmark_interval"):
        return BOOKMARK_S
    said = request.bookmark_interval
    interval = float(said.seconds + said.nanos / 1e9)
    if not BOOKMARK_LEAST_S <= interval <= BOOKMARK_MOST_S:
        broken = Violation.of("bookmark_interval", "bookmark_interval")
        raise Failure("FIELD_INVALID", violations=[broken])
    return interval
