"""The notary: signs what the log was, and notices when it is that no more."""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import TYPE_CHECKING

from eventstore.integrity.archive import Archive
from eventstore.notary.notary import SOON_S
from eventstore.proofs.proofs import Proofs
from eventstore.tlog.merkle import leaf_hash, root_of, verify_consistency, verify_inclusion
from eventstore.tlog.note import Note
from eventstore.tlog.tiles import Tile, encode_bundle, tiles_of
from tests.eventstore.notarising import (
    SIGNER,
    archive_of,
    checkpoint,
    notarising,
    signed_up_to,
    until,
    value,
)
from tests.eventstore.samples import events, whole

if TYPE_CHECKING:
    from pathlib import Path

    from eventstore.log.log import Log
    from tests.conftest import Database

LAG_S = 10.0
"""On a busy machine; two seconds elsewhere."""


async def test_what_is_appended_is_signed(database: Database, log: Log, tmp_path: Path) -> None:
    async with notarising(database.dsn, tmp_path):
        await log.append("door/a", 0, events(3))
        await signed_up_to(tmp_path, 3)
        await log.append("door/b", 0, events(2))
        last = await signed_up_to(tmp_path, 5)
    hashes = [leaf_hash(event.hash) for event in await whole(log)]
    assert (last.origin, last.size, last.root) == (SIGNER.name, 5, root_of(hashes))


async def test_a_log_that_was_there_before_is_signed_from_its_first_event(
    database: Database, log: Log, tmp_path: Path
) -> None:
    await log.append("door/a", 0, events(10))
    async with notarising(database.dsn, tmp_path):
        assert (await signed_up_to(tmp_path, 10)).size == 10


async def test_nothing_is_signed_while_nothing_happened(database: Database, tmp_path: Path) -> None:
    async with notarising(database.dsn, tmp_path) as notary:
        await notary.seen.begun.wait()
        await asyncio.sleep(0.2)
    assert Archive(tmp_path).checkpoint() is None


async def test_an_event_is_signed_soon(database: Database, log: Log, tmp_path: Path) -> None:
    lags = []
    async with notarising(database.dsn, tmp_path, pause_s=1.0) as notary:
        await notary.seen.begun.wait()
        for version in range(4):
            began = time.monotonic()
            await log.append("door/a", version, events(1))
            await signed_up_to(tmp_path, version + 1)
            lags.append(time.monotonic() - began)
    assert max(lags) < LAG_S


async def test_the_folder_has_every_tile_that_any_tool_asks_for(
    database: Database, log: Log, tmp_path: Path
) -> None:
    async with notarising(database.dsn, tmp_path):
        for version in range(0, 700, 70):
            await log.append("door/a", version, events(70))
        last = await signed_up_to(tmp_path, 700)
    archive = archive_of(tmp_path)
    hashes = [event.hash for event in await whole(log)]
    kept = {tile: archive.tile(tile) for tile in tiles_of(last.size)}
    leaves = [leaf for tile in tiles_of(last.size) if not tile.level for leaf in kept[tile] or ()]
    assert leaves == [leaf_hash(one) for one in hashes]
    assert kept[Tile(1, 0, 2)] == [root_of(leaves[:256]), root_of(leaves[256:512])]
    bundle = (archive.place / Tile(0, 1).bundle_path).read_bytes()
    assert bundle == encode_bundle(hashes[256:512])
    assert archive.roots(last.size, last.root) == kept[Tile(1, 0, 2)]


async def test_proofs_from_the_database_hold_under_what_was_signed(
    database: Database, log: Log, tmp_path: Path
) -> None:
    async with notarising(database.dsn, tmp_path):
        for version in range(0, 600, 100):
            await log.append("door/a", version, events(100))
        last = await signed_up_to(tmp_path, 600)
    rows = await whole(log)
    proofs = await Proofs.open(database.dsn)
    for position in (1, 255, 256, 257, 512, 513, 600):
        proof = await proofs.inclusion(position, last.size)
        leaf = leaf_hash(rows[position - 1].hash)
        assert verify_inclusion(leaf, position - 1, last.size, proof, last.root)
    for size in (1, 255, 256, 300, 512, 599):
        proof = await proofs.consistency(size, last.size)
        root = await proofs.root(size)
        assert root == root_of(leaf_hash(row.hash) for row in rows[:size])
        assert verify_consistency(size, root, last.size, last.root, proof)
    await proofs.close()


