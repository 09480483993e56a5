"""Proofs out of the map that a checkpoint signed: an entry, or that there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from eventstore.heads import store
from eventstore.heads.hashes import (
    Leaf,
    Opened,
    Proof,
    Space,
    key_of,
    venue_chain,
    verify_absence,
    verify_presence,
)
from eventstore.heads.source import map_at
from eventstore.heads.subtrees import BUCKET_BITS, prove, prove_bucket
from eventstore.postgres.retry import with_retry
from eventstore.proofs.proofs import ProofUnavailable

if TYPE_CHECKING:
    from eventstore.heads.source import Entry, Opening
    from eventstore.postgres.connection import Lent, Pool


WAITING_MAX = 2
"""Proofs that may wait while a map is made again from the log; more are turned away."""


class ProverBusy(Exception):
    """As many proofs of older maps are made as may be."""


class Signed(NamedTuple):
    """The map that a checkpoint signed."""

    lineage: int
    size: int
    root: bytes


class Proven(NamedTuple):
    """What the map has under a name, and the proof; the incidents, for a venue."""

    leaf: Leaf | None
    """None if there is no entry."""
    proof: Proof
    incidents: Sequence[Opened] = ()


class HeadProver:
    """Proves out of what the notary keeps, or else out of the log itself."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._whole = asyncio.Lock()
        """One map at a time is made again from the log."""
        self._asked = 0
        """Proofs that wait for that, or are made."""
        self._last: tuple[Signed, Sequence[Entry], Sequence[Opening]] | None = None
        """The map that was made last, as it was signed: it is asked for again page by page."""

    async def stream(self, signed: Signed, stream: str) -> Proven:
        """Prove which version of a stream is the newest. Raises ProofUnavailable, ProverBusy."""
        key = key_of(Space.STREAM, stream)
        kept = await with_retry(self._pool, lambda lent: _kept(lent, signed, key))
        return kept or (await self._made_again(signed, key))[0]

    async def venue(self, signed: Signed, venue: str) -> Proven:
        """Prove which incidents were opened at a venue. Raises ProofUnavailable, ProverBusy."""
        key = key_of(Space.VENUE, venue)
        kept = await with_retry(self._pool, lambda lent: _kept(lent, signed, key))
        if kept and kept.leaf is None:
            return kept
        if kept and kept.leaf:
            count = kept.leaf.number
            incidents = await with_retry(
                self._pool, lambda lent: store.incidents_of(lent, venue, count)
            )
            if _are_all(venue, incidents, kept.leaf):
                return kept._replace(incidents=incidents)
        made, opened = await self._made_again(signed, key)
        incidents = [one.incident for one in opened if one.venue == venue]
        return made._replace(incidents=incidents)

    async def _made_again(self, signed: Signed, key: bytes) -> tuple[Proven, Sequence[Opening]]:
        """Prove out of the log alone. Raises ProverBusy and ProofUnavailable."""
        if self._asked > WAITING_MAX:
            raise ProverBusy
        self._asked += 1
        try:
            async with self._whole:
                return await self._out_of_the_log(signed, key)
        finally:
            self._asked -= 1

    async def _out_of_the_log(self, signed: Signed, key: bytes) -> tuple[Proven, Sequence[Opening]]:
        if self._last is not None and self._last[0] == signed:
            _, entries, opened = self._last
        else:
            self._last = None  # never two of them in memory
            entries, opened = await with_retry(self._pool, lambda lent: map_at(lent, signed.size))
        proven = await asyncio.to_thread(_proven, entries, key)
        if not _holds(signed.root, key, proven):
            raise ProofUnavailable(f"the log has another map at {signed.size} than was signed")
        self._last = (signed, entries, opened)
        return proven, opened


async def _kept(lent: Lent, signed: Signed, key: bytes) -> Proven | None:
    """Prove out of what is kept; None if that is not what was signed, or not enough."""
    number = key[0]
    buckets = await store.buckets_of(lent, signed.lineage, signed.size)
    above = prove_bucket(buckets, number) if buckets else None
    if above is None:
        return None
    entries = await store.entries_of(lent, signed.size, number, number)
    proven = _proven(entries, key, BUCKET_BITS)
    proven = proven._replace(proof=proven.proof._replace(path=[*above, *proven.proof.path]))
    return proven if _holds(signed.root, key, proven) else None


def _proven(entries: Sequence[Entry], key: bytes, depth: int = 0) -> Proven:
    leaves = sorted(entry.leaf for entry in entries)
    found = next((leaf for leaf in leaves if leaf.key == key), None)
    return Proven(found, prove(leaves, key, depth))


def _holds(root: bytes, key: bytes, proven: Proven) -> bool:
    if proven.leaf is None:
        return verify_absence(root, key, proven.proof)
    return verify_presence(root, proven.leaf, proven.proof.path)


def _are_all(venue: str, incidents: Sequence[Opened], leaf: Leaf) -> bool:
    return (len(incidents), venue_chain(venue, incidents)) == (leaf.number, leaf.hash)
