"""Are the events of a stream leaves of the tree that was signed? Without reading the whole log."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Self

from eventstore.merkle import leaf_hash, root_of
from eventstore.tiles import WIDTH, root_over
from eventstore.verify import Divergence, Doubt

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eventstore.audit import Signed
    from eventstore.proofs import Proofs
    from eventstore.seal import Row


@dataclass(frozen=True)
class SignedLeaves:
    """The roots of the tiles that a checkpoint signs, and how to read the leaves under them."""

    proofs: Proofs
    signed: Signed
    tiles: Sequence[bytes]
    tail: Sequence[bytes]
    """The leaves after the whole tiles."""

    @classmethod
    async def of(cls, proofs: Proofs, signed: Signed) -> Self | None:
        """Read the roots of the tiles; None if they are not what was signed."""
        tiles, entries = await proofs.tiles(signed.size)
        tail = [leaf_hash(entry) for entry in entries]
        if root_over([tail, tiles]) != signed.root:
            return None
        return cls(proofs, signed, tiles, tail)

    async def other(self, rows: Iterable[Row]) -> Divergence | None:
        """Return the first event that is no leaf in its place. Later ones are not signed yet."""
        signed = (row for row in rows if row.position <= self.signed.size)
        for number, group in groupby(signed, key=lambda row: (row.position - 1) // WIDTH):
            leaves = await self._leaves(number)
            for row in group:
                leaf = leaves[(row.position - 1) % WIDTH] if leaves else b""
                if leaf != leaf_hash(row.hash):
                    found = leaf_hash(row.hash).hex()
                    expected = leaf.hex() or "another tile"
                    where = (row.position, row.stream, row.version)
                    return Divergence(*where, Doubt.LEAF, expected, found)
        return None

    async def _leaves(self, number: int) -> Sequence[bytes]:
        """Return the leaves of a tile; none if they are not what was signed."""
        if number == len(self.tiles):
            return self.tail
        entries = await self.proofs.entries(number * WIDTH, (number + 1) * WIDTH)
        leaves = [leaf_hash(entry) for entry in entries]
        whole = len(leaves) == WIDTH and root_of(leaves) == self.tiles[number]
        return leaves if whole else ()


def unlike(signed: Signed) -> Divergence:
    """Return what to say of a log whose tree is not the one that was signed."""
    return Divergence(signed.size, "", 0, Doubt.ROOT, signed.root.hex(), "another")