async def test_a_notary_goes_on_where_it_was(database: Database, log: Log, tmp_path: Path) -> None:
    async with notarising(database.dsn, tmp_path):
        await log.append("door/a", 0, events(300))
        await signed_up_to(tmp_path, 300)
    await log.append("door/a", 300, events(30))
    async with notarising(database.dsn, tmp_path):
        assert (await signed_up_to(tmp_path, 330)).size == 330


async def test_of_two_notaries_one_signs_and_the_other_follows_it(
    database: Database, log: Log, tmp_path: Path
) -> None:
    async with notarising(database.dsn, tmp_path) as one:
        await one.seen.begun.wait()
        async with notarising(database.dsn, tmp_path) as other:
            await log.append("door/a", 0, events(5))
            await signed_up_to(tmp_path, 5)
            await until(lambda: one.seen.size == 5)
            assert not other.seen.begun.is_set()
    async with notarising(database.dsn, tmp_path) as third:
        await log.append("door/a", 5, events(5))
        await until(lambda: third.seen.size == 10)


async def test_two_notaries_with_a_folder_each_never_sign_at_once(
    database: Database, log: Log, tmp_path: Path
) -> None:
    async with notarising(database.dsn, tmp_path / "one") as one:
        await one.seen.begun.wait()
        async with notarising(database.dsn, tmp_path / "other") as other:
            await log.append("door/a", 0, events(5))
            await signed_up_to(tmp_path / "one", 5)
            await asyncio.sleep(0.2)
            assert not other.seen.begun.is_set()


async def test_every_checkpoint_begins_with_the_one_before(
    database: Database, log: Log, tmp_path: Path
) -> None:
    async with notarising(database.dsn, tmp_path):
        for version in range(12):
            await log.append("door/a", version, events(1))
            await signed_up_to(tmp_path, version + 1)
    proofs = await Proofs.open(database.dsn)
    kept = (await proofs.before(2, 0, 100))[::-1]
    assert kept[-1].note == archive_of(tmp_path).checkpoint()
    for earlier, later in itertools.pairwise(kept):
        proof = await proofs.consistency(earlier.size, later.size)
        assert verify_consistency(earlier.size, earlier.root, later.size, later.root, proof)
        assert Note.parse(later.note).signed_by(SIGNER.verifier) is not None
    await proofs.close()


async def test_a_database_that_restarts_is_waited_for(
    database: Database, log: Log, tmp_path: Path
) -> None:
    async with notarising(database.dsn, tmp_path):
        await log.append("door/a", 0, events(5))
        await signed_up_to(tmp_path, 5)
        ended = await value(
            database.owner_dsn,
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        assert ended
        await log.append("door/a", 5, events(5))
        assert (await signed_up_to(tmp_path, 10)).size == 10
    assert checkpoint(tmp_path).size == 10


async def test_tiles_that_a_power_cut_left_short_are_made_again(
    database: Database, log: Log, tmp_path: Path
) -> None:
    async with notarising(database.dsn, tmp_path):
        await log.append("door/a", 0, events(300))
        last = await signed_up_to(tmp_path, 300)
    archive = archive_of(tmp_path)
    (archive.place / Tile(0, 0).path).write_bytes(b"")
    (archive.place / Tile(1, 0, 1).path).unlink()
    assert archive.roots(300, last.root) is None
    async with notarising(database.dsn, tmp_path) as notary:
        await notary.seen.begun.wait()
    assert archive.roots(300, last.root) is not None
    assert archive.tile(Tile(0, 0)) == [leaf_hash(row.hash) for row in (await whole(log))[:256]]


async def test_a_busy_log_is_signed_at_a_pace(database: Database, log: Log, tmp_path: Path) -> None:
    async with notarising(database.dsn, tmp_path, pause_s=1.0) as notary:
        await notary.seen.begun.wait()
        began = time.monotonic()
        version = 0
        while time.monotonic() - began < 2.5:
            await log.append("door/a", version, events(20))
            version += 20
        took = time.monotonic() - began
        await signed_up_to(tmp_path, version)
    proofs = await Proofs.open(database.dsn)
    signed = await proofs.before(2, 0, 1_000)
    await proofs.close()
    assert 2 <= len(signed) <= took / SOON_S + 2
    assert notary.seen.lag_s < LAG_S
