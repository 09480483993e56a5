"""Tiles: paths and contents as any tool of transparency logs reads them."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.integrity.archive import Archive, ArchiveInUse, kept_alone, named, newest
from eventstore.tlog.merkle import leaf_hash, root_of
from eventstore.tlog.tiles import (
    Edge,
    Tile,
    decode_tile,
    encode_bundle,
    encode_tile,
    root_over,
    tiles_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def entries(count: int) -> list[bytes]:
    return [sha256(b"%d" % number).digest() for number in range(count)]


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(1, 5, 17), "tile/1/005.p/17"),
        (Tile(0, 1234067, 8), "tile/0/x001/x234/067.p/8"),
        (Tile(2, 1000), "tile/2/x001/000"),
    ],
)
def test_a_tile_is_where_the_specification_says(tile: Tile, path: str) -> None:
    assert tile.path == path


def test_the_tiles_of_the_specifications_example_are_found() -> None:
    found = tiles_of(70_000)
    assert sum(tile.level == 0 for tile in found) == 274
    assert [tile.path for tile in found if tile.width < 256] == [
        "tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1",
    ]  # fmt: skip


@given(st.integers(0, 3_000), st.integers(0, 3_000))
def test_what_grew_is_what_was_there_and_what_is_new(one: int, other: int) -> None:
    before, after = sorted((one, other))
    kept = {tile for tile in tiles_of(before) if tile.width == 256}
    new = set(tiles_of(after, since=before))
    assert kept.isdisjoint(new)
    assert kept | new >= set(tiles_of(after)) - set(tiles_of(before))


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 70_000])
def test_a_tree_grown_in_tiles_has_the_root_of_the_tree(size: int) -> None:
    handed: list[Tile] = []

    def keep(tile: Tile, hashes: Sequence[bytes], root: bytes) -> None:
        assert len(hashes) == 256
        assert root_of(hashes) == root
        handed.append(tile)

    edge = Edge(keep)
    edge.extend(entries(size))
    assert edge.root() == root_of(map(leaf_hash, entries(size)))
    assert sorted([*handed, *(tile for tile, _ in edge.partial())]) == sorted(tiles_of(size))


@given(st.integers(0, 1_500))
def test_a_root_follows_from_tiles_and_what_comes_after_them(size: int) -> None:
    leaves = [leaf_hash(entry) for entry in entries(size)]
    whole = size // 256
    tiles = [root_of(leaves[at * 256 : (at + 1) * 256]) for at in range(whole)]
    assert root_over([leaves[whole * 256 :], tiles]) == root_of(leaves)


def test_tiles_and_bundles_are_written_as_the_specification_says() -> None:
    hashes, tile = entries(17), Tile(0, 0, 17)
    assert decode_tile(encode_tile(hashes), tile) == hashes
    assert encode_bundle(hashes) == b"".join(b"\x00\x20" + one for one in hashes)


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33])
def test_a_tile_of_another_size_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="bytes"):
        decode_tile(content, Tile(0, 0, 1))


def test_a_whole_tile_replaces_the_partial_ones_and_answers_for_them(tmp_path: Path) -> None:
    archive, hashes = Archive(tmp_path), entries(256)
    for width in (3, 100):
        archive.keep_tile(Tile(0, 0, width), hashes[:width])
    assert archive.tile(Tile(0, 0, 3)) == hashes[:3]
    archive.keep_tile(Tile(0, 0), hashes)
    assert not (archive.place / "tile/0/000.p").exists()
    assert archive.tile(Tile(0, 0, 3)) == hashes[:3]
    assert archive.tile(Tile(0, 1)) is None


def test_tiles_that_do_not_give_the_root_are_not_believed(tmp_path: Path) -> None:
    archive, leaves = Archive(tmp_path), [leaf_hash(entry) for entry in entries(300)]
    archive.keep_tile(Tile(0, 0), leaves[:256])
    archive.keep_tile(Tile(0, 1, 44), leaves[256:])
    archive.keep_tile(Tile(1, 0, 1), [root_of(leaves[:256])])
    assert archive.roots(300, root_of(leaves)) == [root_of(leaves[:256])]
    assert archive.roots(300, root_of(leaves[:299])) is None
    assert archive.roots(600, root_of(leaves)) is None


def test_a_folder_has_one_keeper(tmp_path: Path) -> None:
    with kept_alone(tmp_path / "notary"), pytest.raises(ArchiveInUse):
        kept_alone(tmp_path / "notary").__enter__()
    with kept_alone(tmp_path / "notary"):
        pass


def test_the_newest_lineage_is_the_last_that_signed(tmp_path: Path) -> None:
    assert newest(tmp_path / "nowhere") is None
    assert newest(tmp_path) is None
    Archive(tmp_path, 1).keep_checkpoint("one")
    Archive(tmp_path, 2).keep("log.vkey", b"key")
    assert newest(tmp_path) == Archive(tmp_path, 1)
    Archive(tmp_path, 10).keep_checkpoint("ten")
    assert newest(tmp_path) == Archive(tmp_path, 10)


def test_who_signs_a_lineage_is_said_before_its_first_checkpoint(tmp_path: Path) -> None:
    assert named(tmp_path / "nowhere") is None
    Archive(tmp_path, 1).keep("log.vkey", b"key")
    assert newest(tmp_path) is None
    assert named(tmp_path) == Archive(tmp_path, 1)
