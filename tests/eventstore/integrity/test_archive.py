"""What the archive of checkpoints keeps is written once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eventstore.integrity.archive import Archive, EvidenceDiffers
from eventstore.integrity.chain_verifier import Doubt
from eventstore.recorder.recorder import Receipt
from eventstore.tlog.checkpoint import Checkpoint
from eventstore.tlog.tiles import Tile
from tests.eventstore.notarising import (
    SIGNER,
    acknowledge,
    archive_of,
    checkpoint,
    notarising,
    refused_because,
    signed_up_to,
    until,
)
from tests.eventstore.samples import events

if TYPE_CHECKING:
    from pathlib import Path

    from eventstore.log.log import Log
    from tests.conftest import Database

HASHES = [bytes([number]) * 32 for number in range(256)]


def test_what_is_under_the_checkpoint_is_written_once(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.keep_checkpoint(Checkpoint(SIGNER.name, 100, bytes(32)).signed(SIGNER).whole)
    archive.keep_tile(Tile(0, 0, 100), HASHES[:100])
    archive.keep_tile(Tile(0, 0, 100), HASHES[:100])
    with pytest.raises(EvidenceDiffers):
        archive.keep_tile(Tile(0, 0, 100), HASHES[1:101])
    archive.keep_tile(Tile(0, 0, 101), HASHES[:101])
    archive.keep_tile(Tile(0, 0, 101), [*HASHES[:100], HASHES[7]])  # a draft may change
    with pytest.raises(EvidenceDiffers):
        archive.keep_tile(Tile(0, 0), HASHES[::-1])
    assert archive.tile(Tile(0, 0, 100)) == HASHES[:100]


@pytest.mark.parametrize(("size", "root"), [(99, bytes(32)), (100, bytes(31) + b"1")])
def test_a_checkpoint_is_followed_by_a_larger_one_only(
    tmp_path: Path, size: int, root: bytes
) -> None:
    archive = Archive(tmp_path)
    archive.keep_checkpoint(Checkpoint(SIGNER.name, 100, bytes(32)).signed(SIGNER).whole)
    with pytest.raises(EvidenceDiffers):
        archive.keep_checkpoint(Checkpoint(SIGNER.name, size, root).signed(SIGNER).whole)
    archive.keep_checkpoint(Checkpoint(SIGNER.name, 101, root).signed(SIGNER).whole)
    assert checkpoint(tmp_path).size == 101


def test_the_first_timestamp_of_a_checkpoint_stays(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    note = Checkpoint(SIGNER.name, 100, bytes(32)).signed(SIGNER).whole
    archive.keep_timestamp(100, note, b"first")
    archive.keep_timestamp(100, note, b"second")
    assert (archive.place / "timestamp/100.tsr").read_bytes() == b"first"
    other = Checkpoint(SIGNER.name, 100, bytes(31) + b"1").signed(SIGNER).whole
    with pytest.raises(EvidenceDiffers):
        archive.keep_timestamp(100, other, b"third")


async def test_another_tile_under_the_checkpoint_is_never_replaced(
    database: Database, log: Log, tmp_path: Path
) -> None:
    async with notarising(database.dsn, tmp_path):
        await log.append("door/a", 0, events(300))
        await signed_up_to(tmp_path, 300)
    archive = archive_of(tmp_path)
    other = b"".join(HASHES)
    (archive.place / Tile(0, 0).path).write_bytes(other)
    (archive.place / Tile(1, 0, 1).path).unlink()  # so that tiles are made again
    async with notarising(database.dsn, tmp_path) as notary:
        divergence, what = await refused_because(database.dsn)
        assert (what.doubt, what.found) == (Doubt.ARCHIVE, f"another 1/{Tile(0, 0).path}")
        assert isinstance(await acknowledge(database.dsn, divergence, "seen"), Receipt)
        await until(lambda: notary.seen.size == 301)
    assert (archive.place / Tile(0, 0).path).read_bytes() == other
    assert archive_of(tmp_path).lineage == 2
