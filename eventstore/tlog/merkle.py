"""The tree over the log: RFC 6962 (and 9162) roots and proofs, in pure functions.

Leaf i is the event at position i + 1, and its entry is that event's hash:

    leaf(entry)       = SHA-256( 00 | entry )
    node(left, right) = SHA-256( 01 | left | right )
    root()            = SHA-256( )

A subtree with more than one leaf is split at the largest power of two below its size. It needs the
standard library only. Proofs are made from the roots of whole subtrees, which whoever keeps the
leaves reads first: `wanted` says which, `prove` puts them together.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()


class Node(NamedTuple):
    """The root of a whole subtree: of the 2**level leaves from number * 2**level on."""

    level: int
    number: int


class Span(NamedTuple):
    """Leaves from `resume` to before `end`, as one subtree."""

    begin: int
    end: int


class Tree:
    """A tree that grows at its end, kept as the roots of its whole subtrees, largest first."""

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size = size
        self._peaks = list(peaks)
        if len(self._peaks) != size.bit_count():
            raise ValueError(f"{size} leaves have {size.bit_count()} peaks")

    @property
    def peaks(self) -> Sequence[bytes]:
        """Return the roots of the whole subtrees, largest first: `Tree(size, peaks)` goes on."""
        return tuple(self._peaks)

    def append(self, leaf: bytes) -> None:
        """Take the hash of the next leaf."""
        at = self.size
        while at & 1:
            leaf = node_hash(self._peaks.pop(), leaf)
            at >>= 1
        self._peaks.append(leaf)
        self.size += 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Take the hashes of the next leaves, in order."""
        for leaf in leaves:
            self.append(leaf)

    def root(self) -> bytes:
        """Return the root over all leaves."""
        return fold(self._peaks) if self._peaks else EMPTY_ROOT


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of a leaf; the entry is the hash of an event."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash over two subtrees."""
    return sha256(b"\x01" + left + right).digest()


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root over the hashes of leaves."""
    layer = list(leaves)
    if not layer:
        return EMPTY_ROOT
    while len(layer) > 1:
        layer = layer_above(layer)
    return layer[0]


def layer_above(layer: Sequence[bytes]) -> list[bytes]:
    """Return the hashes over each two; the odd one at the end moves up as it is."""
    pairs = iter(layer)
    above = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs)]  # noqa: B905 - the odd one is left for now
    if len(layer) % 2:
        above.append(layer[-1])
    return above


def fold(peaks: Sequence[bytes]) -> bytes:
    """Return the root over whole subtrees, largest first."""
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


def inclusion_spans(index: int, size: int) -> list[Span]:
    """Return whose roots prove that a leaf is in a tree, lowest first (RFC 9162 §2.1.3.1)."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} has no leaf {index}")
    begin, end = 0, size
    spans: list[Span] = []
    while end - begin > 1:
        split = begin + _split(end - begin)
        if index < split:
            spans.append(Span(split, end))
            end = split
        else:
            spans.append(Span(begin, split))
            begin = split
    return spans[::-1]


def consistency_spans(first: int, second: int) -> list[Span]:
    """Return whose roots prove that a tree begins with an earlier one (RFC 9162 §2.1.4.1)."""
    if not 0 <= first <= second:
        raise ValueError(f"a tree of {second} does not begin with one of {first}")
    if first in {0, second}:
        return []
    begin, end = 0, second
    spans: list[Span] = []
    while end != first:
        split = begin + _split(end - begin)
        if first <= split:
            spans.append(Span(split, end))
            end = split
        else:
            spans.append(Span(begin, split))
            begin = split
    if begin:
        spans.append(Span(begin, end))
    return spans[::-1]


def nodes_of(span: Span) -> list[Node]:
    """Return the whole subtrees that a subtree consists of, largest first."""
    begin, end = span
    nodes: list[Node] = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        nodes.append(Node(level, begin >> level))
        begin += 1 << level
    return nodes


def wanted(spans: Iterable[Span]) -> list[Node]:
    """Return the whole subtrees whose roots `prove` must be given."""
    return [node for span in spans for node in nodes_of(span)]


def prove(spans: Iterable[Span], roots: Mapping[Node, bytes]) -> list[bytes]:
    """Return a proof: one hash per span."""
    return [fold([roots[node] for node in nodes_of(span)]) for span in spans]


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Tell whether the leaf with this hash is in the tree (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last = index, size - 1
    found = leaf
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(sibling, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(
    first: int, first_root: bytes, second: int, second_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Tell whether a tree begins with an earlier one (RFC 9162 §2.1.4.2)."""
    if first in {0, second}:
        known = EMPTY_ROOT if first == 0 else second_root
        return 0 <= first <= second and not proof and first_root == known
    if not 0 < first < second or not proof:
        return False
    hashes = [first_root, *proof] if first.bit_count() == 1 else list(proof)
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    earlier = later = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            earlier, later = node_hash(sibling, earlier), node_hash(sibling, later)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            later = node_hash(later, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and earlier == first_root and later == second_root


def _split(size: int) -> int:
    """Return the largest power of two below a size."""
    return 1 << ((size - 1).bit_length() - 1)
