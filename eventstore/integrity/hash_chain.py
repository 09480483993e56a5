"""The seal of every event: a chain of SHA-256 per stream, computed by the database when it appends.

This is the twin in Python, byte for byte, for whoever verifies. It needs the standard library only.

    genesis(stream) = SHA-256( "muster/stream/v1" 00 | u32 length of stream | stream )

    event_hash      = SHA-256( "muster/event/v1" 00       16 bytes: what this is, and its version
                             | hash of the event before   32 bytes: genesis(stream) for version 1
                             | length of stream            4 bytes
                             | stream                      UTF-8
                             | version                     8 bytes: 1, 2, 3 ...
                             | event id                   16 bytes: the UUID as it is
                             | recorded at                 8 bytes: µs since 2000-01-01T00:00Z
                             | occurred at                 8 bytes: likewise
                             | length of type              4 bytes
                             | type                        UTF-8
                             | schema version              2 bytes
                             | SHA-256( data )            32 bytes: of the JSON text as stored
                             | SHA-256( meta )            32 bytes: likewise )

Integers are big-endian and signed (two's complement). Lengths count bytes. Nothing is parsed: two
texts that mean the same have two hashes. `data` and `meta` come in as digests, so that one of them
can be withheld from an export and the chain still be followed. The position is not in here: it is
dense, and checked as such.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from uuid import UUID

STREAM_TAG = b"muster/stream/v1\x00"
EVENT_TAG = b"muster/event/v1\x00"

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
FIRST_STORED, LAST_STORED = -(2**63), 2**63 - 1
"""What the database has for the first and the last moment there is: the driver stores `-infinity`
and `infinity` for them."""

MICROSECOND = timedelta(microseconds=1)


class Row(Protocol):
    """An event as it is stored."""

    @property
    def position(self) -> int:
        """Its place in the whole log, from 1."""

    @property
    def recorded_at(self) -> datetime:
        """When the log took it."""

    @property
    def occurred_at(self) -> datetime:
        """When it happened, as it was told."""

    @property
    def stream(self) -> str:
        """The category and the id of what it happened to."""

    @property
    def version(self) -> int:
        """Its place in its stream, from 1."""

    @property
    def event_id(self) -> UUID:
        """What makes it one event, however often it is sent."""

    @property
    def type(self) -> str:
        """What kind of fact it is."""

    @property
    def schema_version(self) -> int:
        """The shape of its data."""

    @property
    def data(self) -> str:
        """The JSON text, as stored."""

    @property
    def meta(self) -> str:
        """Who, why and by which command: a JSON text, as stored."""

    @property
    def hash(self) -> bytes:
        """The seal that was stored with it."""


def genesis(stream: str) -> bytes:
    """Return what the first event of a stream is chained to."""
    return sha256(STREAM_TAG + _sized(stream)).digest()


def event_hash(before: bytes, row: Row) -> bytes:
    """Return what the seal of an event must be, given the seal of the one before it."""
    return sha256(
        b"".join(
            (
                EVENT_TAG,
                before,
                _sized(row.stream),
                row.version.to_bytes(8, "big", signed=True),
                row.event_id.bytes,
                _microseconds(row.recorded_at),
                _microseconds(row.occurred_at),
                _sized(row.type),
                struct.pack(">h", row.schema_version),
                sha256(row.data.encode()).digest(),
                sha256(row.meta.encode()).digest(),
            )
        )
    ).digest()


def _sized(text: str) -> bytes:
    encoded = text.encode()
    return len(encoded).to_bytes(4, "big", signed=True) + encoded


def _microseconds(instant: datetime) -> bytes:
    since = (instant - EPOCH) // MICROSECOND
    if not FIRST < instant < LAST:
        since = FIRST_STORED if instant <= FIRST else LAST_STORED
    return since.to_bytes(8, "big", signed=True)
