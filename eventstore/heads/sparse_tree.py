"""The map as the notary keeps it: in memory, where only what changed is hashed again."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from eventstore.heads.hashes import EMPTY, KEY_BITS, node_hash
from eventstore.heads.subtrees import (
    BUCKET_BITS,
    BUCKETS,
    MANY,
    NOTHING,
    ONE,
    Summary,
    root_over,
)

TOP_BIT = KEY_BITS - BUCKET_BITS - 1
"""The first bit that decides below the list of the first eight levels."""


class End(NamedTuple):
    """A leaf: its key as a number, and its hash."""

    bits: int
    hash: bytes


class Inner:
    """A subtree with more than one leaf."""

    __slots__ = ("hash", "left", "right")

    def __init__(self, left: Node, right: Node) -> None:
        self.left = left
        self.right = right
        self.hash: bytes | None = None
        """None while it is not known."""


Node: TypeAlias = "End | Inner | None"


class Trie:
    """A trie that grows and whose leaves are replaced; some 400 bytes per leaf.

    Its first eight levels are a list, which is walked at once.
    """

    def __init__(self) -> None:
        self._tops: list[Node] = [None] * BUCKETS

    def put(self, key: bytes, digest: bytes) -> None:
        """Set the leaf under a key."""
        end, shift = End(int.from_bytes(key, "big"), digest), TOP_BIT
        bits, node = end.bits, self._tops[key[0]]
        if not isinstance(node, Inner):
            self._tops[key[0]] = _placed(node, end, shift)
            return
        while True:
            node.hash = None
            right = bits >> shift & 1
            below = node.right if right else node.left
            shift -= 1
            if isinstance(below, Inner):
                node = below
                continue
            placed = _placed(below, end, shift)
            if right:
                node.right = placed
            else:
                node.left = placed
            return

    def root(self) -> bytes:
        """Return the root, hashing what changed since it was asked for last."""
        return root_over(self.buckets()).hash

    def buckets(self) -> list[Summary]:
        """Return the subtrees by the first bits of their keys."""
        return [
            Summary(MANY if isinstance(top, Inner) else ONE, _hash(top)) if top else NOTHING
            for top in self._tops
        ]


def _placed(there: End | None, end: End, shift: int) -> Node:
    """Return what stands in the place of a leaf, or of nothing, once another comes there."""
    if there is None or there.bits == end.bits:
        return end
    one, other = there.bits >> shift & 1, end.bits >> shift & 1
    if one == other:
        below = _placed(there, end, shift - 1)
        return Inner(None, below) if one else Inner(below, None)
    return Inner(end, there) if one else Inner(there, end)


def _hash(node: End | Inner) -> bytes:
    """Return the hash of a subtree. Every call in here is dear."""
    found = node.hash
    if found is None and isinstance(node, Inner):
        left, right = node.left, node.right
        one = EMPTY if left is None else left.hash or _hash(left)
        other = EMPTY if right is None else right.hash or _hash(right)
        found = node.hash = node_hash(one, other)
    return found or EMPTY
