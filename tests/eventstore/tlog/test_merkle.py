"""The tree: RFC 6962 to the letter, by its known vectors and by another implementation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from eventstore.tlog.merkle import (
    EMPTY_ROOT,
    Node,
    Tree,
    consistency_spans,
    inclusion_spans,
    leaf_hash,
    node_hash,
    prove,
    root_of,
    verify_consistency,
    verify_inclusion,
    wanted,
)

ENTRIES = [
    bytes.fromhex(entry)
    for entry in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                  "606162636465666768696a6b6c6d6e6f")
]  # fmt: skip
"""The test tree of Certificate Transparency (certificate-transparency/test/merkle_tree)."""

ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

HASHES = st.binary(min_size=32, max_size=32)
LOGS = st.lists(HASHES, min_size=1, max_size=70)


def leaves_of(entries: list[bytes]) -> list[bytes]:
    return [leaf_hash(entry) for entry in entries]


def roots_in(leaves: list[bytes], nodes: list[Node]) -> dict[Node, bytes]:
    """Return the roots of whole subtrees, as whoever keeps the leaves reads them."""
    return {
        node: root_of(leaves[node.number << node.level : (node.number + 1) << node.level])
        for node in nodes
    }


def inclusion_of(leaves: list[bytes], index: int) -> list[bytes]:
    spans = inclusion_spans(index, len(leaves))
    return prove(spans, roots_in(leaves, wanted(spans)))


def consistency_of(leaves: list[bytes], first: int) -> list[bytes]:
    spans = consistency_spans(first, len(leaves))
    return prove(spans, roots_in(leaves, wanted(spans)))


def grown(leaves: list[bytes]) -> Tree:
    tree = Tree()
    tree.extend(leaves)
    return tree


def test_nothing_has_the_root_of_nothing() -> None:
    assert Tree().root() == root_of([]) == EMPTY_ROOT
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("size", range(1, 9))
def test_the_known_roots_are_found(size: int) -> None:
    leaves = leaves_of(ENTRIES[:size])
    assert root_of(leaves).hex() == grown(leaves).root().hex() == ROOTS[size - 1]


@pytest.mark.parametrize(
    ("index", "size", "path"),
    [
        (0, 1, []),
        (
            0,
            8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            [
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            3,
            ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
        ),
        (
            1,
            5,
            [
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ],
)
def test_the_known_paths_are_found(index: int, size: int, path: list[str]) -> None:
    assert [one.hex() for one in inclusion_of(leaves_of(ENTRIES[:size]), index)] == path


@pytest.mark.parametrize(
    ("first", "second", "path"),
    [
        (
            1,
            8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            [
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            5,
            [
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ],
)
def test_the_known_consistency_proofs_are_found(first: int, second: int, path: list[str]) -> None:
    assert [one.hex() for one in consistency_of(leaves_of(ENTRIES[:second]), first)] == path


@given(LOGS)
def test_roots_are_those_of_another_implementation(entries: list[bytes]) -> None:
    other = InmemoryTree(algorithm="sha256")
    for entry in entries:
        other.append_entry(entry)
    leaves = leaves_of(entries)
    for size in range(1, len(entries) + 1):
        assert grown(leaves[:size]).root() == root_of(leaves[:size]) == other.get_root(size)


@given(LOGS, st.data())
def test_proofs_are_those_of_another_implementation(
    entries: list[bytes], data: st.DataObject
) -> None:
    other = InmemoryTree(algorithm="sha256")
    for entry in entries:
        other.append_entry(entry)
    leaves, size = leaves_of(entries), len(entries)
    index = data.draw(st.integers(0, size - 1))
    theirs = other.prove_inclusion(index + 1, size).serialize()["path"][1:]
    assert [one.hex() for one in inclusion_of(leaves, index)] == theirs


@given(LOGS, st.data())
def test_every_leaf_is_proven_and_no_other_in_its_place(
    entries: list[bytes], data: st.DataObject
) -> None:
    leaves = leaves_of(entries)
    size, root = len(leaves), root_of(leaves)
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_of(leaves, index)
    assert verify_inclusion(leaves[index], index, size, proof, root)
    other = data.draw(HASHES.filter(lambda leaf: leaf != leaves[index]))
    assert not verify_inclusion(other, index, size, proof, root)
    elsewhere = data.draw(st.integers(-1, size + 1).filter(lambda at: at != index))
    same = 0 <= elsewhere < size and leaves[elsewhere] == leaves[index]
    assert same or not verify_inclusion(leaves[index], elsewhere, size, proof, root)


@given(LOGS, st.data())
def test_every_beginning_is_proven_and_no_other(entries: list[bytes], data: st.DataObject) -> None:
    leaves = leaves_of(entries)
    size, root = len(leaves), root_of(leaves)
    first = data.draw(st.integers(0, size))
    proof, before = consistency_of(leaves, first), root_of(leaves[:first])
    assert verify_consistency(first, before, size, root, proof)
    other = data.draw(HASHES.filter(lambda one: one not in {before, root}))
    assert not verify_consistency(first, other, size, root, proof)
    assert not verify_consistency(first, before, size, root, [*proof, other])
    if 0 < first < size:
        assert not verify_consistency(first, before, size, other, proof)


@given(LOGS, st.data())
def test_a_flipped_bit_of_a_proof_breaks_it(entries: list[bytes], data: st.DataObject) -> None:
    leaves = leaves_of(entries)
    size, root = len(leaves), root_of(leaves)
    index = data.draw(st.integers(0, size - 1))
    first = data.draw(st.integers(0, size))
    inclusion, consistency = inclusion_of(leaves, index), consistency_of(leaves, first)
    for proof in (inclusion, consistency):
        for at in range(len(proof)):
            bit = data.draw(st.integers(0, 255))
            flipped = int.from_bytes(proof[at], "big") ^ 1 << bit
            proof[at] = flipped.to_bytes(32, "big")
            break
    assert not inclusion or not verify_inclusion(leaves[index], index, size, inclusion, root)
    before = root_of(leaves[:first])
    assert not consistency or not verify_consistency(first, before, size, root, consistency)


@given(LOGS, st.data())
def test_a_shortened_or_lengthened_proof_is_none(entries: list[bytes], data: st.DataObject) -> None:
    leaves = leaves_of(entries)
    size, root = len(leaves), root_of(leaves)
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_of(leaves, index)
    assert not verify_inclusion(leaves[index], index, size, [*proof, bytes(32)], root)
    assert not proof or not verify_inclusion(leaves[index], index, size, proof[:-1], root)


def test_a_proof_that_is_as_long_as_a_tree_can_be_is_refused_in_no_time() -> None:
    assert not verify_inclusion(bytes(32), 1, 2**62, [bytes(32)] * 100, bytes(32))
    assert not verify_consistency(3, bytes(32), 2**62, bytes(32), [bytes(32)] * 100)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_a_leaf_that_is_not_there_has_no_path(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_spans(index, size)


@pytest.mark.parametrize(("first", "second"), [(-1, 3), (4, 3)])
def test_a_tree_does_not_begin_with_a_larger_one(first: int, second: int) -> None:
    with pytest.raises(ValueError, match="does not begin"):
        consistency_spans(first, second)


def test_a_tree_goes_on_from_its_peaks() -> None:
    leaves = leaves_of(ENTRIES)
    begun = grown(leaves[:5])
    again = Tree(begun.size, begun.peaks)
    again.extend(leaves[5:])
    assert again.root() == root_of(leaves)
    with pytest.raises(ValueError, match="peaks"):
        Tree(5, begun.peaks[:1])


def test_a_leaf_is_never_taken_for_a_node() -> None:
    left, right = leaves_of(ENTRIES[:2])
    assert leaf_hash(left + right) != node_hash(left, right)
