"""The map beside the tree: it grows with it, and every checkpoint signs both."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from eventstore.heads import store
from eventstore.heads.audit import buckets_over
from eventstore.heads.hashes import Space
from eventstore.heads.source import (
    PAGE_EVENTS,
    Openings,
    map_at,
    newest_between,
    opened_between,
)
from eventstore.heads.sparse_tree import Trie
from eventstore.heads.subtrees import BUCKETS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eventstore.heads.hashes import Leaf
    from eventstore.heads.source import Entry, Opening
    from eventstore.postgres.connection import Connection

PART_BUCKETS = 4
"""So many of the 256 parts of the map are read from the database at a time."""

TOGETHER = 2_000
"""Entries that are put into the map before other work has its turn."""


class HeadIndex:
    """The heads of all streams and venues as of a size of the log."""

    def __init__(self, lineage: int, size: int = 0) -> None:
        self.size = size
        self._lineage = lineage
        self._kept = size
        """The size as of which the database has it."""
        self._trie = Trie()
        self._openings = Openings()
        self._entries: dict[tuple[str, str], Entry] = {}
        """Those that the database does not have yet."""
        self._opened: list[Opening] = []

    @classmethod
    async def begin(
        cls, connection: Connection, lineage: int, size: int, signed: bytes | None
    ) -> Self:
        """Return the map as of what was signed last: as it was kept, if that is what was signed.

        Else it is made again from the log, and may still be another one than was signed.
        """
        if signed is not None:
            index = cls(lineage, size)
            await index._load(connection)
            if index.root() == signed:
                return index
        index = cls(lineage, size)
        entries, opened = await map_at(connection, size)
        index._openings = Openings(entries)
        for first in range(0, len(entries), TOGETHER):
            index._put(entries[first : first + TOGETHER])
            await asyncio.sleep(0)
        await _keep_anew(connection, (lineage, size), entries, opened)
        return index

    async def restore(self, connection: Connection) -> None:
        """Make again what a crash took of the database's copy, which is not logged."""
        if not await store.is_kept(connection, self._lineage, self._kept):
            entries, opened = await map_at(connection, self._kept)
            await _keep_anew(connection, (self._lineage, self._kept), entries, opened)

    async def read_on(self, connection: Connection, size: int) -> None:
        """Take what the log has up to a size."""
        while self.size < size:
            last = min(size, self.size + PAGE_EVENTS)
            newest = await newest_between(connection, self.size, last)
            opened = await opened_between(connection, self.size, last)
            # From here on nothing waits: a connection that is lost leaves no page half taken.
            self._opened += (taken := [self._openings.take(*one) for one in opened])
            for entry in (*newest.values(), *(opening.entry for opening in taken)):
                self._entries[entry.space, entry.name] = entry
            self.size = last

    def root(self) -> bytes:
        """Return the root over all that was taken."""
        self._put(self._entries.values())
        return self._trie.root()

    async def keep(self, connection: Connection) -> None:
        """Keep what is new, and the map as it is now, before a checkpoint signs it."""
        leaves = self._put(self._entries.values())
        buckets = self._trie.buckets()
        async with connection.transaction():
            await store.keep(connection, self._entries.values(), leaves, self._opened)
            await store.keep_buckets(connection, self._lineage, self.size, buckets)
        self._kept = self.size
        self._entries.clear()
        self._opened.clear()

    async def _load(self, connection: Connection) -> None:
        """Take what the database has, part by part, whatever it is worth."""
        venues: list[Entry] = []
        for first in range(0, BUCKETS, PART_BUCKETS):
            last = first + PART_BUCKETS - 1
            entries = await store.entries_of(connection, self.size, first, last)
            venues += [entry for entry in entries if entry.space is Space.VENUE]
            self._put(entries)
        self._openings = Openings(venues)

    def _put(self, entries: Iterable[Entry]) -> list[Leaf]:
        leaves = [entry.leaf for entry in entries]
        for leaf in leaves:
            self._trie.put(leaf.key, leaf.digest)
        return leaves


async def _keep_anew(
    connection: Connection,
    of: tuple[int, int],
    entries: Sequence[Entry],
    opened: Sequence[Opening],
) -> None:
    """Replace what the database has by the whole map of a lineage as of a size."""
    leaves = [entry.leaf for entry in entries]
    buckets = await buckets_over(leaves)
    async with connection.transaction():
        await store.forget(connection)
        await store.keep(connection, entries, leaves, opened)
        await store.keep_buckets(connection, *of, buckets)
