"""Every event of a log, hashed again, and the tree over all of them compared with what is signed.

State is a SQLite file: the head of each stream, and the tree's peaks. It is committed a batch at a
time, so that a monitor that was killed goes on where it was.
"""

from __future__ import annotations

import sqlite3
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import grpc
from muster.v1.audit_service_pb2 import ReadEventsRequest

from eventstore.integrity.hash_chain import event_hash, genesis
from eventstore.tlog.merkle import Tree, leaf_hash
from services.client.checkpoints.log_contact import NotCompared
from services.client.checkpoints.sealed_event import sealed_event
from services.client.client import reason_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from muster.v1.common_pb2 import Event

    from eventstore.log.events import StoredEvent
    from services.client.checkpoints.log_key import Opened
    from services.client.client import Client

SECRET = 0o600
BATCH_EVENTS = 1_000
REASON = "muster monitor: verification of the log"
"""Why events are read, as the log records it."""

SCHEMA = """
    CREATE TABLE IF NOT EXISTS head (
        stream TEXT PRIMARY KEY, version INTEGER NOT NULL, hash BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS tree (
        one INTEGER PRIMARY KEY CHECK (one = 1), lineage INTEGER NOT NULL, size INTEGER NOT NULL,
        peaks TEXT NOT NULL)"""
TREE = "SELECT lineage, size, peaks FROM tree"
HEAD = "SELECT version, hash FROM head WHERE stream = ?"
KEEP_HEAD = """
    INSERT INTO head VALUES (?, ?, ?)
    ON CONFLICT (stream) DO UPDATE SET version = excluded.version, hash = excluded.hash"""
KEEP_TREE = """
    INSERT INTO tree VALUES (1, ?, ?, ?)
    ON CONFLICT (one) DO UPDATE
    SET lineage = excluded.lineage, size = excluded.size, peaks = excluded.peaks"""


class EventsDiffer(Exception):
    """The events that a service shows are not those that were signed; the text says where."""


@dataclass
class EventVerification:
    """Reads what a log recorded since the last time, and verifies it."""

    client: Client
    database: sqlite3.Connection
    lineage: int
    tree: Tree

    @classmethod
    def open(cls, client: Client, file: Path) -> Self:
        """Go on where the file says. Raises sqlite3.Error."""
        file.touch(mode=SECRET, exist_ok=True)
        database = sqlite3.connect(file, isolation_level=None)
        database.execute("PRAGMA journal_mode = WAL")
        database.executescript(SCHEMA)
        lineage, size, peaks = database.execute(TREE).fetchone() or (1, 0, "")
        return cls(client, database, lineage, Tree(size, map(b64decode, peaks.split())))

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    async def verify(self, opened: Opened) -> int:
        """Verify all events up to a checkpoint; return how many were new.

        Raises EventsDiffer, and NotCompared if the service does not show them now.
        """
        checkpoint = opened.checkpoint
        if opened.lineage != self.lineage:
            self._begin_anew(opened.lineage)
        before = self.tree.size
        async for batch in self._batches(checkpoint.size):
            self._take(batch)
        if self.tree.size != checkpoint.size:
            raise EventsDiffer(
                f"the checkpoint is over {checkpoint.size} events, {self.tree.size} are shown"
            )
        if self.tree.root() != checkpoint.root:
            raise EventsDiffer(
                f"the {checkpoint.size} events have the root {self.tree.root().hex()}, signed is "
                f"{checkpoint.root.hex()}"
            )
        return self.tree.size - before

    async def is_beyond(self, size: int) -> bool:
        """Tell whether anything was recorded after a checkpoint. Raises NotCompared."""
        request = ReadEventsRequest(after=size, limit=1, reason=REASON)
        try:
            async for step in self.client.audit.ReadEvents(request):
                if step.events:
                    return True
        except grpc.aio.AioRpcError as error:
            raise NotCompared(reason_of(error) or error.code().name) from None
        return False

    async def _batches(self, size: int) -> AsyncIterator[Sequence[Event]]:
        after = self.tree.size
        if after >= size:
            return
        request = ReadEventsRequest(after=after, limit=size - after, reason=REASON)
        batch: list[Event] = []
        try:
            async for step in self.client.audit.ReadEvents(request):
                batch += step.events
                if len(batch) >= BATCH_EVENTS:
                    yield batch
                    batch = []
        except grpc.aio.AioRpcError as error:
            raise NotCompared(reason_of(error) or error.code().name) from None
        if batch:
            yield batch

    def _take(self, batch: Sequence[Event]) -> None:
        self.database.execute("BEGIN")
        tree = Tree(self.tree.size, self.tree.peaks)
        try:
            for event in batch:
                self._take_one(tree, _sealed(event))
            self._keep_tree(tree)
        except BaseException:
            self.database.execute("ROLLBACK")
            raise
        self.database.execute("COMMIT")
        self.tree = tree

    def _take_one(self, tree: Tree, row: StoredEvent) -> None:
        if row.position != tree.size + 1:
            raise EventsDiffer(f"event {tree.size + 1} is missing: {row.position} comes next")
        version, before = self.database.execute(HEAD, [row.stream]).fetchone() or (
            0,
            genesis(row.stream),
        )
        where = f"event {row.position} ({row.stream}, version {row.version})"
        if row.version != version + 1:
            raise EventsDiffer(f"{where}: version {version + 1} should come next")
        if event_hash(before, row) != row.hash:
            raise EventsDiffer(f"{where}: its hash is not that of what it holds")
        self.database.execute(KEEP_HEAD, [row.stream, row.version, row.hash])
        tree.append(leaf_hash(row.hash))

    def _keep_tree(self, tree: Tree) -> None:
        peaks = " ".join(b64encode(one).decode() for one in tree.peaks)
        self.database.execute(KEEP_TREE, [self.lineage, tree.size, peaks])

    def _begin_anew(self, lineage: int) -> None:
        """Read everything again: a lineage has a tree of its own, over the log as it then was."""
        self.lineage, self.tree = lineage, Tree()
        self.database.execute("BEGIN")
        self.database.execute("DELETE FROM head")
        self._keep_tree(self.tree)
        self.database.execute("COMMIT")


def _sealed(event: Event) -> StoredEvent:
    """Return an event as it is sealed. Raises EventsDiffer if it is none."""
    try:
        return sealed_event(event)
    except ValueError as error:
        raise EventsDiffer(f"event {event.position}: {error}") from None
