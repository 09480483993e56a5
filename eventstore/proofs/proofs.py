"""Proofs from the database: what was signed, and that an event or an earlier log is in it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from eventstore.divergence.write_gate import ACKNOWLEDGEABLE, STANDING, standing_in
from eventstore.integrity.audit import HASHES
from eventstore.postgres.connection import LOG_SETTINGS, Pool, close_pool, connect_pool
from eventstore.postgres.errors import LogUnavailable, is_transient
from eventstore.postgres.retry import with_retry
from eventstore.proofs.quorum import Quorum
from eventstore.proofs.stored_checkpoint import StoredCheckpoint
from eventstore.tlog.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    Node,
    Span,
    consistency_spans,
    inclusion_spans,
    leaf_hash,
    prove,
    root_of,
    wanted,
)
from eventstore.tlog.tiles import HEIGHT, WIDTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.record.divergence import Standing

CONNECTIONS_MAX = 2

PAGE_CHECKPOINTS = 100
"""Looked at together, and how often, where one does not count that is said to."""

LOOKED_AT_MAX = 1_000
"""Checkpoints that are looked at for some that count."""

NONE_REQUIRED = Quorum()

KEPT = "lineage, size, root, note, signed_at, stamped, stamp_of"
SIGNED = f"SELECT {KEPT} FROM muster.checkpoint ORDER BY lineage DESC, size DESC LIMIT $1"  # noqa: S608 - our own column names
LATEST = f"""
    SELECT {KEPT} FROM muster.checkpoint WHERE counts ORDER BY lineage DESC, size DESC LIMIT 1"""  # noqa: S608 - our own column names
LIST = f"""
    SELECT {KEPT} FROM muster.checkpoint WHERE counts AND (lineage, size) < ($1, $2)
    ORDER BY lineage DESC, size DESC LIMIT $3"""  # noqa: S608 - our own column names
FIRST_COVERING = f"""
    SELECT DISTINCT ON (c.size) c.* FROM unnest($2::bigint[]) AS covered (position)
    CROSS JOIN LATERAL (
        SELECT {KEPT} FROM muster.checkpoint
        WHERE counts AND lineage = $1 AND size >= covered.position
            AND (stamped IS NOT NULL OR NOT $3)
        ORDER BY size LIMIT 1) c
    ORDER BY c.size"""  # noqa: S608 - our own column names
ENTRIES = """
    SELECT r.n, string_agg(e.hash, ''::bytea ORDER BY e.position) AS hashes
    FROM unnest($1::int[], $2::bigint[], $3::bigint[]) AS r (n, first, last)
    JOIN muster.event e ON e.position > r.first AND e.position <= r.last GROUP BY r.n"""
SUBTREES = """
    SELECT r.n, string_agg(s.hash, ''::bytea ORDER BY s.number) AS hashes
    FROM unnest($1::int[], $2::smallint[], $3::bigint[], $4::bigint[]) AS r (n, level, first, last)
    JOIN muster.subtree s ON s.level = r.level AND s.number >= r.first AND s.number < r.last
    GROUP BY r.n"""


TILES = """
    SELECT string_agg(hash, ''::bytea ORDER BY number) AS hashes FROM muster.subtree
    WHERE level = 1 AND number < $1"""
LENGTH = "SELECT coalesce(max(version), 0) FROM muster.event WHERE stream = $1"


class ProofUnavailable(Exception):
    """The notary has not come as far as this, or what proofs are made of was lost."""


class Proofs:
    """Reads what the notary wrote."""

    def __init__(self, pool: Pool, quorum: Quorum = NONE_REQUIRED) -> None:
        self._pool = pool
        self._quorum = quorum

    @property
    def pool(self) -> Pool:
        """Return its connections, for whoever needs one now and then."""
        return self._pool

    @classmethod
    async def open(cls, dsn: str, quorum: Quorum = NONE_REQUIRED) -> Self:
        """Connect. Raises LogUnavailable."""
        try:
            return cls(await connect_pool(dsn, LOG_SETTINGS, size=CONNECTIONS_MAX), quorum)
        except Exception as error:
            if is_transient(error):
                raise LogUnavailable(str(error) or type(error).__name__) from error
            raise

    async def close(self) -> None:
        """Disconnect."""
        await close_pool(self._pool)

    async def latest(self) -> StoredCheckpoint | None:
        """Return the newest checkpoint that counts; None before the first."""
        found = await self._kept(LATEST)
        if not found or self._quorum.counts(found[0]):
            return found[0] if found else None
        before = await self.before(found[0].lineage, found[0].size, 1)
        return before[0] if before else None

    async def before(self, lineage: int, size: int, limit: int) -> list[StoredCheckpoint]:
        """Return the checkpoints before one that count, newest first."""
        found, looked_at = list[StoredCheckpoint](), 0
        while len(found) < limit and looked_at < LOOKED_AT_MAX:
            page = max(limit, PAGE_CHECKPOINTS) if looked_at else limit
            kept = await self._kept(LIST, lineage, size, page)
            found += filter(self._quorum.counts, kept)
            looked_at += len(kept)
            if len(kept) < page:
                break
            lineage, size = kept[-1].lineage, kept[-1].size
        return found[:limit]

    async def first_covering(
        self, lineage: int, positions: Sequence[int], *, stamped: bool = False
    ) -> list[StoredCheckpoint]:
        """Return the checkpoints that were the first to cover the events at some positions."""
        found, left = dict[int, StoredCheckpoint](), list(positions)
        for _ in range(PAGE_CHECKPOINTS):
            kept = await self._kept(FIRST_COVERING, lineage, left, stamped)
            found |= {one.size: one for one in kept if self._quorum.counts(one)}
            left = [one.size + 1 for one in kept if one.size not in found]
            if not left:
                break
        return [found[size] for size in sorted(found)]

    async def standing(self) -> Standing | None:
        """Return the divergence for which nothing may be appended; None if all is well."""
        rows = await with_retry(self._pool, lambda lent: lent.fetch(STANDING))
        return standing_in(rows[0]) if rows else None

    async def acknowledgeable(self, divergence: str) -> Standing | None:
        """Return what waits for an acknowledgement under a name, the gate being closed or not."""
        rows = await with_retry(self._pool, lambda lent: lent.fetch(ACKNOWLEDGEABLE, divergence))
        return standing_in(rows[0]) if rows else None

    async def inclusion(self, position: int, size: int) -> list[bytes]:
        """Prove that the event at a position is in the tree of a size. Raises ProofUnavailable."""
        return await self._prove(inclusion_spans(position - 1, size))

    async def inclusions(self, positions: Sequence[int], size: int) -> dict[int, list[bytes]]:
        """Prove that events are in the tree of a size, by position: what they share is read once.

        Raises ProofUnavailable.
        """
        spans = {position: inclusion_spans(position - 1, size) for position in positions}
        shared = dict.fromkeys(node for each in spans.values() for node in wanted(each))
        roots = await self._roots(list(shared))
        return {position: prove(each, roots) for position, each in spans.items()}

    async def consistency(self, first: int, second: int) -> list[bytes]:
        """Prove that the tree of one size begins with that of another. Raises ProofUnavailable."""
        return await self._prove(consistency_spans(first, second))

    async def root(self, size: int) -> bytes:
        """Return the root of the tree of a size. Raises ProofUnavailable."""
        return (await self._prove([Span(0, size)]))[0] if size else EMPTY_ROOT

    async def tiles(self, size: int) -> tuple[list[bytes], list[bytes]]:
        """Return the roots of a tree's whole tiles of leaves, and the entries after them."""
        whole = size // WIDTH
        rows = await with_retry(self._pool, lambda lent: lent.fetch(TILES, whole))
        return _hashes(rows[0]["hashes"]), await self.entries(whole * WIDTH, size)

    async def entries(self, after: int, last: int) -> list[bytes]:
        """Return the hashes of the events after a position, up to another."""
        rows = await with_retry(self._pool, lambda lent: lent.fetch(HASHES, after + 1, last))
        return _hashes(rows[0][0])

    async def length(self, stream: str) -> int:
        """Return how many events a stream has."""
        rows = await with_retry(self._pool, lambda lent: lent.fetch(LENGTH, stream))
        return int(rows[0][0])

    async def _kept(self, query: str, *asked: object) -> list[StoredCheckpoint]:
        rows = await with_retry(self._pool, lambda lent: lent.fetch(query, *asked))
        return [StoredCheckpoint._make(row) for row in rows]

    async def _prove(self, spans: Sequence[Span]) -> list[bytes]:
        return prove(spans, await self._roots(wanted(spans)))

    async def _roots(self, nodes: Sequence[Node]) -> dict[Node, bytes]:
        low = [node for node in nodes if node.level < HEIGHT]
        high = [node for node in nodes if node.level >= HEIGHT]
        entries, subtrees = await asyncio.gather(self._entries(low), self._subtrees(high))
        roots = {node: root_of(map(leaf_hash, entries[node])) for node in low}
        roots |= {node: root_of(subtrees[node]) for node in high}
        return roots

    async def _entries(self, nodes: Sequence[Node]) -> dict[Node, list[bytes]]:
        firsts = [node.number << node.level for node in nodes]
        lasts = [(node.number + 1) << node.level for node in nodes]
        rows = await with_retry(
            self._pool,
            lambda lent: lent.fetch(ENTRIES, list(range(len(nodes))), firsts, lasts),
        )
        return _cut(nodes, {row["n"]: row["hashes"] for row in rows}, 0)

    async def _subtrees(self, nodes: Sequence[Node]) -> dict[Node, list[bytes]]:
        levels = [node.level // HEIGHT for node in nodes]
        firsts = [node.number << node.level % HEIGHT for node in nodes]
        lasts = [(node.number + 1) << node.level % HEIGHT for node in nodes]
        rows = await with_retry(
            self._pool,
            lambda lent: lent.fetch(SUBTREES, list(range(len(nodes))), levels, firsts, lasts),
        )
        return _cut(nodes, {row["n"]: row["hashes"] for row in rows}, HEIGHT)


def _hashes(content: bytes | None) -> list[bytes]:
    found = content or b""
    return [found[at : at + HASH_BYTES] for at in range(0, len(found), HASH_BYTES)]


def _cut(nodes: Sequence[Node], found: dict[int, bytes], least: int) -> dict[Node, list[bytes]]:
    """Cut what was read into hashes. Raises ProofUnavailable where some are missing."""
    cut: dict[Node, list[bytes]] = {}
    for number, node in enumerate(nodes):
        content = found.get(number, b"")
        below = node.level % HEIGHT if least else node.level
        if len(content) != HASH_BYTES << below:
            raise ProofUnavailable(f"level {node.level}, number {node.number}")
        cut[node] = _hashes(content)
    return cut
