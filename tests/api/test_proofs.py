"""Checkpoints and proofs over gRPC, and on the command line."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from typing import TYPE_CHECKING

import pytest
from muster.v1 import audit_service_pb2 as audit

from eventstore.log.log import Log
from eventstore.tlog.checkpoint import Checkpoint
from eventstore.tlog.merkle import leaf_hash, root_of, verify_consistency, verify_inclusion
from eventstore.tlog.note import Note, Verifier
from tests.api.proving import signed, why
from tests.eventstore.notarising import (
    SIGNER,
    signed_up_to,
    until,
)
from tests.eventstore.samples import events, whole
from tests.services.running import Answer, muster

if TYPE_CHECKING:
    from pathlib import Path

    from eventstore.notary.notary import Notary
    from tests.api.conftest import Service
    from tests.conftest import Database


async def test_checkpoints_are_listed_newest_first_page_by_page(
    database: Database, proving: Service, notary: Notary, kept: Path
) -> None:
    for count in (2, 4, 6):
        log = await Log.open(database.dsn)
        await log.append(f"door/{count}", 0, events(2))
        await log.close()
        await signed_up_to(kept, count)
    await until(lambda: notary.seen.size == 6)
    auditor = await proving.client("auditor")
    first = await auditor.audit.ListCheckpoints(audit.ListCheckpointsRequest(page_size=2))
    token = first.next_page_token
    rest = await auditor.audit.ListCheckpoints(audit.ListCheckpointsRequest(page_token=token))
    listed = [*first.checkpoints, *rest.checkpoints]
    assert [one.size for one in listed] == [6, 4, 2]
    assert rest.next_page_token == ""
    assert first.log_key == SIGNER.verifier.vkey
    for one in listed:
        note = Note.parse(one.note)
        assert note.signed_by(Verifier.parse(first.log_key)) is not None
        said = Checkpoint.parse(note.text)
        assert (said.origin, said.size, said.root) == (one.origin, one.size, one.root)
        assert said.heads is not None
        assert one.lineage == 1
        assert one.signed_at.seconds


async def test_nothing_is_listed_before_anything_was_signed(proving: Service) -> None:
    auditor = await proving.client("auditor")
    answer = await auditor.audit.ListCheckpoints(audit.ListCheckpointsRequest())
    assert (list(answer.checkpoints), answer.log_key) == ([], "")
    error = await why(auditor.audit.GetInclusionProof(audit.GetInclusionProofRequest()))
    assert error.reason == "NOT_SIGNED_YET"


@pytest.mark.usefixtures("notary")
async def test_an_inclusion_proof_holds_by_position_and_by_id(
    database: Database, proving: Service, kept: Path
) -> None:
    await signed(database, kept, 20)
    log = await Log.open(database.dsn)
    rows = await whole(log)
    await log.close()
    auditor = await proving.client("auditor")
    by_id = audit.GetInclusionProofRequest(event_id=str(rows[6].event_id))
    by_position = audit.GetInclusionProofRequest(position=7, size=11)
    for request, size in ((by_id, 20), (by_position, 11)):
        found = await auditor.audit.GetInclusionProof(request)
        assert (found.position, found.event_hash, found.size) == (7, rows[6].hash, size)
        assert found.root == root_of(leaf_hash(row.hash) for row in rows[:size])
        leaf = leaf_hash(rows[6].hash)
        assert verify_inclusion(leaf, 6, size, list(found.proof), found.root)
    newest = await auditor.audit.GetInclusionProof(by_id)
    assert (newest.checkpoint.size, newest.checkpoint.root) == (20, newest.root)


@pytest.mark.usefixtures("notary")
async def test_a_consistency_proof_holds(database: Database, proving: Service, kept: Path) -> None:
    await signed(database, kept, 20)
    auditor = await proving.client("auditor")
    for first, second in ((0, 20), (7, 20), (20, 20), (8, 13)):
        request = audit.GetConsistencyProofRequest(first=first, second=second)
        found = await auditor.audit.GetConsistencyProof(request)
        proof = list(found.proof)
        assert verify_consistency(first, found.first_root, second, found.second_root, proof)
    newest = await auditor.audit.GetConsistencyProof(audit.GetConsistencyProofRequest(first=3))
    assert (newest.second, newest.checkpoint.root) == (20, newest.second_root)


@pytest.mark.usefixtures("notary")
async def test_what_is_not_signed_or_is_no_place_is_refused(
    database: Database, proving: Service, kept: Path
) -> None:
    await signed(database, kept, 4)
    asked = (await proving.client("auditor")).audit
    reasons = [
        (await why(asked.GetInclusionProof(audit.GetInclusionProofRequest(**fields)))).reason
        for fields in (
            {"position": 5},
            {"position": 0},
            {"position": -1},
            {"position": 3, "size": 2},
            {"position": 3, "size": 9},
            {"position": 3, "size": -9},
            {"event_id": "no uuid"},
            {"event_id": "00000000-0000-4000-8000-000000000000"},
        )
    ]
    assert reasons == [
        "NOT_SIGNED_YET", "NOT_SIGNED_YET", "FIELD_INVALID", "NOT_SIGNED_YET",
        "NOT_SIGNED_YET", "FIELD_INVALID", "FIELD_INVALID", "EVENT_UNKNOWN",
    ]  # fmt: skip
    between = [
        (await why(asked.GetConsistencyProof(audit.GetConsistencyProofRequest(**fields)))).reason
        for fields in ({"first": 3, "second": 2}, {"first": 5}, {"first": -1}, {"second": 9})
    ]
    assert between == ["FIELD_INVALID", "FIELD_INVALID", "FIELD_INVALID", "NOT_SIGNED_YET"]
    pages = [
        (await why(asked.ListCheckpoints(audit.ListCheckpointsRequest(page_token=token)))).reason
        for token in ("x", "1.", "1.99999999999999999999999", "1.1.1")
    ]
    assert set(pages) == {"PAGE_TOKEN_INVALID"}


@pytest.mark.usefixtures("notary")
async def test_who_sees_some_venues_only_gets_no_proof_of_an_event(
    database: Database, proving: Service, kept: Path
) -> None:
    await signed(database, kept, 4)
    here = (await proving.client("here")).audit
    request = audit.GetInclusionProofRequest(position=1)
    assert (await why(here.GetInclusionProof(request))).reason == "VENUE_NOT_PERMITTED"


@pytest.mark.usefixtures("notary")
@pytest.mark.parametrize("who", ["here", "responder", "information_officer", "logistics"])
async def test_who_may_see_part_of_the_log_is_proven_that_it_only_grew(
    database: Database, proving: Service, kept: Path, who: str
) -> None:
    await signed(database, kept, 4)
    asked = (await proving.client(who)).audit
    listed = await asked.ListCheckpoints(audit.ListCheckpointsRequest(page_size=1))
    found = await asked.GetConsistencyProof(audit.GetConsistencyProofRequest(first=1))
    roots = (found.first, found.first_root, found.second, found.second_root)
    assert verify_consistency(*roots, list(found.proof))
    assert found.second_root == listed.checkpoints[0].root


@pytest.mark.usefixtures("notary")
async def test_the_command_line_proves_what_was_signed(
    database: Database, proving: Service, kept: Path, tmp_path: Path
) -> None:
    await signed(database, kept, 20)
    (tmp_path / "token").write_text("auditor")
    given = {
        "MUSTER_ADDRESS": proving.address,
        "MUSTER_FOLDER": str(tmp_path / "no-stack"),
        "MUSTER_TOKEN_FILE": str(tmp_path / "token"),
        "COLUMNS": "60",
    }

    async def asked(*words: str) -> Answer:
        return await asyncio.to_thread(muster, *words, given=given)

    shown, key = await asked("checkpoint", "show"), await asked("checkpoint", "key")
    listed = await asked("checkpoint", "list", "-o", "json")
    proof = await asked("proof", "inclusion", "7")
    grown = await asked("proof", "consistency", "3", "-o", "json")
    checked = await asked("verify", "-o", "json")
    beyond = await asked("proof", "inclusion", "21")
    verifier = Verifier.parse(key.out)
    assert Note.parse(shown.out).signed_by(verifier) is not None
    assert json.loads(listed.out)["checkpoints"][0]["size"] == "20"
    head, _, signed_root = proof.out.partition("\n\n")
    magic, index, *path = head.split("\n")
    assert (magic, index) == ("c2sp.org/tlog-proof@v1", "index 6")
    note = Note.parse(signed_root)
    assert note.signed_by(verifier) is not None
    log = await Log.open(database.dsn)
    leaf = leaf_hash((await whole(log))[6].hash)
    await log.close()
    root = Checkpoint.parse(note.text).root
    assert verify_inclusion(leaf, 6, 20, [b64decode(line) for line in path], root)
    assert json.loads(grown.out)["second"] == "20"
    assert json.loads(checked.out)["checkpoint"]["size"] == "20"
    assert beyond.code
    assert "NOT_SIGNED_YET" in beyond.err
