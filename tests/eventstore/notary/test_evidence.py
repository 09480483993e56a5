"""What the notary believes: its folder and the database both, and neither over the other."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING

import asyncpg
import pytest

from eventstore.divergence.write_gate import REFUSE, Compared, standing_of
from eventstore.integrity.audit import Signed
from eventstore.integrity.chain_verifier import Divergence, Doubt
from eventstore.log.events import Appended
from eventstore.log.log import Log
from eventstore.notary.evidence import KeyDiffers
from eventstore.proofs.proofs import Proofs
from eventstore.recorder.recorder import Receipt
from eventstore.tlog.checkpoint import Checkpoint
from eventstore.tlog.note import Signer
from eventstore.tlog.tiles import tiles_of
from tests.conftest import execute
from tests.eventstore.forgery import (
    NO_CHECKPOINTS,
    inserting,
    put_in_place_of,
    refuses,
    rewritten,
    sign_as_it_is,
    signed,
    writing,
)
from tests.eventstore.notarising import (
    SIGNER,
    acknowledge,
    alarm,
    archive_of,
    checkpoint,
    notarising,
    refused_because,
    signed_up_to,
    tamper,
    until,
    value,
)
from tests.eventstore.samples import events, whole

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Database

OTHER_KEY = Signer("example.org/log", bytes(range(1, 33)))
RESTORED = "DELETE FROM muster.checkpoint WHERE size > 10"
RESTORED_EVENTS = "DELETE FROM muster.event WHERE position > 10"
ROWS = "SELECT count(*) FROM muster.checkpoint"


async def step_by_step(log: Log, folder: Path, after: int, up_to: int) -> None:
    """Have each event signed by itself."""
    for version in range(after, up_to):
        await log.append("door/a", version, events(1))
        await signed_up_to(folder, version + 1)


async def test_a_fork_with_a_longer_log_and_a_checkpoint_of_its_own_is_refused(
    database: Database, log: Log, tmp_path: Path
) -> None:
    await signed(database, log, tmp_path)
    before = archive_of(tmp_path).checkpoint()
    await tamper(database.owner_dsn, *writing(rewritten(await whole(log), 7)), NO_CHECKPOINTS)
    await log.append("door/c", 0, events(10))
    await sign_as_it_is(database, log)
    async with notarising(database.dsn, tmp_path):
        _, what = await refused_because(database.dsn)
    assert (what.doubt, what.position, what.signed_size) == (Doubt.LEAF, 7, 20)
    assert await refuses(log)
    assert archive_of(tmp_path).checkpoint() == before


async def test_a_fork_that_claims_another_lineage_is_refused_without_an_acknowledgement(
    database: Database, log: Log, tmp_path: Path
) -> None:
    await signed(database, log, tmp_path)
    await tamper(database.owner_dsn, *writing(rewritten(await whole(log), 7)))
    await sign_as_it_is(database, log, lineage=2)
    async with notarising(database.dsn, tmp_path):
        _, what = await refused_because(database.dsn)
    assert (what.doubt, what.position, what.lineage) == (Doubt.LEAF, 7, 1)


async def test_a_checkpoint_in_the_database_of_a_longer_log_than_there_is_is_refused(
    database: Database, log: Log, tmp_path: Path
) -> None:
    await signed(database, log, tmp_path)
    note = Checkpoint(SIGNER.name, 30, bytes(32)).signed(SIGNER).whole
    await execute(database.owner_dsn, inserting(1, 30, bytes(32), note))
    async with notarising(database.dsn, tmp_path):
        _, what = await refused_because(database.dsn)
    assert (what.doubt, what.position, what.signed_size) == (Doubt.END, 21, 30)


async def test_a_checkpoint_that_the_notary_did_not_sign_closes_the_gate_and_never_counts(
    database: Database, log: Log, tmp_path: Path
) -> None:
    await signed(database, log, tmp_path)
    await execute(database.owner_dsn, inserting(1, 22, bytes(32), "a note"))
    async with notarising(database.dsn, tmp_path) as notary:
        divergence, what = await refused_because(database.dsn)
        assert (what.doubt, what.position) == (Doubt.CHECKPOINT, 22)
        assert isinstance(await acknowledge(database.dsn, divergence, "seen"), Receipt)
        await log.append("door/c", 0, events(1))  # which is signed in its place
        await until(lambda: notary.seen.size == 22)
        assert notary.seen.refusing is None
    proofs = await Proofs.open(database.dsn)
    latest = await proofs.latest()
    await proofs.close()
    assert latest is not None
    assert latest.note == archive_of(tmp_path).checkpoint()
    assert archive_of(tmp_path).lineage == 1


async def test_a_checkpoint_in_the_place_of_the_next_one_is_found_when_that_is_signed(
    database: Database, log: Log, tmp_path: Path
) -> None:
    async with notarising(database.dsn, tmp_path) as notary:
        await notary.seen.begun.wait()
        await execute(database.owner_dsn, inserting(1, 3, bytes(32), "a note"))
        await log.append("door/a", 0, events(3))
        _, what = await refused_because(database.dsn)
    assert (what.doubt, what.position) == (Doubt.CHECKPOINT, 3)


async def set_back(database: Database, log: Log, folder: Path) -> None:
    """Sign 6 events, and put the folder as it was over 3 of them in its place."""
    copy = folder.with_name("copy")
    async with notarising(database.dsn, folder):
        await step_by_step(log, folder, 0, 3)
    shutil.copytree(folder, copy)
    async with notarising(database.dsn, folder):
        await step_by_step(log, folder, 3, 6)
    put_in_place_of(folder, copy)


async def test_an_older_copy_of_the_folder_is_an_alarm_and_nothing_is_signed_into_it(
    database: Database, log: Log, tmp_path: Path
) -> None:
    folder = tmp_path / "notary"
    await set_back(database, log, folder)
    async with notarising(database.dsn, folder) as notary:
        says = await alarm(database.dsn, "folder")
        assert "the checkpoint over 6 events, but one over 3" in says
        assert isinstance(await log.append("door/a", 6, events(1)), Appended)
        await asyncio.sleep(0)
        assert checkpoint(folder).size == 3
        divergence = notary.seen.lacking
        assert divergence is not None
        assert isinstance(await acknowledge(database.dsn, divergence, "disk lost"), Receipt)
        last = await signed_up_to(folder, 8)
        assert notary.seen.lacking is None
    assert (last.origin, archive_of(folder).lineage) == (SIGNER.name, 1)
    assert all(archive_of(folder).has(tile) for tile in tiles_of(8))
    assert await value(database.dsn, "SELECT count(*) FROM muster.alarm") == 0


async def test_an_older_copy_of_the_folder_beside_a_fork_closes_the_gate(
    database: Database, log: Log, tmp_path: Path
) -> None:
    folder = tmp_path / "notary"
    await set_back(database, log, folder)
    await tamper(database.owner_dsn, *writing(rewritten(await whole(log), 5)))
    async with notarising(database.dsn, folder):
        _, what = await refused_because(database.dsn)
    assert (what.doubt, what.signed_size) == (Doubt.ROOT, 6)


async def test_an_empty_folder_is_an_alarm_that_ends_when_the_folder_is_back(
    database: Database, log: Log, tmp_path: Path
) -> None:
    folder, away = tmp_path / "notary", tmp_path / "away"
    await signed(database, log, folder)
    folder.rename(away)
    async with notarising(database.dsn, folder) as notary:
        assert "but none" in await alarm(database.dsn, "folder")
        await log.append("door/c", 0, events(1))
        assert list(folder.glob("*/*")) == []
        shutil.copytree(away / "1", folder / "1")
        await until(lambda: notary.seen.size == 21)
    assert checkpoint(folder).size == 21


async def test_a_folder_that_is_swapped_while_the_notary_runs_is_noticed_before_the_next_checkpoint(
    database: Database, log: Log, tmp_path: Path
) -> None:
    folder, copy = tmp_path / "notary", tmp_path / "copy"
    async with notarising(database.dsn, folder):
        await step_by_step(log, folder, 0, 3)
        shutil.copytree(folder, copy)
        await step_by_step(log, folder, 3, 6)
        put_in_place_of(folder, copy)
        await log.append("door/a", 6, events(1))
        assert "one over 3" in await alarm(database.dsn, "folder")
        assert checkpoint(folder).size == 3


async def test_the_folder_of_another_log_closes_the_gate_and_stays_as_it_is(
    database: Database, log: Log, tmp_path: Path
) -> None:
    await signed(database, log, tmp_path / "notary")
    await tamper(database.owner_dsn, "TRUNCATE muster.event", NO_CHECKPOINTS)
    await log.append("door/x", 0, events(30))
    before = archive_of(tmp_path / "notary").checkpoint()
    async with notarising(database.dsn, tmp_path / "notary"):
        _, what = await refused_because(database.dsn)
    assert (what.doubt, what.position) == (Doubt.LEAF, 1)
    assert archive_of(tmp_path / "notary").checkpoint() == before


async def test_the_folder_of_another_key_is_an_alarm_and_stays_as_it_is(
    database: Database, log: Log, tmp_path: Path
) -> None:
    await signed(database, log, tmp_path)
    with pytest.raises(KeyDiffers):
        async with notarising(database.dsn, tmp_path, signer=OTHER_KEY):
            assert "checkpoint" in await alarm(database.dsn, "key")
    assert checkpoint(tmp_path).size == 20


async def test_a_database_from_an_older_backup_closes_the_gate(
    database: Database, log: Log, tmp_path: Path
) -> None:
    async with notarising(database.dsn, tmp_path):
        await step_by_step(log, tmp_path, 0, 20)
    await tamper(database.owner_dsn, RESTORED, RESTORED_EVENTS)
    async with notarising(database.dsn, tmp_path):
        _, what = await refused_because(database.dsn)
    assert (what.doubt, what.position, what.signed_size) == (Doubt.END, 11, 20)
    assert checkpoint(tmp_path).size == 20


async def test_a_stamped_checkpoint_of_another_log_in_the_folder_closes_the_gate(
    database: Database, log: Log, tmp_path: Path
) -> None:
    await signed(database, log, tmp_path)
    other = Checkpoint(SIGNER.name, 10, bytes(32)).signed(SIGNER).whole
    archive_of(tmp_path).keep_timestamp(10, other, b"token")
    async with notarising(database.dsn, tmp_path):
        _, what = await refused_because(database.dsn)
    assert (what.doubt, what.position, what.signed_size) == (Doubt.ROOT, 10, 10)


async def test_checkpoints_that_the_database_lost_are_made_again(
    database: Database, log: Log, tmp_path: Path
) -> None:
    await signed(database, log, tmp_path)
    await execute(database.owner_dsn, NO_CHECKPOINTS)
    async with notarising(database.dsn, tmp_path) as notary:
        await notary.seen.begun.wait()
        assert notary.seen.refusing is None
    assert await value(database.dsn, ROWS) == 1


@pytest.mark.parametrize("doubt", [Doubt.ARCHIVE, Doubt.WITNESS])
async def test_what_the_notary_did_not_find_begins_no_lineage(
    database: Database, log: Log, tmp_path: Path, doubt: Doubt
) -> None:
    await signed(database, log, tmp_path)
    newest = checkpoint(tmp_path)
    found = Divergence(20, "", 0, doubt, "another log", "this one")
    as_it_is = Signed(newest.size, newest.root)
    made_up = standing_of(found, Compared(1, as_it_is, as_it_is))
    what = made_up.what.model_dump_json()
    async with notarising(database.dsn, tmp_path) as notary:
        connection = await asyncpg.connect(database.dsn)
        await connection.execute(REFUSE, made_up.divergence, what, "notary")
        await connection.close()
        assert isinstance(await acknowledge(database.dsn, made_up.divergence, "so"), Receipt)
        await until(lambda: notary.seen.size == 21)
        assert checkpoint(tmp_path).origin == SIGNER.name
    async with notarising(database.dsn, tmp_path) as notary:
        await notary.seen.begun.wait()
        assert archive_of(tmp_path).lineage == 1
