"""The map that each checkpoint signs: it is that of the log, whatever becomes of what is kept."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncpg
import pytest

from eventstore.heads.audit import audit_heads
from eventstore.heads.prover import WAITING_MAX, HeadProver, Proven, ProverBusy, Signed
from eventstore.integrity.chain_verifier import Doubt
from eventstore.proofs.proofs import Proofs, ProofUnavailable
from eventstore.tlog.checkpoint import Checkpoint
from tests.conftest import execute
from tests.eventstore.heads import second
from tests.eventstore.heads.mall import MALL, Prover, filled, newest_of, opened, recomputed
from tests.eventstore.notarising import (
    SIGNER,
    acknowledge,
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

    from eventstore.log.log import Log
    from tests.conftest import Database


AHEAD = "DELETE FROM muster.checkpoint WHERE size > {}"
AS_BEFORE = "UPDATE muster.checkpoint SET note = '{}'"
TAIL_CUT = "DELETE FROM muster.event WHERE position > {}"
CUT_OFF = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'muster notary' AND datname = current_database()"""
FORGET = "DELETE FROM muster.head; DELETE FROM muster.venue_incident"


async def test_a_checkpoint_signs_the_map_that_follows_from_the_log(
    database: Database, log: Log, tmp_path: Path
) -> None:
    async with notarising(database.dsn, tmp_path):
        await filled(log)
        last = await signed_up_to(tmp_path, await log.head())
    rows = await whole(log)
    assert last.heads == await recomputed(database.dsn, last.size) == second.root_of(rows)


async def test_the_newest_version_and_the_incidents_of_a_venue_are_proven(
    database: Database, log: Log, tmp_path: Path
) -> None:
    async with notarising(database.dsn, tmp_path):
        await filled(log)
        last = await signed_up_to(tmp_path, await log.head())
        prover = Prover(database.dsn)
        assert await prover.stream(last, MALL[0]) == await newest_of(log, MALL[0], last.size)
        assert await prover.stream(last, "incident/none") is None
        assert [one.stream for one in await prover.venue(last, "mall")] == MALL
        assert await prover.venue(last, "nowhere") == ()


async def test_an_earlier_checkpoint_is_proven_while_the_log_goes_on(
    database: Database, log: Log, tmp_path: Path
) -> None:
    prover = Prover(database.dsn)
    async with notarising(database.dsn, tmp_path):
        await filled(log)
        early = await signed_up_to(tmp_path, await log.head())
        await log.append("door/7", 1, events(5))
        await log.append("incident/more", 0, [opened("mall")])
        late = await signed_up_to(tmp_path, early.size + 6)
        for signed in (early, late):
            found = await prover.stream(signed, "door/7")
            assert found == await newest_of(log, "door/7", signed.size)
        assert [one.stream for one in await prover.venue(early, "mall")] == MALL
        assert [one.stream for one in await prover.venue(late, "mall")] == [*MALL, "incident/more"]


@pytest.mark.parametrize(
    "loss",
    [
        FORGET,
        "DELETE FROM muster.head_buckets",
        "UPDATE muster.head SET hash = sha256(hash)",
        "UPDATE muster.head SET position = 10000, number = 77",
        "DELETE FROM muster.head WHERE name = 'door/7'",
        "UPDATE muster.venue_incident SET opened = sha256(opened)",
        "UPDATE muster.venue_incident SET stream = 'incident/9' WHERE number = 2",
        "UPDATE muster.head_buckets SET buckets = sha256(buckets)",
    ],
)
async def test_what_is_kept_is_not_believed_and_is_made_again(
    database: Database, log: Log, tmp_path: Path, loss: str
) -> None:
    prover = Prover(database.dsn)
    async with notarising(database.dsn, tmp_path):
        await filled(log)
        last = await signed_up_to(tmp_path, await log.head())
    await execute(database.dsn, loss)
    assert await prover.stream(last, "door/7") == await newest_of(log, "door/7", last.size)
    assert [one.stream for one in await prover.venue(last, "mall")] == MALL
    async with notarising(database.dsn, tmp_path):
        await log.append("door/7", 1, events(1))
        after = await signed_up_to(tmp_path, last.size + 1)
    assert after.heads == await recomputed(database.dsn, after.size)
    assert await prover.stream(after, "door/7") == await newest_of(log, "door/7", after.size)


async def test_what_a_crash_of_the_database_took_is_made_again_when_the_notary_is_back(
    database: Database, log: Log, tmp_path: Path
) -> None:
    entries = "SELECT count(*) FROM muster.head"
    async with notarising(database.dsn, tmp_path):
        await filled(log)
        last = await signed_up_to(tmp_path, await log.head())
        before = await value(database.dsn, entries)
        await execute(database.owner_dsn, FORGET, "DELETE FROM muster.head_buckets", CUT_OFF)
        await log.append("door/new", 0, events(1))
        after = await signed_up_to(tmp_path, last.size + 1)
    assert await value(database.dsn, entries) == int(str(before)) + 1
    assert after.heads == await recomputed(database.dsn, after.size)


async def test_a_notary_that_begins_again_goes_on_with_what_is_kept(
    database: Database, log: Log, tmp_path: Path
) -> None:
    async with notarising(database.dsn, tmp_path):
        await filled(log)
        await signed_up_to(tmp_path, await log.head())
    kept = "SELECT string_agg(xmin::text, ',' ORDER BY key) FROM muster.head"
    before = await value(database.dsn, kept)
    async with notarising(database.dsn, tmp_path) as notary:
        await notary.seen.begun.wait()
        assert await value(database.dsn, kept) == before


