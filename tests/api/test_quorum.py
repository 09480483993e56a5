"""Checkpoints that lack their witnesses: not proven with; an export names who is missing."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import TYPE_CHECKING

import pytest
from muster.v1 import audit_service_pb2 as audit

from services.client.client import context
from services.runtime.settings.settings import Notary as NotarySettings
from services.runtime.settings.settings import Witness
from tests.api.conftest import opened, publish, running, settings_of
from tests.api.proving import signed, why
from tests.bundle.verifiers import ROOT
from tests.eventstore.notarising import checkpoint, notarising
from tests.services.accompanied import WITNESS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.api.conftest import Service
    from tests.conftest import Database

NOWHERE = Witness(url="http://127.0.0.1:1/", key=WITNESS.cosigner.vkey)


@pytest.fixture
async def witnessed(database: Database, tmp_path: Path, kept: Path) -> AsyncIterator[Service]:
    """Run a service whose log has a witness that is away."""
    notary = NotarySettings(folder=kept, witnesses=(NOWHERE,))
    settings = settings_of(database, tmp_path).model_copy(update={"notary": notary})
    async with running(settings) as service:
        yield service


async def test_nothing_is_proven_with_a_checkpoint_that_lacks_its_quorum(
    database: Database, witnessed: Service, kept: Path
) -> None:
    async with notarising(database.dsn, kept, counts_alone=False):
        await signed(database, kept, 4)
        auditor = await witnessed.client("auditor")
        request = audit.GetInclusionProofRequest(position=2)
        told = await why(auditor.audit.GetInclusionProof(request))
        listed = await auditor.audit.ListCheckpoints(audit.ListCheckpointsRequest())
    assert (told.reason, checkpoint(kept).size) == ("NOT_SIGNED_YET", 4)
    assert not listed.checkpoints


async def test_an_export_names_the_witnesses_that_did_not_cosign(
    database: Database, witnessed: Service, kept: Path
) -> None:
    async with notarising(database.dsn, kept):
        await publish(witnessed)
        incident = (await opened(witnessed)).incident_id
        auditor = await witnessed.client("auditor")
        request = audit.ExportCaseRequest(context=context(reason="court"), incident_id=incident)
        steps = [step async for step in auditor.audit.ExportCase(request)]
    missing = {step.path: list(step.missing_witnesses) for step in steps if step.missing_witnesses}
    assert missing == {"manifest.json": [WITNESS.name]}


async def test_the_command_line_says_it_beside_the_verdict(
    database: Database, witnessed: Service, kept: Path, tmp_path: Path
) -> None:
    async with notarising(database.dsn, kept):
        await publish(witnessed)
        to = (witnessed.address, (await opened(witnessed)).incident_id, tmp_path)
        english = await exported(*to, "--to", "one", "--lang", "en")
        chinese = await exported(*to, "--to", "two", "--lang", "zh")
        whole = await exported(*to, "--to", "three", "-o", "json")
    assert f"not cosigned by the witnesses {WITNESS.name}" in english
    assert f"以下见证未联署：{WITNESS.name}" in chinese
    assert json.loads(whole)["missing_witnesses"] == [WITNESS.name]


async def exported(address: str, incident: str, folder: Path, *options: str) -> str:
    """Run `muster export case` in a folder, as the auditor."""
    token = folder / "token"
    token.write_text("auditor")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.cli.main", "export", "case", incident),
        *("--address", address, "--token-file", str(token), *options),
        stdout=asyncio.subprocess.PIPE,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'protos'}"},
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode()
