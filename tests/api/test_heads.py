"""The newest version of a stream and all incidents of a venue, over gRPC and in the shell."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from muster.v1 import audit_service_pb2 as audit

from eventstore.heads.hashes import (
    Leaf,
    Opened,
    Proof,
    Space,
    key_of,
    venue_chain,
    verify_absence,
    verify_presence,
)
from eventstore.log.log import Log
from eventstore.tlog.checkpoint import Checkpoint, heads_of
from eventstore.tlog.note import Note, Signer
from tests.api.conftest import VENUE, opened, publish
from tests.api.proving import signed, verified, why
from tests.conftest import execute
from tests.eventstore.heads import second
from tests.eventstore.notarising import SIGNER, archive_of, signed_up_to
from tests.eventstore.samples import whole
from tests.services.running import Answer, muster

if TYPE_CHECKING:
    from pathlib import Path

    from tests.api.conftest import Service
    from tests.conftest import Database

AS_BEFORE = "UPDATE muster.checkpoint SET note = '{}' WHERE size = 20"


async def incidents_of(proving: Service, venue: str) -> list[audit.ListVenueIncidentsResponse]:
    auditor = await proving.client("auditor")
    request = audit.ListVenueIncidentsRequest(venue=venue)
    return [step async for step in auditor.audit.ListVenueIncidents(request)]


@pytest.mark.usefixtures("notary")
async def test_the_newest_version_of_a_stream_is_proven_as_of_each_checkpoint(
    database: Database, proving: Service, kept: Path
) -> None:
    await signed(database, kept, 20)
    log = await Log.open(database.dsn)
    rows = await whole(log)
    await log.close()
    auditor = await proving.client("auditor")
    page = await auditor.audit.ListCheckpoints(audit.ListCheckpointsRequest())
    for size in (0, *(one.size for one in page.checkpoints)):
        request = audit.GetStreamHeadRequest(stream="door/a", size=size)
        found = await auditor.audit.GetStreamHead(request)
        newest = [row for row in rows[: size or 20] if row.stream == "door/a"][-1]
        leaf = Leaf(key_of(Space.STREAM, "door/a"), newest.version, newest.hash)
        assert (found.head.number, found.head.hash) == (newest.version, newest.hash)
        assert found.head.root == heads_of(found.checkpoint.note)
        assert verify_presence(found.head.root, leaf, list(found.head.path))


@pytest.mark.usefixtures("notary")
async def test_a_stream_and_a_venue_that_are_not_there_are_proven_absent(
    database: Database, proving: Service, kept: Path
) -> None:
    await signed(database, kept, 20)
    auditor = await proving.client("auditor")
    stream = await auditor.audit.GetStreamHead(audit.GetStreamHeadRequest(stream="door/c"))
    (venue,) = await incidents_of(proving, "no\0where")
    for space, name, head in (
        ("stream", "door/c", stream.head),
        ("venue", "no\0where", venue.head),
    ):
        other = head.other
        leaf = Leaf(other.key, other.number, other.hash) if head.HasField("other") else None
        key = key_of(Space(space), name)
        assert (head.number, head.hash) == (0, b"")
        assert verify_absence(head.root, key, Proof(list(head.path), leaf))


@pytest.mark.usefixtures("notary", "views")
async def test_the_incidents_of_a_venue_are_all_there(
    database: Database, proving: Service, kept: Path
) -> None:
    await publish(proving)
    receipts = [await opened(proving) for _ in range(3)]
    await signed_up_to(kept, receipts[-1].position)
    first, *rest = await incidents_of(proving, VENUE)
    found = [
        Opened(one.position, one.stream, one.event_hash) for step in rest for one in step.incidents
    ]
    leaf = Leaf(key_of(Space.VENUE, VENUE), 3, venue_chain(VENUE, found))
    assert verify_presence(heads_of(first.checkpoint.note) or b"", leaf, list(first.head.path))
    assert [one.stream for one in found] == [one.stream for one in receipts]
    log = await Log.open(database.dsn)
    rows = await whole(log)
    await log.close()
    assert [rows[one.position - 1].hash for one in found] == [one.hash for one in found]
    assert heads_of(first.checkpoint.note) == second.root_of(rows[: first.checkpoint.size])


@pytest.mark.usefixtures("notary")
async def test_what_has_no_map_or_no_name_is_refused(
    database: Database, proving: Service, kept: Path
) -> None:
    asked = (await proving.client("auditor")).audit
    unsigned = await why(asked.GetStreamHead(audit.GetStreamHeadRequest(stream="door/a")))
    assert unsigned.reason == "NOT_SIGNED_YET"
    await signed(database, kept, 20)
    await execute(database.owner_dsn, "DELETE FROM muster.checkpoint WHERE size < 20")
    reasons = [
        (await why(asked.GetStreamHead(audit.GetStreamHeadRequest(**fields)))).reason
        for fields in (
            {"stream": "door"},
            {"stream": "door/a", "size": -1},
            {"stream": "door/a", "size": 21},
            {"stream": "door/a", "size": 3},
        )
    ]
    assert reasons == ["FIELD_INVALID", "FIELD_INVALID", "NOT_SIGNED_YET", "HEADS_NOT_SIGNED"]
    last = Checkpoint.parse(Note.parse(archive_of(kept).checkpoint() or "").text)
    plain = Checkpoint(last.origin, last.size, last.root).signed(SIGNER).whole
    await execute(database.owner_dsn, AS_BEFORE.format(plain))
    before = await why(asked.GetStreamHead(audit.GetStreamHeadRequest(stream="door/a")))
    assert before.reason == "HEADS_NOT_SIGNED"
    for venue in ("", "x" * 2_001):
        asking = asked.ListVenueIncidents(audit.ListVenueIncidentsRequest(venue=venue)).read()
        assert (await why(asking)).reason == "FIELD_INVALID"
    here = (await proving.client("here")).audit
    request = audit.GetStreamHeadRequest(stream="door/a")
    assert (await why(here.GetStreamHead(request))).reason == "VENUE_NOT_PERMITTED"


@pytest.mark.usefixtures("notary")
async def test_verifying_the_log_finds_another_map_than_that_of_the_log(
    database: Database, proving: Service, kept: Path
) -> None:
    await signed(database, kept, 20)
    auditor = await proving.client("auditor")
    assert (await verified(auditor)).sound
    last = Checkpoint.parse(Note.parse(archive_of(kept).checkpoint() or "").text)
    forged = Checkpoint(last.origin, last.size, last.root, bytes(range(32))).signed(SIGNER).whole
    archive_of(kept).keep_checkpoint(forged)
    end = await verified(auditor)
    assert (end.sound, [one.field for one in end.flaws]) == (False, ["heads"])
    assert end.flaws[0].found == (last.heads or b"").hex()


@pytest.mark.usefixtures("notary", "views")
async def test_the_command_line_proves_and_checks_what_is_newest(
    proving: Service, kept: Path, tmp_path: Path
) -> None:
    await publish(proving)
    receipt = await opened(proving)
    await signed_up_to(kept, receipt.position)
    (tmp_path / "token").write_text("auditor")
    given = {
        "MUSTER_ADDRESS": proving.address,
        "MUSTER_FOLDER": str(tmp_path / "no-stack"),
        "MUSTER_TOKEN_FILE": str(tmp_path / "token"),
    }

    async def asked(*words: str) -> Answer:
        return await asyncio.to_thread(muster, *words, given=given)

    key, stream = SIGNER.verifier.vkey, receipt.stream
    shown = await asked("proof", "head", stream, "--key", key, "--lang", "en")
    unknown = await asked("proof", "head", "incident/none", "--lang", "zh")
    listed = await asked("proof", "venue", VENUE, "--lang", "en")
    foreign = Signer(SIGNER.name, bytes(32)).verifier.vkey
    refused = await asked("proof", "head", stream, "--key", foreign)
    assert f"{stream}: version {receipt.version} is the newest" in shown.text
    assert "not known: later" in shown.text
    assert "没有此流" in unknown.out
    assert f"venue {VENUE}: 1 incidents, and these are all" in listed.text
    assert "who signed it was not checked" in listed.text
    assert (refused.code, "PROOF_NOT_SOUND" in refused.err) == (5, True)
    for words in (("head", stream), ("venue", VENUE)):
        saved = await asked("proof", *words, "-o", "json")
        (tmp_path / "proof").write_text(saved.out, encoding="utf-8")
        assert (await asked("proof", "check", str(tmp_path / "proof"), "--key", key)).code == 0
        assert second.verdicts([saved.out], key) == ["sound"]
        said = json.loads(saved.out)
        (tmp_path / "proof").write_text(json.dumps(said | {"number": said["number"] + 1}))
        assert (await asked("proof", "check", str(tmp_path / "proof"))).code == 5
    (tmp_path / "proof").write_text("{}")
    broken = await asked("proof", "check", str(tmp_path / "proof"))
    assert (broken.code, "FILE_INVALID" in broken.err) == (2, True)
    missing = await asked("proof", "check", str(tmp_path / "none"))
    assert (missing.code, "FILE_UNREADABLE" in missing.err) == (2, True)
