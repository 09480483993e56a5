"""Rows of the log as COPY sends them in binary: the very bytes that were hashed, one after another.

What PostgreSQL writes are the integers, ids and length-prefixed texts of the seal (see
`eventstore.integrity.hash_chain`), so nothing is decoded only to be encoded again.
"""

from __future__ import annotations

import struct
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from eventstore.integrity.chain_verifier import Divergence, Doubt
from eventstore.integrity.hash_chain import EVENT_TAG

if TYPE_CHECKING:
    from collections.abc import Iterator

COPY = """
    SELECT position, recorded_at, version, occurred_at, event_id, schema_version, hash,
           stream, type, data, meta
    FROM muster.event WHERE position BETWEEN $1 AND $2 ORDER BY position"""

COPY_HEADER_BYTES = 19
FIXED = struct.Struct(">h4xq4x8s4xq4x8s4x16s4x2s4x32si")
"""A row's number of columns, its columns of fixed size after their lengths, the next length."""
LENGTH = struct.Struct(">i")
VERSION_AT = 30
"""Where in a row the version's bytes begin."""


class Row(NamedTuple):
    """A row as it was sent, or as much of it as a doubt is about."""

    past: int
    """Where in what was sent the next row begins."""
    position: int
    recorded: bytes
    stream: bytes
    """After its length."""
    version: int
    hash: bytes
    rest: tuple[bytes, ...]
    """What is hashed after the hash of the event before it."""

    @property
    def name(self) -> str:
        """Return the stream's name."""
        return self.stream[LENGTH.size :].decode()

    def sealed(self, before: bytes) -> bytes:
        """Return what its seal must be."""
        return sha256(b"".join((EVENT_TAG, before, *self.rest))).digest()

    def doubt(self, doubt: Doubt, expected: object, found: object) -> Divergence:
        """Say what is not as it should be."""
        return Divergence(self.position, self.name, self.version, doubt, str(expected), str(found))


Fields = tuple[int, int, bytes, bytes, int, bytes, tuple[bytes, ...]]
"""The fields of a row: a tuple is made in half the time."""


def rows(content: bytes, at: int) -> Iterator[Fields]:
    """Yield the rows that are there as a whole. Every line in here is dear."""
    unpack, length, digest = FIXED.unpack_from, LENGTH.unpack_from, sha256
    end = len(content)
    try:
        while end - at > FIXED.size:
            _, position, recorded, version, occurred, event_id, schema, stored, size = unpack(
                content, at
            )
            name = at + FIXED.size
            kind = name + size
            data = kind + 4 + length(content, kind)[0]
            meta = data + 4 + length(content, data)[0]
            past = meta + 4 + length(content, meta)[0]
            if past > end:
                return
            stream = content[name - 4 : kind]
            rest = (
                stream,
                content[at + VERSION_AT : at + VERSION_AT + 8],
                event_id,
                recorded,
                occurred,
                content[kind:data],
                schema,
                digest(content[data + 4 : meta]).digest(),
                digest(content[meta + 4 : past]).digest(),
            )
            yield past, position, recorded, stream, version, stored, rest
            at = past
    except struct.error:  # the content ends within the length of a text
        return
