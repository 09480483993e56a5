"""The map of heads: step by step and at once it is the same, and no false proof holds."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from hashlib import sha256
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.heads.hashes import (
    EMPTY,
    OPENED,
    Leaf,
    Opened,
    Proof,
    Space,
    key_of,
    venue_chain,
    venue_in,
    verify_absence,
    verify_presence,
)
from eventstore.heads.sparse_tree import Trie
from eventstore.heads.subtrees import (
    BUCKET_BITS,
    BUCKETS,
    decode,
    encode,
    prove,
    prove_bucket,
    root_over,
    summary,
)
from eventstore.log.events import StoredEvent
from tests.eventstore.heads import second
from tests.eventstore.samples import NOON

NUMBERS = st.integers(min_value=1, max_value=2**53 - 1)
HASHES = st.binary(min_size=32, max_size=32)
CLOSE = st.builds(bytes.__add__, st.just(bytes(31)), st.binary(min_size=1, max_size=1))
"""Keys that part ways late."""

LEAVES = st.lists(
    st.builds(Leaf, HASHES | CLOSE, NUMBERS, HASHES), max_size=40, unique_by=lambda leaf: leaf.key
)


@dataclass(frozen=True)
class Head:
    """A stream in the vectors of docs/reference/proofs.md."""

    stream: str
    version: int
    event: bytes

    @property
    def leaf(self) -> Leaf:
        return Leaf(key_of(Space.STREAM, self.stream), self.version, sha256(self.event).digest())


VECTORS = [
    Head("incident/1", 12, b"a"),
    Head("plan/general-venue", 4, b"b"),
    Head("门/中文", 1, b"c"),
]
ROOTS = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "407e6d58fdfc0bbbc2b3a210c9c994b115938ed95a862502689336f55daf5d9d",
    "01d646a0ee9846849bc11d3b9607e9ae71b3d1fe5e77e6aa764f79d451a86be9",
    "0bf091285eccb9fd77c8f647bfff3e1aaa06613cdc26a998a8b93343cd85d21c",
]
VENUE = "3fcc8b62affbf540ca4662e74af3b79d78e15fe5af1ae986fe0d3958f9d13cbb"


def grown(leaves: list[Leaf]) -> Trie:
    trie = Trie()
    for leaf in leaves:
        trie.put(leaf.key, bytes(32))
        trie.root()
        trie.put(leaf.key, leaf.digest)
    return trie


@pytest.mark.parametrize("count", range(len(ROOTS)))
def test_the_map_is_the_one_of_the_vectors(count: int) -> None:
    leaves = [head.leaf for head in VECTORS[:count]]
    assert grown(leaves).root().hex() == ROOTS[count]
    assert summary(sorted(leaves)).hash.hex() == ROOTS[count]


def test_the_chain_of_a_venue_is_the_one_of_the_vectors() -> None:
    opened = [Opened(5, "incident/1", sha256(b"a").digest()), Opened(9, "incident/2", bytes(32))]
    assert venue_chain("riverside-mall", opened).hex() == VENUE


@given(LEAVES)
def test_the_map_grown_step_by_step_is_the_map_made_at_once(leaves: list[Leaf]) -> None:
    trie, ordered = grown(leaves), sorted(leaves)
    of_each = [[leaf for leaf in ordered if leaf.key[0] == first] for first in range(BUCKETS)]
    buckets = [summary(bucket, BUCKET_BITS) for bucket in of_each]
    assert trie.root() == summary(ordered).hash == root_over(buckets).hash
    assert trie.buckets() == buckets == decode(encode(buckets))


@given(LEAVES, HASHES | CLOSE)
def test_what_is_there_is_proven_and_what_is_not_is_proven_absent(
    leaves: list[Leaf], key: bytes
) -> None:
    root, ordered = summary(sorted(leaves)).hash, sorted(leaves)
    for leaf in leaves:
        proof = prove(ordered, leaf.key)
        assert verify_presence(root, leaf, proof.path)
        assert not verify_absence(root, leaf.key, proof)
        assert not verify_presence(root, leaf._replace(number=leaf.number + 1), proof.path)
    absent = prove(ordered, key)
    assert verify_absence(root, key, absent) is (key not in {leaf.key for leaf in leaves})


@given(LEAVES, st.data())
def test_a_proof_out_of_a_bucket_is_the_proof_out_of_the_whole(
    leaves: list[Leaf], data: st.DataObject
) -> None:
    ordered, buckets = sorted(leaves), grown(leaves).buckets()
    key = data.draw(st.sampled_from([leaf.key for leaf in leaves]) if leaves else HASHES)
    above = prove_bucket(buckets, key[0])
    inside = prove([leaf for leaf in ordered if leaf.key[0] == key[0]], key, BUCKET_BITS)
    whole = prove(ordered, key)
    if above is not None:
        assert Proof([*above, *inside.path], inside.other) == whole


@given(LEAVES, st.data())
def test_no_proof_with_another_hash_or_of_another_length_holds(
    leaves: list[Leaf], data: st.DataObject
) -> None:
    root, key = summary(sorted(leaves)).hash, data.draw(HASHES | CLOSE)
    path, other = prove(sorted(leaves), key)
    at = data.draw(st.integers(min_value=0, max_value=len(path)))
    longer = [*path[:at], data.draw(HASHES), *path[at:]]
    assert not verify_absence(root, key, Proof(longer, other))
    assert not verify_absence(root, key, Proof([*path, EMPTY[:31]], other))
    shorter = [*path[:at], *path[at + 1 :]]
    assert shorter == list(path) or not verify_absence(root, key, Proof(shorter, other))


def nested(depth: int) -> str:
    """Return an object that names a venue and is nested so deep."""
    within = depth - 1
    return f'{{"more":{"[" * within}{"]" * within},"venue":"mall"}}'


VENUES = [
    ('{"venue":"mall"}', "mall"),
    ('{"venue":"one","venue":"two"}', "two"),
    ('{"venue":""}', None),
    ('{"venue":7}', None),
    ('{"venue":7.5}', None),
    ('["venue"]', None),
    ('{"venue":"\\ud83d"}', None),
    ("[" * 100_000, None),
    ("", None),
    (nested(64), "mall"),
    (nested(65), None),
    (nested(5_000), None),
    ('{"venue":"' + "[" * 100 + '"}', "[" * 100),
    ('{"more":"' + '\\"[' * 100 + '","venue":"mall"}', "mall"),
    ('{"more":' + "9" * 5_000 + ',"venue":"mall"}', "mall"),
    ('{"more":-1.5e' + "9" * 5_000 + ',"venue":"mall"}', "mall"),
    ('{"more":NaN,"venue":"mall"}', None),
]


@pytest.mark.parametrize(("data", "venue"), VENUES)
def test_only_a_text_is_a_venue(data: str, venue: str | None) -> None:
    assert venue_in(data) == venue


@pytest.mark.processes
def test_a_venue_does_not_depend_on_who_reads_it_or_how_deep_in_a_program() -> None:
    def deeper(frames: int) -> str | None:
        return deeper(frames - 1) if frames else venue_in(nested(64))

    assert deeper(sys.getrecursionlimit() - 200) == "mall"
    for number, (data, venue) in enumerate(VENUES, 1):
        opened = StoredEvent(
            *(
                number,
                NOON,
                NOON,
                f"incident/{number}",
                1,
                uuid4(),
                OPENED,
                1,
                data,
                "{}",
                bytes(32),
            )
        )
        leaves = [Leaf(key_of(Space.STREAM, opened.stream), 1, opened.hash)]
        if venue is not None:
            chain = venue_chain(venue, [Opened(number, opened.stream, opened.hash)])
            leaves.append(Leaf(key_of(Space.VENUE, venue), 1, chain))
        assert second.root_of([opened]) == summary(sorted(leaves)).hash
