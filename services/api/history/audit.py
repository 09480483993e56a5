"""Events read back from a stream, and the state of an incident at a point in time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any

from muster.v1 import audit_service_pb2, incident_pb2

from domain.incident.decider import INCIDENTS
from domain.record.case_access import ReadKind
from domain.values import Text
from services.api.access_log import Read
from services.api.commands.envelope import incident_id
from services.api.errors.failures import Failure, Violation
from services.api.history.point_in_time import History, instant_of
from services.api.messages import from_domain
from services.api.queries.incidents import refuse_elsewhere, refuse_unknown

if TYPE_CHECKING:
    from domain.incident.state.incident import Incident
    from eventstore.log.events import StoredEvent
    from eventstore.log.log import Log
    from eventstore.recorder.recorder import Recorder
    from services.api.access_log import AccessLog
    from services.api.interceptors.chain import Call
    from services.api.venue_access import VenueAccess

PAGE_EVENTS = 500
"""Events read and sent at a time."""

STREAM_LENGTH_MAX = 200
"""Characters of a stream's name."""

OF_INSTANT = Text.of("只能用于 instant", "can only be said of an instant")

ReadStep = audit_service_pb2.ReadEventsResponse


class Audit:
    """Answers what is asked about the past."""

    def __init__(
        self,
        log: Log,
        incidents: Recorder[Incident],
        history: History,
        places: VenueAccess,
        readings: AccessLog,
    ) -> None:
        self._log = log
        self._history = history
        self._incidents = incidents
        self._places = places
        self._readings = readings

    async def read(self, request: Any, call: Call) -> AsyncGenerator[ReadStep, None]:
        """Read events of a stream by version, or of the whole log by position."""
        for field in ("after", "limit"):
            if getattr(request, field) < 0:
                raise Failure("FIELD_INVALID", violations=[Violation.of(field, "not_negative")])
        stream = await self._stream(request, call)
        await self._refuse_beyond(stream, request.after)
        await self._record(stream, request, call)
        left = request.limit or None
        async for page in self._pages(stream, request.after):
            shown = [one for one in page if await self._places.shown_to(call.actor, one)]
            if left is not None:
                shown = shown[:left]
                left -= len(shown)
            if shown:
                yield ReadStep(events=[from_domain.event(one) for one in shown])
            if left == 0:
                return

    async def state_at(self, request: Any, call: Call) -> incident_pb2.Incident:
        """Return an incident as it was known at a moment."""
        key = incident_id(request.incident_id)
        current = await self._incidents.known(key)
        refuse_unknown(key, current.version)
        refuse_elsewhere(key, current.state.venue, call)
        if request.axis == audit_service_pb2.TIME_AXIS_TRUE:
            if request.WhichOneof("moment") != "instant":
                raise Failure(
                    "FIELD_INVALID", violations=[Violation("axis", "instant", OF_INSTANT)]
                )
            known = await self._history.true_at(key, instant_of(request), current)
        else:
            version = await self._history.version(key, current.version, request, "moment")
            known = await self._history.at(key, version)
        await self._readings.record(call, Read(ReadKind.STATE, key), request.reason)
        return from_domain.incident(key, known)

    async def _record(self, stream: str | None, request: Any, call: Call) -> None:
        """Record that a case is read, or the whole log; plans and units are no cases."""
        incident = None
        if stream is not None:
            incident = await self._places.incident_shown_to(call.actor, stream)
            if incident is None:
                return
        read = Read(ReadKind.EVENTS, incident, request.after)
        await self._readings.record(call, read, request.reason)

    async def _stream(self, request: Any, call: Call) -> str | None:
        match request.WhichOneof("source"):
            case "incident_id":
                stream = INCIDENTS.stream(incident_id(request.incident_id))
                if await self._places.venue(stream) is None:
                    raise Failure("INCIDENT_UNKNOWN", subject=stream)
                await self._places.refuse_elsewhere(call.actor, stream)
                return stream
            case "stream":
                return checked_stream(request.stream)
            case _:
                return None

    async def _refuse_beyond(self, stream: str | None, after: int) -> None:
        """Refuse to go on where the log, or the stream, has not come to."""
        head = await self._log.head()
        if stream is None and after > head:
            raise Failure("POSITION_UNKNOWN", {"position": str(after), "head": str(head)})
        if stream is None or after == 0:
            return
        current = await self._log.version_at(stream, head)
        if after > current:
            found = {"version": str(after), "current": str(current)}
            raise Failure("VERSION_UNKNOWN", found, subject=stream)

    async def _pages(self, stream: str | None, after: int) -> AsyncIterator[Sequence[StoredEvent]]:
        if stream is not None:
            async for page in self._log.read_stream(stream, after=after, page=PAGE_EVENTS):
                yield page
            return
        while page := await self._log.read(after, limit=PAGE_EVENTS):
            yield page
            after = page[-1].position


def checked_stream(stream: str) -> str:
    """Return a stream's name. Raises Failure if it is none."""
    if not stream.partition("/")[2] or len(stream) > STREAM_LENGTH_MAX:
        raise Failure("FIELD_INVALID", violations=[Violation.of("stream", "stream")])
    return stream
