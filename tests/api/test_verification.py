"""Verifying over gRPC; and a log that diverged, which takes nothing."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING

import grpc
import pytest
from muster.v1 import audit_service_pb2 as audit

from eventstore.log.events import Appended
from eventstore.log.log import Log
from eventstore.tlog.checkpoint import Checkpoint
from eventstore.tlog.note import Signer
from services.api.proof.health import PROOF
from services.client.client import context
from tests.api.conftest import alarm, opened, publish
from tests.api.proving import signed, verified, why
from tests.api.test_server import NOT_SERVING, SERVING, health
from tests.conftest import execute
from tests.eventstore.forgery import rewritten, writing
from tests.eventstore.notarising import (
    PATIENCE_S,
    SIGNER,
    acknowledge,
    archive_of,
    notarising,
    refused_because,
    signed_up_to,
    tamper,
    until,
)
from tests.eventstore.samples import events, whole

if TYPE_CHECKING:
    from pathlib import Path

    from eventstore.notary.notary import Notary
    from tests.api.conftest import Service
    from tests.conftest import Database

CHANGED = "UPDATE muster.event SET data = '{\"number\": 7 }' WHERE position = 5"
CUT = """
    DELETE FROM muster.event WHERE position = (SELECT max(position) FROM muster.event)"""


@pytest.mark.usefixtures("notary")
async def test_verifying_compares_chain_and_tree_with_what_was_signed(
    database: Database, proving: Service, kept: Path
) -> None:
    await signed(database, kept, 20)
    auditor = await proving.client("auditor")
    last = await verified(auditor)
    assert (last.sound, last.checked, last.position, last.total) == (True, 20, 20, 20)
    assert (last.checkpoint.size, last.checkpoint.root) == (20, last.root)
    one = await verified(auditor, "door/a")
    assert (one.sound, one.checked, one.checkpoint.size) == (True, 10, 20)


async def test_a_rewritten_chain_is_located_in_the_whole_and_in_its_stream(
    database: Database, proving: Service, notary: Notary, kept: Path
) -> None:
    await signed(database, kept, 20)
    assert notary.seen.refusing is None
    forged = "UPDATE muster.event SET hash = sha256(hash) WHERE position = 7"
    await tamper(database.owner_dsn, forged)
    auditor = await proving.client("auditor")
    last = await verified(auditor)
    assert not last.sound
    found = {(flaw.field, flaw.position, flaw.stream, flaw.version) for flaw in last.flaws}
    assert {("content", 7, "door/a", 4), ("leaf", 7, "door/a", 4)} <= found
    assert last.flaws[0].position == 7
    stream = await verified(auditor, "door/a")
    assert ("leaf", 7) in {(flaw.field, flaw.position) for flaw in stream.flaws}
    untouched = await verified(auditor, "door/b")
    assert untouched.sound


@pytest.mark.usefixtures("notary")
async def test_a_forged_checkpoint_is_found(
    database: Database, proving: Service, kept: Path
) -> None:
    await signed(database, kept, 4)
    archive = archive_of(kept)
    forged = (archive.checkpoint() or "").replace("\n4\n", "\n3\n")
    (archive.place / "checkpoint").write_text(forged)
    last = await verified(await proving.client("auditor"))
    assert "checkpoint" in {flaw.field for flaw in last.flaws}


async def test_what_an_auditor_finds_twice_closes_the_gate_until_it_is_acknowledged(
    database: Database, proving: Service, kept: Path
) -> None:
    async with notarising(database.dsn, kept):
        await signed(database, kept, 20)
    await tamper(database.owner_dsn, CHANGED)
    auditor, administrator = await proving.client("auditor"), await proving.client("administrator")
    assert await health(proving.address, PROOF) == SERVING
    last = await verified(auditor)
    assert (last.divergence.flaw.field, last.divergence.flaw.position) == ("content", 5)
    assert last.divergence.found_by == "auditor"
    operator = await proving.client("operator")
    error = await why(operator.incidents.ReportAlarm(alarm()))
    assert error.reason in {"LOG_DIVERGED", "PLAN_UNKNOWN"}
    answer = await auditor.audit.ListCheckpoints(audit.ListCheckpointsRequest())
    assert answer.divergence.divergence == last.divergence.divergence
    assert await becomes(proving.address, PROOF, NOT_SERVING)
    async with notarising(database.dsn, kept) as notary:
        await administrator.audit.AcknowledgeDivergence(
            audit.AcknowledgeDivergenceRequest(
                context=context(reason="a repair that went wrong"),
                divergence=last.divergence.divergence,
            )
        )
        await until(lambda: notary.seen.size == 21)
        known = await verified(auditor)
        assert (known.sound, known.HasField("divergence")) == (False, False)
        one = await verified(auditor, "door/a")
        assert (one.sound, one.HasField("divergence")) == (False, False)
    assert await becomes(proving.address, PROOF, SERVING)


async def test_a_flaw_in_one_stream_closes_the_gate_too(
    database: Database, proving: Service, kept: Path
) -> None:
    async with notarising(database.dsn, kept):
        await signed(database, kept, 20)
    await tamper(database.owner_dsn, CHANGED)
    auditor = await proving.client("auditor")
    assert (await verified(auditor, "door/b")).sound
    assert (await verified(auditor, "door/a")).divergence.flaw.position == 5
    _, what = await refused_because(database.dsn)
    assert what.doubt == "content"


async def test_a_service_that_sees_the_folder_of_another_log_says_so_and_stops_nothing(
    database: Database, proving: Service, kept: Path
) -> None:
    async with notarising(database.dsn, kept):
        await signed(database, kept, 4)
    other = Signer("other.example/log", bytes(range(1, 33)))
    place = kept / "2"
    shutil.copytree(kept / "1", place)
    note = Checkpoint(other.name, 4, bytes(32)).signed(other).whole
    (place / "checkpoint").write_text(note)
    (place / "log.vkey").write_text(f"{other.verifier.vkey}\n")
    last = await verified(await proving.client("auditor"))
    assert ({flaw.field for flaw in last.flaws}, last.HasField("divergence")) == ({"root"}, False)
    log = await Log.open(database.dsn)
    assert isinstance(await log.append("door/c", 0, events(1)), Appended)
    await log.close()


async def test_a_gate_that_an_auditor_had_closed_opens_upon_a_log_compared_anew(
    database: Database, proving: Service, notary: Notary, kept: Path
) -> None:
    await signed(database, kept, 20)
    log = await Log.open(database.dsn)
    await tamper(database.owner_dsn, *writing(rewritten(await whole(log), 7)))
    divergence = (await verified(await proving.client("auditor"))).divergence
    assert divergence.flaw.field == "leaf"
    await acknowledge(database.dsn, divergence.divergence, "a test")
    await until(lambda: notary.seen.size == 21 and archive_of(kept).lineage == 2)
    assert (await verified(await proving.client("auditor"))).sound
    await log.close()


async def test_a_log_that_diverged_takes_no_command_until_an_administrator_acknowledges(
    database: Database, proving: Service, notary: Notary, kept: Path
) -> None:
    await publish(proving)
    first = await opened(proving)
    await signed_up_to(kept, first.position)
    await tamper(database.owner_dsn, CUT)
    divergence, _ = await refused_because(database.dsn)
    operator = await proving.client("operator")
    error = await why(operator.incidents.ReportAlarm(alarm()))
    assert (error.reason, error.code) == ("LOG_DIVERGED", grpc.StatusCode.FAILED_PRECONDITION)
    auditor, administrator = await proving.client("auditor"), await proving.client("administrator")
    standing = (await auditor.audit.ListCheckpoints(audit.ListCheckpointsRequest())).divergence
    assert (standing.divergence, standing.flaw.field) == (divergence, "end")
    request = audit.AcknowledgeDivergenceRequest(context=context(), divergence=divergence)
    error = await why(administrator.audit.AcknowledgeDivergence(request))
    assert error.reason == "REASON_REQUIRED"
    request.context.MergeFrom(context(reason="the disk was replaced"))
    receipt = await administrator.audit.AcknowledgeDivergence(request)
    assert (receipt.stream, list(receipt.kinds)) == (
        f"log/{divergence}", ["DivergenceAcknowledged"],
    )  # fmt: skip
    again = await opened(proving)
    await until(lambda: notary.seen.size >= again.position)
    assert (await verified(auditor)).sound
    answer = await auditor.audit.ListCheckpoints(audit.ListCheckpointsRequest())
    assert not answer.HasField("divergence")
    assert [one.lineage for one in answer.checkpoints][-1] == 1
    assert answer.checkpoints[0].origin == f"{SIGNER.name}/2"


async def test_a_log_without_a_notary_is_verified_as_a_chain(
    database: Database, proving: Service
) -> None:
    log = await Log.open(database.dsn)
    await log.append("door/a", 0, events(3))
    await log.close()
    auditor = await proving.client("auditor")
    last = await verified(auditor)
    assert (last.sound, last.checked, last.HasField("checkpoint")) == (True, 3, False)
    await execute(
        database.owner_dsn,
        "ALTER TABLE muster.event DISABLE TRIGGER never_changed",
        "UPDATE muster.event SET meta = '{}' WHERE position = 2",
    )
    broken = await verified(auditor)
    assert [(flaw.field, flaw.position) for flaw in broken.flaws] == [("content", 2)]


async def becomes(address: str, name: str, status: int) -> bool:
    """Wait until the health service says so."""
    async with asyncio.timeout(PATIENCE_S):
        while await health(address, name) != status:
            await asyncio.sleep(0.1)
    return True
