"""The hashes of the log as they are defined, written once more for the checker alone."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from benchmarks.torture.evidence import Event

POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def genesis(stream: str) -> bytes:
    """Return what the first event of a stream is chained to."""
    return sha256(b"muster/stream/v1\0" + _sized(stream)).digest()


def seal(before: bytes, event: Event) -> bytes:
    """Return what the hash of an event must be: the definition, once more."""
    return sha256(
        b"muster/event/v1\0"
        + before
        + _sized(event.stream)
        + struct.pack(">q", event.version)
        + event.event_id.bytes
        + struct.pack(">qq", _since_2000(event.recorded_at), _since_2000(event.occurred_at))
        + _sized(event.type)
        + struct.pack(">h", event.schema_version)
        + sha256(event.data.encode()).digest()
        + sha256(event.meta.encode()).digest()
    ).digest()


def _sized(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack(">i", len(encoded)) + encoded


def _since_2000(instant: datetime) -> int:
    return (instant - POSTGRES_EPOCH) // MICROSECOND
