"""An event as a service shows it, with all that its hash is made of."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from eventstore.integrity.hash_chain import EPOCH
from eventstore.log.events import StoredEvent

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp
    from muster.v1.common_pb2 import Event

NANOSECONDS = 1_000
SCHEMA_VERSION_MAX = 2**15 - 1


def sealed_event(event: Event) -> StoredEvent:
    """Return an event as it is sealed. Raises ValueError if it is none."""
    if not 0 <= event.schema_version <= SCHEMA_VERSION_MAX:
        raise ValueError(f"schema_version {event.schema_version} is out of range")
    try:
        return StoredEvent(
            event.position,
            _instant(event.recorded_at),
            _instant(event.occurred_at),
            event.stream,
            event.version,
            UUID(event.event_id),
            event.type,
            event.schema_version,
            event.data,
            event.meta,
            event.hash,
        )
    except OverflowError as error:
        raise ValueError(str(error)) from None


def _instant(moment: Timestamp) -> datetime:
    seconds = moment.seconds - int(EPOCH.timestamp())
    return EPOCH + timedelta(seconds=seconds, microseconds=moment.nanos // NANOSECONDS)
