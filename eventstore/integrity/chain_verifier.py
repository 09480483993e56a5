"""Is the log what it was? Every seal is computed again, and the first doubt located.

It needs the standard library and `eventstore.integrity.hash_chain` only, and takes any rows in
order: from the database, from an export, from a backup. What it cannot see by itself is a tail that
was cut, or a log that was written anew by somebody who knew how: keep its end elsewhere and pass it
as `ends_at`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from eventstore.integrity.hash_chain import event_hash, genesis

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from eventstore.integrity.hash_chain import Row


class Doubt(StrEnum):
    """What is not as it was."""

    POSITION = "position"
    """The position is not the one after the last: something is missing, added or moved."""
    VERSION = "version"
    """The version is not the one after the last of its stream."""
    STREAM = "stream"
    """It is of another stream than the one that is verified."""
    RECORDED_AT = "recorded_at"
    """It is recorded earlier than the one before it."""
    CONTENT = "content"
    """Its hash is not that of what is stored and of the hash before it."""
    LEAF = "leaf"
    """The signed tree has another event in this place."""
    ROOT = "root"
    """The log does not have the root that was signed; nobody kept what would say where."""
    HEADS = "heads"
    """The signed map of heads is not the one that follows from the log."""
    CHECKPOINT = "checkpoint"
    """The newest checkpoint is not signed by the log's key."""
    ARCHIVE = "archive"
    """The notary's folder has another content under a name that is written once."""
    FOLDER = "folder"
    """The notary's folder does not have the checkpoint that the database says was signed last."""
    WITNESS = "witness"
    """A witness saw another log under this name."""
    END = "end"
    """The log does not end where it is known to have ended, or not with that hash."""


class Divergence(NamedTuple):
    """The first place where the log is not what it was."""

    position: int
    stream: str
    version: int
    doubt: Doubt
    expected: str
    found: str


class End(NamedTuple):
    """Where a log or a stream ended once: worth keeping where its keepers cannot reach it."""

    position: int
    hash: bytes


@dataclass
class Verification:
    """A walk along the log, or along one stream; what it remembers is one hash per stream."""

    stream: str | None = None
    """Verify this stream alone: its versions are dense, its positions only grow."""
    events: int = 0
    end: End | None = None
    divergence: Divergence | None = None
    _heads: dict[str, tuple[int, bytes]] = field(default_factory=dict, repr=False)
    _recorded_at: datetime | None = field(default=None, repr=False)

    @property
    def streams(self) -> int:
        """Return how many streams were met."""
        return len(self._heads)

    def take(self, row: Row) -> Divergence | None:
        """Verify the next row. After the first divergence nothing more is said."""
        if self.divergence is None:
            self.divergence = self._doubt(row)
        if self.divergence is None:
            self.events += 1
            self.end = End(row.position, row.hash)
            self._heads[row.stream] = (row.version, row.hash)
            self._recorded_at = row.recorded_at
        return self.divergence

    def finish(self, ends_at: End | None = None) -> Divergence | None:
        """Verify that the rows ended where they are known to have ended."""
        if self.divergence is None and ends_at is not None and ends_at != self.end:
            found = "nothing" if self.end is None else f"{self.end.position} {self.end.hash.hex()}"
            expected = f"{ends_at.position} {ends_at.hash.hex()}"
            stream = self.stream or ""
            self.divergence = Divergence(
                ends_at.position, stream, self.events, Doubt.END, expected, found
            )
        return self.divergence

    def _doubt(self, row: Row) -> Divergence | None:
        return self._misplaced(row) or self._unsealed(row)

    def _misplaced(self, row: Row) -> Divergence | None:
        position = 0 if self.end is None else self.end.position
        if self.stream is None:
            if row.position != position + 1:
                return _differs(row, Doubt.POSITION, position + 1, row.position)
            return None
        if row.stream != self.stream:
            return _differs(row, Doubt.STREAM, self.stream, row.stream)
        if row.position <= position:
            return _differs(row, Doubt.POSITION, f"more than {position}", row.position)
        return None

    def _unsealed(self, row: Row) -> Divergence | None:
        version, before = self._heads.get(row.stream) or (0, genesis(row.stream))
        if row.version != version + 1:
            return _differs(row, Doubt.VERSION, version + 1, row.version)
        if self._recorded_at is not None and row.recorded_at < self._recorded_at:
            return _differs(row, Doubt.RECORDED_AT, f"from {self._recorded_at}", row.recorded_at)
        sealed = event_hash(before, row)
        if row.hash != sealed:
            return _differs(row, Doubt.CONTENT, sealed.hex(), row.hash.hex())
        return None


def verify(
    rows: Iterable[Row], *, stream: str | None = None, ends_at: End | None = None
) -> Verification:
    """Verify a whole log, or one stream, from its first row on, up to the first divergence."""
    verification = Verification(stream)
    for row in rows:
        if verification.take(row) is not None:
            break
    verification.finish(ends_at)
    return verification


def _differs(row: Row, doubt: Doubt, expected: object, found: object) -> Divergence:
    return Divergence(row.position, row.stream, row.version, doubt, str(expected), str(found))
