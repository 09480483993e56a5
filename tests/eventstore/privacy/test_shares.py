"""Shares of keys: in a folder, whole before they are used, and gone once they are destroyed."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from eventstore.privacy.sealed import VaultBroken
from eventstore.privacy.shares import BLOCK_BYTES, BLOCK_SHARES, ID_BYTES, SHARE_BYTES, Shares

if TYPE_CHECKING:
    from pathlib import Path

LAST = BLOCK_SHARES - 1


@pytest.fixture
def shares(tmp_path: Path) -> Shares:
    made = Shares(tmp_path / "keys" / "shares")
    made.make(0)
    return made


def test_each_share_is_another_until_it_is_destroyed(shares: Shares) -> None:
    before = [shares.of(number) for number in range(BLOCK_SHARES)]
    assert len(set(before)) == BLOCK_SHARES
    shares.destroy([LAST, 0, 7])
    shares.destroy([7])
    after = [shares.of(number) for number in range(BLOCK_SHARES)]
    assert [number for number, one in enumerate(after) if one is None] == [0, 7, LAST]
    assert [one for one in after if one is not None] == [*before[1:7], *before[8:LAST]]
    assert shares.living([0, 1, 7]) == [1]


def test_what_is_destroyed_stands_in_no_file(shares: Shares) -> None:
    share = shares.of(5)
    assert share is not None
    shares.destroy([5])
    assert not [file for file in shares.folder.iterdir() if share in file.read_bytes()]


def test_a_block_is_made_once_and_for_its_user_only(shares: Shares) -> None:
    (file,) = shares.blocks()
    content = file.read_bytes()
    assert shares.make(0) == shares.id_of(0) == content[:ID_BYTES]
    assert file.read_bytes() == content
    assert len(content) == BLOCK_BYTES
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(shares.folder.stat().st_mode) == 0o700
    assert list(shares.folder.iterdir()) == [file]


def test_a_share_whose_block_is_not_there_is_not_destroyed_but_missing(shares: Shares) -> None:
    assert shares.id_of(1) is None
    for ask in (shares.of, lambda number: shares.destroy([number])):
        with pytest.raises(VaultBroken, match="mounted"):
            ask(BLOCK_SHARES)


def test_a_block_that_was_cut_says_so(shares: Shares) -> None:
    (file,) = shares.blocks()
    file.write_bytes(file.read_bytes()[: -SHARE_BYTES // 2])
    with pytest.raises(VaultBroken, match="cut"):
        shares.of(LAST)


def test_a_copy_is_taken_over_but_brings_nothing_back(shares: Shares, tmp_path: Path) -> None:
    (file,) = shares.blocks()
    copy = tmp_path / file.name
    copy.write_bytes(file.read_bytes())
    shares.destroy([3])
    shares.adopt(copy)
    assert shares.of(3) is None
    other = Shares(tmp_path / "empty")
    other.adopt(copy)
    assert other.of(3) is not None
    assert other.of(4) == shares.of(4)


def test_a_copy_of_another_vault_s_is_refused(shares: Shares, tmp_path: Path) -> None:
    other = Shares(tmp_path / "other")
    other.make(0)
    (copy,) = other.blocks()
    with pytest.raises(VaultBroken, match="another vault"):
        shares.adopt(copy)
    short = tmp_path / "00000001.shares"
    short.write_bytes(b"short")
    with pytest.raises(VaultBroken, match="no block"):
        shares.adopt(short)
