"""Events from the service: read once, or followed without end across restarts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC
from uuid import UUID

import grpc
from muster.v1.audit_service_pb2 import ReadEventsRequest
from muster.v1.common_pb2 import Event
from muster.v1.incident_service_pb2 import WatchIncidentsRequest, WatchIncidentsResponse

from eventstore.events import StoredEvent
from services.cli.connection import Connection

RESUME_PAUSES_S = (0.1, 0.2, 0.5, 1.0, 2.0)
"""How long to wait before a watch that broke is taken up again."""

RESUMABLE = frozenset(
    {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.ABORTED, grpc.StatusCode.CANCELLED}
)
"""How a watch ends that can be taken up where it was."""


async def read(connection: Connection, request: ReadEventsRequest) -> AsyncIterator[StoredEvent]:
    """Read events in order, to the end."""
    pages = connection.audit.ReadEvents(request, metadata=connection.metadata)
    async for page in pages:
        for event in page.events:
            yield stored(event)


async def of_incident(connection: Connection, incident: str) -> list[StoredEvent]:
    """Read every event of an incident."""
    return [event async for event in read(connection, ReadEventsRequest(incident_id=incident))]


async def watch(
    connection: Connection, request: WatchIncidentsRequest
) -> AsyncIterator[WatchIncidentsResponse]:
    """Follow what happens; a watch that breaks goes on where it was, nothing twice or never."""
    failures = 0
    while True:
        try:
            async for step in connection.incidents.WatchIncidents(
                request, metadata=connection.metadata
            ):
                failures = 0
                yield step
                request = _from_there(request, step.resume_token)
        except grpc.aio.AioRpcError as error:
            if error.code() not in RESUMABLE or not request.resume_token:
                raise
        await asyncio.sleep(RESUME_PAUSES_S[min(failures, len(RESUME_PAUSES_S) - 1)])
        failures += 1


def _from_there(request: WatchIncidentsRequest, token: str) -> WatchIncidentsRequest:
    """Return what goes on after a step; the steps of a snapshot have no token of their own."""
    if not token:
        return request
    again = WatchIncidentsRequest()
    again.CopyFrom(request)
    again.include_snapshot = False
    again.resume_token = token
    return again


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
