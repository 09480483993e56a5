"""Events from the service, as the log has them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC
from uuid import UUID

from muster.v1.audit_service_pb2 import ReadEventsRequest
from muster.v1.common_pb2 import Event
from muster.v1.incident_service_pb2 import WatchIncidentsResponse

from eventstore.log.events import StoredEvent
from services.cli.session.connection import Connection


async def read(connection: Connection, request: ReadEventsRequest) -> AsyncIterator[StoredEvent]:
    """Read events in order, to the end."""
    pages = connection.audit.ReadEvents(request)
    async for page in pages:
        for event in page.events:
            yield stored(event)


async def of_incident(connection: Connection, incident: str, reason: str = "") -> list[StoredEvent]:
    """Read every event of an incident; who does, and why, is recorded."""
    request = ReadEventsRequest(incident_id=incident, reason=reason)
    return [event async for event in read(connection, request)]


async def batches(
    steps: AsyncIterator[WatchIncidentsResponse],
) -> AsyncIterator[Sequence[StoredEvent]]:
    """Return only what happened, commit by commit."""
    async for step in steps:
        if step.WhichOneof("step") == "events":
            yield [stored(event) for event in step.events.events]


def stored(event: Event) -> StoredEvent:
    """Return an event of the contract as the log has it."""
    return StoredEvent(
        position=event.position,
        recorded_at=event.recorded_at.ToDatetime(UTC),
        occurred_at=event.occurred_at.ToDatetime(UTC),
        stream=event.stream,
        version=event.version,
        event_id=UUID(event.event_id),
        type=event.type,
        schema_version=event.schema_version,
        data=event.data,
        meta=event.meta,
        hash=event.hash,
    )
