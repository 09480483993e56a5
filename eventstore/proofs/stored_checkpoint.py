"""A checkpoint as the database has it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class StoredCheckpoint(NamedTuple):
    """A checkpoint as the database has it. It is worth what its signature is worth."""

    lineage: int
    size: int
    root: bytes
    note: str
    signed_at: datetime
    stamped: bytes | None
    """An RFC 3161 token over `stamp_of`, which is a note with the same text."""
    stamp_of: str | None
