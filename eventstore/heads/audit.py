"""Compare the map of heads that was signed with the one that follows from the log.

It is made again as a whole by other code than the notary's, which grows it step by step.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from eventstore.heads.source import map_at
from eventstore.heads.subtrees import BUCKET_BITS, BUCKETS, Summary, root_over, summary
from eventstore.integrity.chain_verifier import Divergence, Doubt
from eventstore.postgres.connection import LOG_SETTINGS, connected
from eventstore.tlog.checkpoint import Checkpoint
from eventstore.tlog.note import Note

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eventstore.heads.hashes import Leaf
    from eventstore.postgres.connection import Connection


async def audit_heads(dsn: str, note: str | None) -> list[Divergence]:
    """Make the map under a checkpoint again, and return in what it is not the one that was signed.

    Raises LogUnavailable.
    """
    signed = Checkpoint.parse(Note.parse(note).text) if note else None
    if signed is None or signed.heads is None:
        return []
    async with connected(dsn, LOG_SETTINGS) as connection:
        found = await heads_root(connection, signed.size)
    return [] if found == signed.heads else [heads_differ(signed.size, signed.heads, found)]


async def heads_root(connection: Connection, size: int) -> bytes:
    """Return the root of the map that follows from the log up to a size."""
    entries, _ = await map_at(connection, size)
    return root_over(await buckets_over(entry.leaf for entry in entries)).hash


async def buckets_over(leaves: Iterable[Leaf]) -> list[Summary]:
    """Return the subtrees of a map by the first byte of their keys, letting others have a turn."""
    buckets: list[list[Leaf]] = [[] for _ in range(BUCKETS)]
    for leaf in leaves:
        buckets[leaf.key[0]].append(leaf)
    found: list[Summary] = []
    for bucket in buckets:
        found.append(summary(sorted(bucket), BUCKET_BITS))
        await asyncio.sleep(0)
    return found


def heads_differ(size: int, signed: bytes | None, found: bytes) -> Divergence:
    """Return what to say of a log whose map of heads is not the one that was signed."""
    said = signed.hex() if signed else ""
    return Divergence(size, "", 0, Doubt.HEADS, said, found.hex())