async def test_what_was_kept_of_a_later_size_than_was_signed_does_no_harm(
    database: Database, log: Log, tmp_path: Path
) -> None:
    async with notarising(database.dsn, tmp_path / "ahead"):
        await filled(log)
        early = await signed_up_to(tmp_path / "ahead", await log.head())
        content = {
            file.relative_to(tmp_path / "ahead"): file.read_bytes()
            for file in (tmp_path / "ahead").rglob("*")
            if file.is_file()
        }
        await log.append("door/7", 1, events(3))
        await log.append("incident/more", 0, [opened("mall")])
        await signed_up_to(tmp_path / "ahead", early.size + 4)
    for name, held in content.items():
        (tmp_path / "behind" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "behind" / name).write_bytes(held)
    await execute(database.owner_dsn, AHEAD.format(early.size))
    async with notarising(database.dsn, tmp_path / "behind"):
        last = await signed_up_to(tmp_path / "behind", early.size + 4)
    assert last.heads == await recomputed(database.dsn, last.size)
    assert len(await Prover(database.dsn).venue(last, "mall")) == len(MALL) + 1


async def test_a_log_signed_by_the_program_before_gets_a_map_with_its_next_checkpoint(
    database: Database, log: Log, tmp_path: Path
) -> None:
    async with notarising(database.dsn, tmp_path):
        await filled(log)
        last = await signed_up_to(tmp_path, await log.head())
    plain = Checkpoint(last.origin, last.size, last.root).signed(SIGNER).whole
    archive_of(tmp_path).keep_checkpoint(plain)
    await execute(database.owner_dsn, AS_BEFORE.format(plain), FORGET)
    assert await audit_heads(database.dsn, plain) == []
    async with notarising(database.dsn, tmp_path):
        await log.append("door/7", 1, events(1))
        after = await signed_up_to(tmp_path, last.size + 1)
    assert after.heads == await recomputed(database.dsn, after.size)


async def test_another_map_than_that_of_the_log_closes_the_gate(
    database: Database, log: Log, tmp_path: Path
) -> None:
    async with notarising(database.dsn, tmp_path):
        await filled(log)
        last = await signed_up_to(tmp_path, await log.head())
    forged = Checkpoint(last.origin, last.size, last.root, bytes(range(32))).signed(SIGNER).whole
    archive_of(tmp_path).keep_checkpoint(forged)
    found = await audit_heads(database.dsn, forged)
    assert [(one.doubt, one.position) for one in found] == [(Doubt.HEADS, last.size)]
    of_it = Checkpoint(last.origin, last.size, last.root, bytes(range(32)))
    with pytest.raises(ProofUnavailable):
        await Prover(database.dsn).stream(of_it, "door/7")
    async with notarising(database.dsn, tmp_path):
        _, what = await refused_because(database.dsn)
    assert (what.doubt, what.expected) == ("heads", bytes(range(32)).hex())
    assert what.found == (last.heads or b"").hex()


async def test_a_new_lineage_has_a_map_of_its_own(
    database: Database, log: Log, tmp_path: Path
) -> None:
    async with notarising(database.dsn, tmp_path):
        await filled(log)
        last = await signed_up_to(tmp_path, await log.head())
    await tamper(database.owner_dsn, TAIL_CUT.format(last.size - 9))
    async with notarising(database.dsn, tmp_path) as notary:
        divergence, _ = await refused_because(database.dsn)
        await acknowledge(database.dsn, divergence, "lost")
        await until(lambda: notary.seen.size == last.size - 8)
    after = checkpoint(tmp_path)
    assert after.origin == f"{SIGNER.name}/2"
    assert after.heads == await recomputed(database.dsn, after.size)
    assert after.heads == second.root_of(await whole(log))


async def test_proofs_of_an_older_map_wait_in_small_number_and_share_the_map(
    database: Database, log: Log, tmp_path: Path
) -> None:
    async with notarising(database.dsn, tmp_path):
        await filled(log)
        last = await signed_up_to(tmp_path, await log.head())
    await execute(database.owner_dsn, FORGET, "DELETE FROM muster.head_buckets")
    owner = await asyncpg.connect(database.owner_dsn)
    proofs = await Proofs.open(database.dsn)
    try:
        prover, signed = HeadProver(proofs.pool), Signed(1, last.size, last.heads or b"")
        async with owner.transaction():
            await owner.execute("LOCK TABLE muster.event IN ACCESS EXCLUSIVE MODE")
            asked = [asyncio.create_task(prover.stream(signed, "door/7")) for _ in range(8)]
            busy = 7 - WAITING_MAX
            await until(lambda: sum(one.done() for one in asked) >= busy)
        answers = await asyncio.gather(*asked, return_exceptions=True)
        made = [one for one in answers if isinstance(one, Proven)]
        assert sum(isinstance(one, ProverBusy) for one in answers) == busy
        assert len(made) == 1 + WAITING_MAX
        assert len(set(map(repr, made))) == 1
        await owner.execute("ALTER TABLE muster.event RENAME TO away")  # it isn't read again
        shared = await prover.venue(signed, "mall")
        assert [one.stream for one in shared.incidents] == MALL
    finally:
        await proofs.close()
        await owner.close()
