"""Subtrees of the map made of their sorted leaves at once: for proofs, and to check the map.

It shares the hashes with the trie that the notary keeps, and nothing else: what the notary signed
step by step is compared with what these functions say of the whole.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from eventstore.heads.hashes import EMPTY, HASH_BYTES, Leaf, Proof, bit, node_hash

if TYPE_CHECKING:
    from collections.abc import Sequence

BUCKET_BITS = 8
BUCKETS = 1 << BUCKET_BITS
"""The map is kept by the first byte of its keys."""

NONE, ONE, MANY = range(3)
SUMMARY_BYTES = 1 + HASH_BYTES


class Summary(NamedTuple):
    """A subtree as the one above it sees it."""

    leaves: int
    """NONE, ONE or MANY."""
    hash: bytes


NOTHING = Summary(NONE, EMPTY)


def joined(left: Summary, right: Summary) -> Summary:
    """Return the subtree over two: one leaf alone moves up as it is."""
    if left.leaves + right.leaves <= ONE:
        return left if left.leaves else right
    return Summary(MANY, node_hash(left.hash, right.hash))


def summary(leaves: Sequence[Leaf], depth: int = 0) -> Summary:
    """Return the subtree over sorted leaves whose keys agree up to a depth."""
    if len(leaves) <= 1:
        return Summary(ONE, leaves[0].digest) if leaves else NOTHING
    right = _first_right(leaves, depth)
    return joined(summary(leaves[:right], depth + 1), summary(leaves[right:], depth + 1))


def root_over(buckets: Sequence[Summary]) -> Summary:
    """Return the map over its buckets."""
    layer = list(buckets)
    while len(layer) > 1:
        layer = _above(layer)
    return layer[0]


def prove(leaves: Sequence[Leaf], key: bytes, depth: int = 0) -> Proof:
    """Prove what a subtree over sorted leaves has under a key: its entry, or that it has none."""
    path: list[bytes] = []
    while len(leaves) > 1:
        right = _first_right(leaves, depth)
        sides = leaves[:right], leaves[right:]
        leaves, beside = sides if not bit(key, depth) else sides[::-1]
        depth += 1
        path.append(summary(beside, depth).hash)
    other = leaves[0] if leaves and leaves[0].key != key else None
    return Proof(path, other)


def prove_bucket(buckets: Sequence[Summary], number: int) -> list[bytes] | None:
    """Return the hashes beside the way to a bucket; None if the way ends before it."""
    path: list[bytes] = []
    layer = list(buckets)
    while len(layer) > 1:
        path.append(layer[number ^ 1].hash)
        layer = _above(layer)
        number >>= 1
        if layer[number].leaves <= ONE:
            return None
    return path[::-1]


def encode(buckets: Sequence[Summary]) -> bytes:
    """Return the subtrees of all buckets as one content."""
    return b"".join(bytes([one.leaves]) + one.hash for one in buckets)


def decode(content: bytes) -> list[Summary]:
    """Read that content; whatever it is worth, a proof out of it is verified."""
    starts = range(0, len(content), SUMMARY_BYTES)
    return [Summary(content[at], content[at + 1 : at + SUMMARY_BYTES]) for at in starts]


def _above(layer: Sequence[Summary]) -> list[Summary]:
    pairs = iter(layer)
    return [joined(left, right) for left, right in zip(pairs, pairs, strict=True)]


def _first_right(leaves: Sequence[Leaf], depth: int) -> int:
    return bisect_left(leaves, 1, key=lambda leaf: bit(leaf.key, depth))
