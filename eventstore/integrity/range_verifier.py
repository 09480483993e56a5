"""A range of the log, read as fast as it can be verified: row by row, seals and leaves.

Ranges are verified apart, also by several processes at once (`python -m
eventstore.integrity.range_verifier` is one): a stream that a range meets for the first time is
compared with the event before it, whose own seal is the matter of an earlier range.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from eventstore.integrity.chain_verifier import Divergence, Doubt
from eventstore.integrity.copy_format import COPY, COPY_HEADER_BYTES, Row, rows
from eventstore.integrity.hash_chain import EVENT_TAG, STREAM_TAG
from eventstore.postgres.connection import LOG_SETTINGS, Connection, close_quietly, connect
from eventstore.tlog.merkle import leaf_hash, root_of
from eventstore.tlog.tiles import WIDTH

if TYPE_CHECKING:
    from collections.abc import Sequence

RECORDED_BEFORE = "SELECT timestamptz_send(recorded_at) FROM muster.event WHERE position = $1"
PREDECESSORS = """
    SELECT e.position, e.stream, e.version, e.hash
    FROM unnest($1::text[], $2::bigint[]) AS owed (stream, version)
    JOIN muster.event e USING (stream, version)"""

COPY_TIMEOUT_S = 4 * 3600.0
FLAWS_MAX = 100
"""Flaws of one range that are told; the first one is what counts."""

OWED_AT_ONCE = 5_000
Tell = Callable[[int], None]
"""Told how many events were verified since it was told last."""


class Range(NamedTuple):
    """Positions from `first` to `last`; a range begins with the first leaf of a tile."""

    first: int
    last: int
    mark: int = 0
    """A size of the tree: if it ends in here, the entries of the tile it ends in are kept."""


class VerifiedRange(NamedTuple):
    """What was found in a range."""

    events: int
    flaws: Sequence[Divergence]
    tiles: Sequence[bytes]
    """The roots of its whole tiles of leaves."""
    tail: Sequence[bytes]
    """The hashes of the events after those."""
    marked: Sequence[bytes]
    """The hashes of the events of the marked tile, in it whole or in part."""


class RangeVerifier:
    """A walk along a range."""

    def __init__(self, wanted: Range, recorded: bytes, tell: Tell) -> None:
        self._wanted = wanted
        self._recorded = recorded
        self._tell = tell
        self._position = wanted.first - 1
        self._left = b""
        self._begun = self._broken = False
        self._heads: dict[bytes, tuple[int, bytes]] = {}
        self._owed: list[Row] = []
        self._hashes: list[bytes] = []
        self._tiles: list[bytes] = []
        self._marked: list[bytes] = []
        self._flaws: list[Divergence] = []

    async def take(self, chunk: bytes) -> None:
        """Verify what came."""
        if self._broken:
            return
        before = self._position
        content = self._left + bytes(chunk)
        at = 0
        if not self._begun and len(content) >= COPY_HEADER_BYTES:
            at, self._begun = COPY_HEADER_BYTES, True
        if self._begun:
            at = self._rows(content, at)
        self._left = content[at:]
        while len(self._hashes) >= WIDTH:
            self._fold()
        self._tell(self._position - before)

    async def settle(self, connection: Connection) -> VerifiedRange:
        """Compare what earlier ranges hold, and say what was found."""
        for first in range(0, len(self._owed), OWED_AT_ONCE):
            await self._pay(connection, self._owed[first : first + OWED_AT_ONCE])
        if not self._broken and self._position < self._wanted.last:
            missing = str(self._position + 1)
            gone = (Doubt.POSITION, missing, "nothing")
            self._flaws.append(Divergence(self._position + 1, "", 0, *gone))
        if self._mark_is_next():
            self._marked = list(self._hashes)
        events = self._position - self._wanted.first + 1
        flaws = sorted(self._flaws)[:FLAWS_MAX]
        return VerifiedRange(events, flaws, self._tiles, self._hashes, self._marked)

    def _rows(self, content: bytes, at: int) -> int:
        """Verify the whole rows, and return where the rest begins. Every line in here is dear."""
        heads, keep, digest = self._heads, self._hashes.append, sha256
        position, recorded = self._position, self._recorded
        for fields in rows(content, at):
            at, place, when, stream, version, stored, rest = fields
            head = heads.get(stream)
            if (
                head is None
                or place != position + 1
                or version != head[0] + 1
                or when < recorded
                or stored != digest(b"".join((EVENT_TAG, head[1], *rest))).digest()
            ):
                self._position, self._recorded = position, recorded
                self._doubt(Row._make(fields))
                if self._broken:
                    return len(content)
            heads[stream] = (version, stored)
            position, recorded = place, when
            keep(stored)
        self._position, self._recorded = position, recorded
        return at

    def _doubt(self, row: Row) -> None:
        """Look closer: it is the first of its stream in this range, or not as it should be."""
        if row.position != self._position + 1:
            self._say(row.doubt(Doubt.POSITION, self._position + 1, row.position))
            self._broken = True
            return
        if row.recorded < self._recorded:
            found = (self._recorded.hex(), row.recorded.hex())
            self._say(row.doubt(Doubt.RECORDED_AT, *found))
        head = self._heads.get(row.stream)
        if head is None and row.version > 1 and self._wanted.first > 1:
            self._owed.append(row)
            return
        self._compare(row, *(head or (0, sha256(STREAM_TAG + row.stream).digest())))

    def _compare(self, row: Row, version: int, before: bytes) -> None:
        if row.version != version + 1:
            self._say(row.doubt(Doubt.VERSION, version + 1, row.version))
        elif row.hash != (sealed := row.sealed(before)):
            self._say(row.doubt(Doubt.CONTENT, sealed.hex(), row.hash.hex()))

    def _say(self, flaw: Divergence) -> None:
        if len(self._flaws) < FLAWS_MAX:
            self._flaws.append(flaw)

    def _fold(self) -> None:
        """Make a tile of the first leaves."""
        entries = self._hashes[:WIDTH]
        del self._hashes[:WIDTH]
        if self._mark_is_next():
            self._marked = entries
        self._tiles.append(root_of(map(leaf_hash, entries)))

    def _mark_is_next(self) -> bool:
        next_tile = (self._wanted.first - 1) // WIDTH + len(self._tiles)
        return self._wanted.mark // WIDTH == next_tile

    async def _pay(self, connection: Connection, owed: Sequence[Row]) -> None:
        """Compare events with those before them in their streams, of earlier ranges."""
        names = [row.name for row in owed]
        rows = await connection.fetch(PREDECESSORS, names, [row.version - 1 for row in owed])
        found = {(row["stream"], row["version"]): (row["position"], row["hash"]) for row in rows}
        for row in owed:
            position, before = found.get((row.name, row.version - 1), (0, b""))
            if 0 < position < self._wanted.first:
                self._compare(row, row.version - 1, before)
            else:
                self._say(row.doubt(Doubt.VERSION, "one after an earlier one", row.version))


async def verify_range(dsn: str, wanted: Range, tell: Tell) -> VerifiedRange:
    """Verify a range in this process: some 6 µs of it per event."""
    connection = await connect(dsn, {**LOG_SETTINGS, "application_name": "muster scan"})
    try:
        recorded = await connection.fetchval(RECORDED_BEFORE, wanted.first - 1) or b""
        walk = RangeVerifier(wanted, recorded, tell)
        await connection.copy_from_query(
            COPY,
            wanted.first,
            wanted.last,
            output=walk.take,
            format="binary",
            timeout=COPY_TIMEOUT_S,
        )
        return await walk.settle(connection)
    finally:
        await close_quietly(connection)


def packed(scanned: VerifiedRange) -> str:
    """Return what was found as one line."""
    hashes = (scanned.tiles, scanned.tail, scanned.marked)
    return json.dumps(
        [scanned.events, scanned.flaws, *("".join(h.hex() for h in one) for one in hashes)]
    )


def unpacked(line: str) -> VerifiedRange:
    """Read that line."""
    events, flaws, *hashes = json.loads(line)
    tiles, tail, marked = (
        [content[at : at + 32] for at in range(0, len(content), 32)]
        for content in map(bytes.fromhex, hashes)
    )
    found = [Divergence(*flaw)._replace(doubt=Doubt(flaw[3])) for flaw in flaws]
    return VerifiedRange(events, found, tiles, tail, marked)


async def _scan_alone() -> None:
    """Verify the range that standard input names; tell progress and the end line by line."""
    asked = json.loads(sys.stdin.readline())
    os.nice(asked["niceness"])

    def tell(events: int) -> None:
        sys.stdout.write(f"{events}\n")
        sys.stdout.flush()

    found = await verify_range(asked["dsn"], Range(*asked["range"]), tell)
    sys.stdout.write(packed(found) + "\n")


if __name__ == "__main__":
    asyncio.run(_scan_alone())
