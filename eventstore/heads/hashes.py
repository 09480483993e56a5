"""The map of heads: keys, hashes and proofs, in pure functions of the standard library.

A binary trie over 256-bit keys, as in Jellyfish Merkle trees and the prefix trees of key
transparency: a subtree without leaves is 32 zero bytes, a subtree with one leaf is that leaf.

    key(stream) = SHA-256( "muster/head/stream/v1" 00 | name )
    key(venue)  = SHA-256( "muster/head/venue/v1" 00 | name )
    leaf        = SHA-256( 02 | key | number, 8 bytes | hash )
    node        = SHA-256( 03 | left | right )        the first bit of the key decides first

A stream's number is its newest version, its hash that event's. A venue's number is how many
incidents were opened there, its hash the end of a chain over them:

    before the first = SHA-256( "muster/venue/v1" 00 | venue )
    each             = SHA-256( "muster/opened/v1" 00 | hash before | position, 8 bytes
                                | event hash | stream )

Texts are UTF-8, integers big-endian. An incident was opened where version 1 of its stream
`incident/<id>` is an `IncidentOpened` whose data is a JSON object, nested at most 64 deep, with a
non-empty string `venue`.
"""

from __future__ import annotations

import json
import re
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HASH_BYTES = 32
KEY_BITS = 256
KEYS_KNOWN = 1 << 14
"""Keys that are remembered for names that come again and again: some 4 MB."""
NUMBER_BYTES = 8
EMPTY = bytes(HASH_BYTES)

DEPTH_MAX = 64
"""Objects and arrays within each other: whether deeper ones can be read depends on the reader."""
TEXT = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
BRACKET = re.compile(r"[\[\]{}]")

OPENED = "IncidentOpened"
INCIDENTS = "incident/"


class Space(StrEnum):
    """What the map has entries for; each kind has keys of its own."""

    STREAM = "stream"
    VENUE = "venue"


class Leaf(NamedTuple):
    """An entry, without its name: the key stands for that."""

    key: bytes
    number: int
    hash: bytes

    @property
    def digest(self) -> bytes:
        """Return the hash of the leaf."""
        return leaf_hash(self.key, self.number, self.hash)


class Proof(NamedTuple):
    """The hashes beside the way from the root to where a key is or would be."""

    path: Sequence[bytes]
    """From the root down."""
    other: Leaf | None = None
    """The leaf that stands where the key would be, if there is one."""


class Opened(NamedTuple):
    """An incident that was opened at a venue."""

    position: int
    stream: str
    hash: bytes
    """Of the event that opened it."""


@lru_cache(KEYS_KNOWN)
def key_of(space: Space, name: str) -> bytes:
    """Return the key of an entry."""
    return sha256(f"muster/head/{space}/v1\0{name}".encode()).digest()


def leaf_hash(key: bytes, number: int, value: bytes) -> bytes:
    """Return the hash of a leaf."""
    return sha256(b"\x02" + key + number.to_bytes(NUMBER_BYTES, "big") + value).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash over two subtrees."""
    return sha256(b"\x03" + left + right).digest()


def bit(key: bytes, depth: int) -> int:
    """Return which way a key goes below a depth: 0 left, 1 right."""
    return key[depth >> 3] >> (7 - (depth & 7)) & 1


def verify_presence(root: bytes, leaf: Leaf, path: Sequence[bytes]) -> bool:
    """Tell whether a map with this root has this entry, and so no other under its key."""
    return _root(leaf.key, leaf.digest, path) == root


def verify_absence(root: bytes, key: bytes, proof: Proof) -> bool:
    """Tell whether a map with this root has no entry under a key."""
    path, other = proof
    if other is None or len(path) > KEY_BITS:
        return _root(key, EMPTY, path) == root
    shared = all(bit(key, depth) == bit(other.key, depth) for depth in range(len(path)))
    return other.key != key and shared and _root(key, other.digest, path) == root


def venue_chain(venue: str, incidents: Iterable[Opened] = ()) -> bytes:
    """Return the hash of a venue's entry after these incidents, in the order of the log."""
    end = sha256(f"muster/venue/v1\0{venue}".encode()).digest()
    for opened in incidents:
        end = venue_next(end, opened)
    return end


def venue_next(before: bytes, opened: Opened) -> bytes:
    """Return the hash of a venue's entry once another incident was opened there."""
    position = opened.position.to_bytes(NUMBER_BYTES, "big")
    content = (b"muster/opened/v1\0", before, position, opened.hash, opened.stream.encode())
    return sha256(b"".join(content)).digest()


def venue_in(data: str) -> str | None:
    """Return the venue that the data of an `IncidentOpened` names; None if it names none."""
    if depth_of(data) > DEPTH_MAX:
        return None
    try:  # a number may have any digits: none of them is looked at
        found = json.loads(data, parse_int=_unread, parse_float=_unread, parse_constant=_no_json)
        venue = found.get("venue") if isinstance(found, dict) else None
        return venue if isinstance(venue, str) and venue.encode() else None
    except ValueError:  # a text that the log took is not always one of ours
        return None


def depth_of(data: str) -> int:
    """Return how deep the objects and arrays of a JSON text are within each other."""
    deepest = depth = 0
    for bracket in BRACKET.findall(TEXT.sub("", data)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _unread(_digits: str) -> None:
    """Leave a number as it is."""


def _no_json(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _root(key: bytes, end: bytes, path: Sequence[bytes]) -> bytes | None:
    """Return the root over a path. None if a path is no path."""
    fits = len(key) == HASH_BYTES and len(path) <= KEY_BITS
    if not fits or any(len(one) != HASH_BYTES for one in path):
        return None
    for depth in reversed(range(len(path))):
        beside = path[depth]
        end = node_hash(beside, end) if bit(key, depth) else node_hash(end, beside)
    return end
