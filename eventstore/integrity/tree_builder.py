"""The tree as the notary makes it: grown from the log, whole tiles handed over as they come."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from eventstore.integrity.chain_verifier import Divergence, Doubt
from eventstore.tlog.merkle import HASH_BYTES
from eventstore.tlog.tiles import WIDTH, Edge, Tile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eventstore.integrity.archive import Archive
    from eventstore.postgres.connection import Connection

PAGE_EVENTS = 65_536
"""Hashes read at a time: 2 MiB."""

PAGE = """
    SELECT string_agg(hash, ''::bytea ORDER BY position) AS hashes, max(position) AS last,
           min(recorded_at) FILTER (WHERE position > $1) AS since
    FROM muster.event WHERE position >= $1 AND position <= $2"""


class Subtree(NamedTuple):
    """The root of a whole tile, as a hash of the level of tiles above."""

    level: int
    number: int
    hash: bytes


class Claim(NamedTuple):
    """What a checkpoint says of a lineage."""

    lineage: int
    size: int
    root: bytes


class LogDiffers(Exception):
    """The log is not what was signed."""

    def __init__(self, divergence: Divergence, claim: Claim | None = None) -> None:
        super().__init__(str(divergence))
        self.divergence = divergence
        self.claim = claim
        """The checkpoint that the log is not, if it is about one."""


class TreeBuilder:
    """A tree over the log up to a size; kept in an archive as it grows, if there is one."""

    def __init__(self, archive: Archive | None = None, marks: Iterable[int] = ()) -> None:
        self.roots: dict[int, bytes] = {}
        """The roots that it had at the sizes that were marked."""
        self._marks = sorted(marks, reverse=True)
        self.subtrees: list[Subtree] = []
        """The whole tiles since somebody took them from here."""
        self._archive = archive
        self._edge = Edge(self._keep)
        self._entries: list[bytes] = []
        self._last = b""
        self._partial: dict[int, Tile] = {}

    @property
    def size(self) -> int:
        """Return how many events it is over."""
        return self._edge.size

    def root(self) -> bytes:
        """Return its root."""
        return self._edge.root()

    def keep_in(self, archive: Archive) -> None:
        """Keep what comes in an archive that has all there is so far."""
        self._archive = archive

    async def read_on(self, connection: Connection, up_to: int) -> datetime | None:
        """Take the next page of the log, and return since when its first event is there.

        Raises LogDiffers if the last event that was taken is not there any more, or another one.
        """
        last = min(up_to, self.size + PAGE_EVENTS)
        row = await connection.fetchrow(PAGE, self.size, last)
        content = (row["hashes"] if row else None) or b""
        entries = [content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES)]
        if self.size:
            self._compare(entries[:1])
            entries = entries[1:]
        if row and entries and row["last"] != self.size + len(entries):
            expected = (Doubt.POSITION, "every position", f"{len(entries)} up to {row['last']}")
            raise LogDiffers(Divergence(self.size + 1, "", 0, *expected))
        self.take(entries)
        return row["since"] if row else None

    def take(self, entries: Sequence[bytes]) -> None:
        """Take the next entries."""
        at = 0
        while at < len(entries):
            room = WIDTH - len(self._entries)
            if self._marks:
                room = min(room, self._marks[-1] - self.size)
            page = entries[at : at + room]
            at += len(page)
            self._entries += page
            self._edge.extend(page)
            if self._marks and self.size == self._marks[-1]:
                self.roots[self._marks.pop()] = self.root()
            if len(self._entries) == WIDTH:
                self._keep_entries(WIDTH)
                self._entries.clear()
        if entries:
            self._last = entries[-1]

    def keep_end(self) -> None:
        """Keep the partial tiles at the end, as a checkpoint over them needs them."""
        if self._archive is None:
            return
        for tile, hashes in self._edge.partial():
            if self._partial.get(tile.level) != tile:
                self._partial[tile.level] = tile
                self._archive.keep_tile(tile, hashes)
                if not tile.level:
                    self._keep_entries(tile.width)

    def _compare(self, entries: Sequence[bytes]) -> None:
        if not entries:
            known = (Doubt.END, f"{self.size} events", "fewer")
            raise LogDiffers(Divergence(self.size, "", 0, *known))
        if entries[0] != self._last:
            known = (Doubt.LEAF, self._last.hex(), entries[0].hex())
            raise LogDiffers(Divergence(self.size, "", 0, *known))

    def _keep(self, tile: Tile, hashes: Sequence[bytes], root: bytes) -> None:
        self.subtrees.append(Subtree(tile.level + 1, tile.number, root))
        if self._archive is not None:
            self._archive.keep_tile(tile, hashes)

    def _keep_entries(self, width: int) -> None:
        if self._archive is not None:
            number = (self.size - len(self._entries)) // WIDTH
            self._archive.keep_entries(Tile(0, number, width), self._entries)
