"""Witnesses who saw another log close the gate; a quorum decides what counts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from eventstore.integrity.archive import COSIGNED
from eventstore.integrity.chain_verifier import Doubt
from eventstore.integrity.tree_builder import Claim
from eventstore.log.events import Appended
from eventstore.log.log import Log
from eventstore.notary.witness_disagreement import Disagreement
from eventstore.proofs.proofs import Proofs
from eventstore.proofs.quorum import Quorum
from eventstore.recorder.recorder import Receipt
from eventstore.tlog.checkpoint import Checkpoint
from eventstore.tlog.note import COSIGNATURE, Note, Signer, Verifier
from services.runtime.settings.settings import Witness as ChosenWitness
from tests.conftest import execute
from tests.eventstore.forgery import refuses
from tests.eventstore.notarising import (
    PATIENCE_S,
    PAUSE_S,
    SIGNER,
    acknowledge,
    alarm,
    alarms_when,
    archive_of,
    checkpoint,
    refused_because,
    signed_up_to,
    until,
)
from tests.eventstore.samples import events
from tests.services.accompanied import OTHER, WITNESS, accompanied, chosen_of, showing, witness_of
from tests.services.others import witnessing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from eventstore.proofs.stored_checkpoint import StoredCheckpoint
    from tests.conftest import Database

SOON = {"witness_overdue_seconds": 1}
NOWHERE = "http://127.0.0.1:1/"


@pytest.fixture
async def log(database: Database) -> AsyncIterator[Log]:
    opened = await Log.open(database.dsn)
    yield opened
    await opened.close()


async def latest(database: Database) -> StoredCheckpoint | None:
    proofs = await Proofs.open(database.dsn)
    try:
        return await proofs.latest()
    finally:
        await proofs.close()


async def counting(database: Database) -> StoredCheckpoint:
    """Wait for a checkpoint that counts."""
    async with asyncio.timeout(PATIENCE_S):
        while (found := await latest(database)) is None:
            await asyncio.sleep(PAUSE_S)
    return found


@pytest.mark.parametrize("known", [2, 5], ids=["shorter", "of the same size"])
async def test_a_witness_who_saw_another_log_closes_the_gate(
    database: Database, log: Log, tmp_path: Path, known: int
) -> None:
    witness = witness_of()
    witness.known[SIGNER.name] = (known, bytes(32))  # it saw another log under this name
    with witnessing(witness) as url:
        async with accompanied(database, chosen_of(tmp_path, (url, WITNESS))):
            await log.append("door/a", 0, events(5))
            _, what = await refused_because(database.dsn)
    assert (what.doubt, what.position, what.signed_size) == (Doubt.WITNESS, known, 5)
    assert WITNESS.name in what.expected
    assert await refuses(log)
    assert witness.known[SIGNER.name] == (known, bytes(32))
    assert archive_of(tmp_path).checkpoint(COSIGNED) is None


@pytest.mark.parametrize("known", [9, 2**63 - 1])
async def test_a_larger_log_that_is_only_said_is_an_alarm_until_the_witness_cosigns(
    database: Database, log: Log, tmp_path: Path, known: int
) -> None:
    witness = witness_of()
    witness.known[SIGNER.name] = (known, bytes(32))
    with witnessing(witness) as url:
        async with accompanied(database, chosen_of(tmp_path, (url, WITNESS), **SOON)) as notary:
            await log.append("door/a", 0, events(5))
            says = await alarm(database.dsn, f"witness {WITNESS.name}")
            assert f"knows a log of {known} events" in says
            assert isinstance(await log.append("door/a", 5, events(1)), Appended)
            await signed_up_to(tmp_path, 6)
            assert notary.seen.refusing is None
            del witness.known[SIGNER.name]
            await alarms_when(database.dsn, lambda kinds: not kinds)
    assert not await refuses(log)


@pytest.mark.parametrize("said", [2**63, 10**19 - 1, 10**40])
async def test_a_number_that_no_log_can_have_is_no_answer(
    database: Database, log: Log, tmp_path: Path, said: int
) -> None:
    witness = witness_of()
    witness.known[SIGNER.name] = (said, bytes(32))
    with witnessing(witness) as url:
        async with accompanied(database, chosen_of(tmp_path, (url, WITNESS), **SOON)) as notary:
            await log.append("door/a", 0, events(5))
            assert "has not cosigned" in await alarm(database.dsn, f"witness {WITNESS.name}")
            assert notary.seen.refusing is None
    assert not await refuses(log)


@pytest.mark.parametrize(
    ("shown", "closes"),
    [((SIGNER, 9), True), ((SIGNER, 4), False), ((Signer(SIGNER.name, bytes(32)), 9), False)],
    ids=["signed here", "no more than is known", "signed by another key"],
)
async def test_a_larger_log_that_is_signed_closes_the_gate(
    database: Database, log: Log, tmp_path: Path, shown: tuple[Signer, int], *, closes: bool
) -> None:
    signer, size = shown
    witness = witness_of()
    witness.known[SIGNER.name] = (9, bytes(32))
    witness.shows = Checkpoint(SIGNER.name, size, bytes(32)).signed(signer).whole
    with witnessing(witness) as url:
        chosen = showing(chosen_of(tmp_path, (url, WITNESS), **SOON))
        async with accompanied(database, chosen):
            await log.append("door/a", 0, events(5))
            await signed_up_to(tmp_path, 5)
            await (refused_because if closes else alarm_of_witness)(database.dsn)
    assert await refuses(log) is closes


async def alarm_of_witness(dsn: str) -> str:
    return await alarm(dsn, f"witness {WITNESS.name}")


async def test_after_an_acknowledgement_the_witness_cosigns_another_lineage(
    database: Database, log: Log, tmp_path: Path
) -> None:
    witness = witness_of()
    witness.known[SIGNER.name] = (5, bytes(32))
    with witnessing(witness) as url:
        async with accompanied(database, chosen_of(tmp_path, (url, WITNESS))) as notary:
            await log.append("door/a", 0, events(5))
            divergence, _ = await refused_because(database.dsn)
            assert isinstance(await acknowledge(database.dsn, divergence, "a test log"), Receipt)
            await until(lambda: witness.known.get(f"{SIGNER.name}/2", (0,))[0] == 6)
            assert isinstance(await log.append("door/a", 5, events(1)), Appended)
            await until(lambda: notary.seen.size == 7)
            assert notary.seen.refusing is None
    assert (checkpoint(tmp_path).origin, archive_of(tmp_path).lineage) == (f"{SIGNER.name}/2", 2)


@pytest.mark.parametrize(
    "said",
    [
        Disagreement("w", Claim(1, 3, bytes(32)), 4),
        Disagreement("w", Claim(2, 3, bytes(32)), 9),
    ],
    ids=["more was signed since", "another lineage"],
)
async def test_a_word_that_is_out_of_date_closes_nothing(
    database: Database, log: Log, tmp_path: Path, said: Disagreement
) -> None:
    async with accompanied(database, chosen_of(tmp_path)) as notary:
        await log.append("door/a", 0, events(5))
        await signed_up_to(tmp_path, 5)
        notary.suspect(said)
        await log.append("door/a", 5, events(1))
        await signed_up_to(tmp_path, 6)
        assert notary.seen.refusing is None
    assert not await refuses(log)


async def test_a_checkpoint_counts_once_enough_witnesses_cosigned_it(
    database: Database, log: Log, tmp_path: Path
) -> None:
    one, other = witness_of(), witness_of(OTHER)
    with witnessing(one) as url, witnessing(other) as its:
        two = ((url, WITNESS), (its, OTHER))
        async with accompanied(database, chosen_of(tmp_path, *two, witnesses_required=2)):
            await log.append("door/a", 0, events(3))
            await until(lambda: len(one.known) == len(other.known) == 1)
            assert (await counting(database)).size == 3
    note = Note.parse(archive_of(tmp_path).checkpoint(COSIGNED) or "")
    assert all(note.signed_by(signer.cosigner) for signer in (WITNESS, OTHER))


async def test_without_the_quorum_nothing_counts_appends_go_on_and_there_is_an_alarm(
    database: Database, log: Log, tmp_path: Path
) -> None:
    witness = witness_of()
    with witnessing(witness) as url:
        asked = ((url, WITNESS), (NOWHERE, OTHER))
        chosen = chosen_of(tmp_path, *asked, witnesses_required=2, **SOON)
        async with accompanied(database, chosen):
            await log.append("door/a", 0, events(3))
            await signed_up_to(tmp_path, 3)
            says = await alarm(database.dsn, "quorum")
            assert says.startswith("1 of 2 required witnesses")
            raised = await alarms_when(database.dsn, lambda kinds: len(kinds) > 1)
            assert [one.kind for one in raised] == ["quorum", f"witness {OTHER.name}"]
            assert [one.is_grave for one in raised] == [True, False]
            assert isinstance(await log.append("door/a", 3, events(1)), Appended)
            await signed_up_to(tmp_path, 4)
            assert await latest(database) is None
        enough = chosen_of(tmp_path, *asked, witnesses_required=1)
        async with accompanied(database, enough):
            await alarms_when(database.dsn, lambda kinds: "quorum" not in kinds)
            await until(lambda: witness.known[SIGNER.name][0] == 4)
    counted = await latest(database)
    assert counted is not None
    assert counted.size == 4


async def test_the_alarm_about_a_witness_ends_when_it_is_back_or_is_not_asked_any_more(
    database: Database, log: Log, tmp_path: Path
) -> None:
    witness = witness_of()
    with witnessing(witness) as url:
        away = chosen_of(tmp_path, (NOWHERE, WITNESS), **SOON)
        async with accompanied(database, away):
            await log.append("door/a", 0, events(3))
            assert "has not cosigned" in await alarm(database.dsn, f"witness {WITNESS.name}")
        async with accompanied(database, chosen_of(tmp_path, (url, WITNESS))):
            await alarms_when(database.dsn, lambda kinds: not kinds)
        async with accompanied(database, away):
            await alarm(database.dsn, f"witness {WITNESS.name}")
    async with accompanied(database, chosen_of(tmp_path)):
        await log.append("door/a", 3, events(1))
        await alarms_when(database.dsn, lambda kinds: not kinds)


def test_a_quorum_that_can_t_be_reached_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="no checkpoint would ever count"):
        chosen_of(tmp_path, (NOWHERE, WITNESS), witnesses_required=2)
    with pytest.raises(ValidationError, match="same key twice"):
        chosen_of(tmp_path, (NOWHERE, WITNESS), (NOWHERE, WITNESS), witnesses_required=2)


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (Verifier("witness\u200b.example", WITNESS.verifier.public, COSIGNATURE).vkey, r"U\+200B"),
        ("witness.example", "a key is its name, its id and its bytes"),
    ],
)
def test_a_witness_whose_bundles_nobody_could_verify_is_refused(key: str, why: str) -> None:
    with pytest.raises(ValidationError, match=f"key: .*{why}"):
        ChosenWitness(url=NOWHERE, key=key)


async def test_the_flag_in_the_database_makes_no_checkpoint_count(
    database: Database, log: Log, tmp_path: Path
) -> None:
    quorum = Quorum([WITNESS.cosigner], 1)
    with witnessing(witness_of()) as url:
        async with accompanied(database, chosen_of(tmp_path, (url, WITNESS), witnesses_required=1)):
            await log.append("door/a", 0, events(3))
            await signed_up_to(tmp_path, 3)
            await until(lambda: archive_of(tmp_path).checkpoint(COSIGNED) is not None)
    async with accompanied(database, chosen_of(tmp_path, (NOWHERE, WITNESS), witnesses_required=1)):
        for version in range(3, 6):
            await log.append("door/a", version, events(1))
            await signed_up_to(tmp_path, version + 1)
    await execute(database.dsn, "UPDATE muster.checkpoint SET counts = true")
    proofs = await Proofs.open(database.dsn, quorum)
    try:
        newest = await proofs.latest()
        assert newest is not None
        assert newest.size == 3
        assert [one.size for one in await proofs.before(1, 99, 9)] == [3]
        assert [one.size for one in await proofs.first_covering(1, [1, 2, 5])] == [3]
    finally:
        await proofs.close()
    one = await latest(database)
    assert one is not None
    assert one.size == 6
    assert not quorum.counts(one._replace(size=3))
    assert quorum.counts(newest)
    assert not quorum.counts(newest._replace(size=6))
