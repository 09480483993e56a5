"""A log that was altered, and went on because that was acknowledged: its bundles say so first."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from muster.v1 import audit_service_pb2 as audit

from eventstore.integrity import hash_chain
from eventstore.log.log import Log
from eventstore.proofs.proofs import Proofs
from services.client.client import context
from services.runtime.settings.settings import Notary as NotarySettings
from tests.api.conftest import opened, publish, running, settings_of
from tests.bundle.conftest import World, exported, received
from tests.bundle.mutations import lines, remade, with_events
from tests.bundle.verifiers import VERIFY, first, read, second, written
from tests.eventstore.notarising import (
    SIGNER,
    checkpoint,
    notarising,
    refused_because,
    signed_up_to,
    tamper,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from eventstore.log.events import StoredEvent
    from tests.bundle.verifiers import Files
    from tests.conftest import Database


@dataclass
class Altered:
    """A case whose alarm was altered after it was signed, exported after that was acknowledged."""

    files: Files
    again: Files
    """Exported before the alteration, and sent again after it."""
    position: int
    signed: int
    """Events that were signed before."""


@pytest.fixture
async def altered(database: Database, tmp_path: Path) -> AsyncIterator[Altered]:
    """Alter the alarm of a case, with all hashes after it, and go on."""
    folder = tmp_path / "notary"
    settings = settings_of(database, tmp_path).model_copy(
        update={"notary": NotarySettings(folder=folder)}
    )
    proofs = await Proofs.open(database.dsn)
    async with running(settings) as service:
        world = World(service, database, settings, proofs)
        await publish(service)
        incident = (await opened(service)).incident_id
        before = audit.ExportCaseRequest(
            context=context(reason="district court, file 12"), incident_id=incident
        )
        async with notarising(database.dsn, folder):
            await signed_up_to(folder, 1)
            await received(world, before, tmp_path / "before")
        signed = checkpoint(folder).size
        position = await _alter(database)
        async with notarising(database.dsn, folder):
            divergence, _ = await refused_because(database.dsn)
            administrator = await service.client("administrator")
            request = audit.AcknowledgeDivergenceRequest(
                context=context(reason="the disk was replaced"), divergence=divergence
            )
            receipt = await administrator.audit.AcknowledgeDivergence(request)
            await world.signed(receipt.position)
            after = await exported(world, incident, tmp_path / "after")
            again = await received(world, before, tmp_path / "again")
        yield Altered(read(after), read(again), position, signed)
    await proofs.close()


async def _alter(database: Database) -> int:
    """Have the alarm come from another camera, with each hash after it made anew."""
    log = await Log.open(database.dsn)
    rows = [row async for row in _all(log)]
    await log.close()
    heads: dict[str, bytes] = {}
    statements, position = [], 0
    for row in rows:
        data = row.data.replace("camera 7", "camera 8") if row.type == "AlarmReported" else row.data
        position = row.position if data != row.data else position
        changed = row._replace(data=data)
        sealed = hash_chain.event_hash(
            heads.get(row.stream, hash_chain.genesis(row.stream)), changed
        )
        heads[row.stream] = sealed
        if sealed != row.hash:
            statements.append(
                f"UPDATE muster.event SET data = '{data}', hash = '\\x{sealed.hex()}'"  # noqa: S608 - a forger's
                f" WHERE position = {row.position}"
            )
    await tamper(database.owner_dsn, *statements)
    return position


async def _all(log: Log) -> AsyncIterator[StoredEvent]:
    for row in await log.read(limit=1_000):
        yield row


def test_an_acknowledged_alteration_is_said_first(altered: Altered, tmp_path: Path) -> None:
    folder = written(altered.files, tmp_path / "case")
    for found in (first(folder), second(folder)):
        assert (found.exit, found.divergences) == (0, []), found.divergences
    facts = first(folder).said["facts"]
    (told,) = facts["acknowledged"]
    assert (facts["lineage"], facts["log"]) == (2, f"{SIGNER.name}/2")
    assert (told["position"], told["signed_size"]) == (altered.position, altered.signed)
    assert (told["doubt"], told["actor"]) == ("leaf", "administrator")
    assert (told["reason"], told["lineage"]) == ("the disk was replaced", 1)
    assert told["of_this_case"] > 0
    for language, begins in (("en", "THIS LOG WAS FOUND TO DIFFER"), ("zh", "此日志曾被发现")):
        command = [sys.executable, "-I", "-S", str(VERIFY), str(folder), "--language", language]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.stdout.startswith(begins)


def test_an_export_from_before_is_sent_again_with_what_was_acknowledged_since(
    altered: Altered, tmp_path: Path
) -> None:
    folder = written(altered.again, tmp_path / "case")
    (hash_,) = {one["field"] for one in first(folder).divergences}
    assert hash_ == "hash"  # the span ends with another hash than the one that was exported
    assert second(folder).exit == 1
    assert len(first(folder).said["facts"]["acknowledged"]) == 1


def test_the_lineage_before_can_t_be_left_out(altered: Altered, tmp_path: Path) -> None:
    folder = tmp_path / "case"
    without = {path: one for path, one in altered.files.items() if path != "lineages/1"}
    assert json.loads(without["manifest.json"])["format"] == "muster-case-bundle/2"
    (acknowledged,) = [one for one in lines(altered.files) if one["stream"].startswith("log/")]
    silent = with_events(altered.files, lambda events: events.remove(acknowledged))
    own = remade({**altered.files, "lineages/1": altered.files["checkpoint"]})
    more = remade({**altered.files, "lineages/2": altered.files["checkpoint"]})
    for forged in (remade(without), silent, own, more):
        written(forged, folder)
        assert (first(folder).exit, second(folder).exit) == (1, 1)
