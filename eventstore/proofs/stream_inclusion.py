"""Are the events of a stream leaves of the tree that was signed? Without reading the whole log."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Protocol

from eventstore.integrity.chain_verifier import Divergence, Doubt
from eventstore.tlog.merkle import leaf_hash, root_of
from eventstore.tlog.tiles import WIDTH, root_over

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eventstore.integrity.archive import Archive
    from eventstore.integrity.audit import Signed
    from eventstore.integrity.hash_chain import Row
    from eventstore.proofs.proofs import Proofs


class SignedLeaves(Protocol):
    """The leaves of a tree whose root was signed."""

    async def of(self, number: int) -> Sequence[bytes]:
        """Return the leaves of a tile; none if they are not what was signed."""
        ...


async def signed_leaves(
    proofs: Proofs, signed: Signed, archive: Archive | None
) -> SignedLeaves | None:
    """Return where to read what was signed: out of the archive, else out of the database.

    None if neither has it.
    """
    kept = archive.roots(signed.size, signed.root) if archive else None
    if archive is not None and kept is not None:
        return _Archived(archive, signed.size, kept)
    tiles, entries = await proofs.tiles(signed.size)
    tail = [leaf_hash(entry) for entry in entries]
    if root_over([tail, tiles]) != signed.root:
        return None
    return _Stored(proofs, tiles, tail)


async def first_other(leaves: SignedLeaves, size: int, rows: Iterable[Row]) -> Divergence | None:
    """Return the first event that is no leaf in its place. Those after the size don't count."""
    for number, group in groupby(rows, key=lambda row: (row.position - 1) // WIDTH):
        signed = await leaves.of(number) if number * WIDTH < size else ()
        for row in group:
            at = (row.position - 1) % WIDTH
            expected = signed[at] if at < len(signed) else b""
            found = leaf_hash(row.hash)
            if row.position <= size and found != expected:
                said = expected.hex() or "another tile"
                where = (row.position, row.stream, row.version)
                return Divergence(*where, Doubt.LEAF, said, found.hex())
    return None


def unlike(signed: Signed) -> Divergence:
    """Return what to say of a log whose tree is not the one that was signed."""
    return Divergence(signed.size, "", 0, Doubt.ROOT, signed.root.hex(), "another")


class _Archived:
    """Out of the tiles in the folder, compared with those above, which have the signed root."""

    def __init__(self, archive: Archive, size: int, tiles: Sequence[bytes]) -> None:
        self._archive = archive
        self._size = size
        self._tiles = tiles

    async def of(self, number: int) -> Sequence[bytes]:
        leaves = self._archive.leaves(number, self._size) or ()
        right = number == len(self._tiles) or root_of(leaves) == self._tiles[number]
        return leaves if right else ()


class _Stored:
    """Out of the events, tile by tile."""

    def __init__(self, proofs: Proofs, tiles: Sequence[bytes], tail: Sequence[bytes]) -> None:
        self._proofs = proofs
        self._tiles = tiles
        self._tail = tail

    async def of(self, number: int) -> Sequence[bytes]:
        if number == len(self._tiles):
            return self._tail
        entries = await self._proofs.entries(number * WIDTH, (number + 1) * WIDTH)
        leaves = [leaf_hash(entry) for entry in entries]
        whole = len(leaves) == WIDTH and root_of(leaves) == self._tiles[number]
        return leaves if whole else ()
