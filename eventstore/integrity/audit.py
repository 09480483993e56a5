"""Is the whole log what it was, and what was signed? Chain and tree, by several processes at once.

Each process verifies a range of whole tiles: every seal, version, position and moment, and that
what is chained are the tree's leaves, for it makes the tree of the very hashes that it verified.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import TYPE_CHECKING, NamedTuple

from eventstore.integrity.chain_verifier import Divergence, Doubt
from eventstore.integrity.range_verifier import Range, Tell, VerifiedRange, unpacked, verify_range
from eventstore.log.subscription import HEAD
from eventstore.postgres.connection import LOG_SETTINGS, Connection, connected
from eventstore.postgres.errors import LogUnavailable
from eventstore.tlog.merkle import leaf_hash
from eventstore.tlog.tiles import WIDTH, root_over

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.integrity.archive import Archive

PROCESSES = 2
ALONE_EVENTS_MAX = 20_000
"""Up to so many events are verified in this process, between its other work."""

NICENESS = 10
"""Of the processes that verify: recording goes first."""

LINE_BYTES_MAX = 1 << 30
NAME_AT = "SELECT stream, version FROM muster.event WHERE position = $1"
HASHES = """
    SELECT string_agg(hash, ''::bytea ORDER BY position) FROM muster.event
    WHERE position BETWEEN $1 AND $2"""
NOTHING = "nothing"


class Signed(NamedTuple):
    """What a checkpoint says."""

    size: int
    root: bytes


class Task(NamedTuple):
    """What is to be verified, and how."""

    signed: Signed | None
    archive: Archive | None
    alone: int
    """Up to so many events are verified in this process."""


class Report(NamedTuple):
    """What was found."""

    size: int
    """Events there are."""
    root: bytes
    """Of the tree over them."""
    flaws: Sequence[Divergence]
    """By position: the first divergence first."""


class ScanFailed(LogUnavailable):
    """A process that verified ended before it was done."""


async def audit(
    dsn: str,
    signed: Signed | None,
    archive: Archive | None,
    tell: Tell,
    *,
    alone: int = ALONE_EVENTS_MAX,
) -> Report:
    """Verify the whole log, and that it begins with what was signed.

    An archive of the tree that was signed says in which place the log is another one. Raises
    LogUnavailable.
    """
    try:
        async with connected(dsn, LOG_SETTINGS) as connection:
            return await _audit(connection, dsn, Task(signed, archive, alone), tell)
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def _audit(connection: Connection, dsn: str, task: Task, tell: Tell) -> Report:
    signed, size = task.signed, int(await connection.fetchval(HEAD))
    mark = min(signed.size, size) if signed else 0
    found = await _scanned(dsn, Range(1, size, mark), task.alone, tell)
    tiles = [tile for part in found for tile in part.tiles]
    tail = [leaf_hash(entry) for entry in found[-1].tail]
    flaws = [flaw for part in found for flaw in part.flaws]
    if signed and not any(flaw.doubt is Doubt.POSITION for flaw in flaws):
        marked = [leaf_hash(entry) for part in found for entry in part.marked]
        at_mark = root_over([marked[: mark % WIDTH], tiles[: mark // WIDTH]])
        if size < signed.size or at_mark != signed.root:
            flaws.append(await locate(connection, signed, task.archive, size, tiles))
    return Report(size, root_over([tail, tiles]), sorted(flaws))


async def locate(
    connection: Connection,
    signed: Signed,
    archive: Archive | None,
    size: int,
    tiles: Sequence[bytes],
) -> Divergence:
    """Return the first place where the log is not what was signed."""
    kept = archive.roots(signed.size, signed.root) if archive else None
    if archive and kept is not None:
        pairs = enumerate(zip(tiles, kept, strict=False))
        whole = min(len(tiles), len(kept))
        number = next((at for at, (one, other) in pairs if one != other), whole)
        entries = await entries_of(connection, number * WIDTH + 1, min((number + 1) * WIDTH, size))
        leaves = archive.leaves(number, signed.size) or ()
        for at, (entry, leaf) in enumerate(zip(entries, leaves, strict=False), number * WIDTH + 1):
            if leaf_hash(entry) != leaf:
                return await _named(connection, at, leaf, leaf_hash(entry))
    if size < signed.size:
        expected = f"{signed.size} events"
        return Divergence(size + 1, "", 0, Doubt.END, expected, f"{size} events")
    return Divergence(signed.size, "", 0, Doubt.ROOT, signed.root.hex(), "another")


async def entries_of(connection: Connection, first: int, last: int) -> list[bytes]:
    """Return the hashes of the events from one position to another."""
    content = await connection.fetchval(HASHES, first, last) or b""
    return [content[at : at + 32] for at in range(0, len(content), 32)]


async def _named(connection: Connection, position: int, leaf: bytes, found: bytes) -> Divergence:
    row = await connection.fetchrow(NAME_AT, position)
    stream, version = row or ("", 0)
    return Divergence(position, stream, version, Doubt.LEAF, leaf.hex(), found.hex())


async def _scanned(dsn: str, whole: Range, alone: int, tell: Tell) -> Sequence[VerifiedRange]:
    if whole.last <= alone:
        return [await verify_range(dsn, whole, tell)]
    async with asyncio.TaskGroup() as group:
        begun = [group.create_task(_apart(dsn, wanted, tell)) for wanted in _ranges(whole)]
    return [one.result() for one in begun]


def _ranges(whole: Range) -> Sequence[Range]:
    """Cut the log into parts of whole tiles, one for each process."""
    step = -(-whole.last // (PROCESSES * WIDTH)) * WIDTH
    firsts = range(1, whole.last + 1, step)
    return [Range(first, min(first + step - 1, whole.last), whole.mark) for first in firsts]


async def _apart(dsn: str, wanted: Range, tell: Tell) -> VerifiedRange:
    """Verify a range in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "eventstore.integrity.range_verifier",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LINE_BYTES_MAX,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    if process.stdin is None or process.stdout is None:
        raise ScanFailed("a process without pipes")
    try:
        asked = json.dumps({"dsn": dsn, "range": wanted, "niceness": NICENESS})
        process.stdin.write(asked.encode() + b"\n")
        await process.stdin.drain()
        async for line in process.stdout:
            if line.startswith(b"["):
                return unpacked(line.decode())
            tell(int(line))
        raise ScanFailed(f"verifying ended with {await process.wait()}")
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
