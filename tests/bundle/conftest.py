"""One real case, exported once: by the service, from a log that the notary signs as it grows."""

from __future__ import annotations

import asyncio
import hashlib
import json
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
import pytest
from google.protobuf.duration_pb2 import Duration
from muster.v1 import (
    audit_service_pb2,
    common_pb2,
    incident_commands_pb2,
    privacy_service_pb2,
    resource_service_pb2,
)

from eventstore.notary.notary import Notary
from eventstore.proofs.proofs import Proofs
from eventstore.tlog.note import Note, Signer
from services.client.client import context
from services.runtime.settings.settings import Notary as NotarySettings
from services.runtime.settings.settings import Settings, Witness
from tests.api.conftest import VENUE, ZONE, Service, impose, opened, publish, running, settings_of
from tests.bundle.mutations import remade
from tests.bundle.verifiers import read
from tests.conftest import Database, execute

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.bundle.verifiers import Files
    from tests.postgres import Cluster

PATIENCE_S = 20.0
LOG = Signer("bundles.test/log", bytes(range(32)))
WITNESS = Signer("witness.test", bytes(range(64, 96)))


@dataclass
class World:
    """A service, its log, its notary, and a witness."""

    service: Service
    database: Database
    settings: Settings
    proofs: Proofs

    async def signed(self, position: int) -> str:
        """Wait for a checkpoint over a position, and return it."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                latest = await self.proofs.latest()
                if latest is not None and latest.size >= position:
                    return latest.note
                await asyncio.sleep(0.02)


@dataclass
class Case:
    """A case, and what was exported of it."""

    world: World
    incident: str
    files: Files
    kept: str
    """A checkpoint that an auditor kept while the incident went on."""

    @cached_property
    def lean(self) -> Files:
        """Return the bundle without earlier checkpoints, which take time to verify."""
        left_out = ("checkpoints/", "timestamps/", "consistency.json")
        kept = {path: one for path, one in self.files.items() if not path.startswith(left_out)}
        size = json.loads(self.files["manifest.json"])["checkpoint"]
        proofs = json.dumps({"size": size, "proofs": []}).encode()
        return remade({**kept, "consistency.json": proofs})


@pytest.fixture(scope="package")
async def world(
    postgres: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """Run the service with a notary that signs at once, and a witness who cosigns."""
    database = Database(postgres, f"test_{uuid4().hex}")
    await execute(postgres.dsn(), f"CREATE DATABASE {database.name} TEMPLATE {template}")
    folder = tmp_path_factory.mktemp("world")
    witness = Witness(url="https://witness.test", key=WITNESS.cosigner.vkey)
    notary = NotarySettings(folder=folder / "notary", witnesses=(witness,))
    settings = settings_of(database, folder).model_copy(update={"notary": notary})
    async with AsyncExitStack() as held:
        proofs = await Proofs.open(database.dsn)
        held.push_async_callback(proofs.close)
        signing = Notary(database.dsn, notary.folder, LOG, proofs, pause_s=1.0)
        await held.enter_async_context(_beside(signing.run()))
        await held.enter_async_context(_beside(_cosign(database)))
        service = await held.enter_async_context(running(settings))
        await publish(service)
        yield World(service, database, settings, proofs)
    await execute(postgres.dsn(), f"DROP DATABASE {database.name} WITH (FORCE)")


@pytest.fixture(scope="package")
async def case(world: World, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Live through an emergency, among others, and export it."""
    service = world.service
    logistics = await service.client("logistics")
    for name in ("a1", "b1"):
        await logistics.resources.RegisterUnit(_unit(name))
    other, incident = await _in_response(service), await _in_response(service)
    for mine in (other, incident):
        await _send(service, mine, "a1")
    commander = await service.client("commander")
    for number in range(40):
        where = other if number % 4 == 0 else incident
        receipt = await commander.incidents.ImposeMeasure(impose(where, f"measure-{number}"))
    kept = await world.signed(receipt.position)
    await _record_people(service, incident)
    folder = await exported(world, incident, tmp_path_factory.mktemp("case"), kept)
    return Case(world, incident, read(folder), kept)


@pytest.fixture
def files(case: Case) -> Files:
    """Give a test a bundle to change as it likes."""
    return dict(case.files)


async def exported(world: World, incident: str, folder: Path, *kept: str, **asked: Any) -> Path:
    """Export a case into a folder."""
    request = audit_service_pb2.ExportCaseRequest(
        context=context(reason="district court, file 12", **asked),
        incident_id=incident,
        known_sizes=[int(note.splitlines()[1]) for note in kept],
    )
    return await received(world, request, folder)


async def received(
    world: World, request: audit_service_pb2.ExportCaseRequest, folder: Path
) -> Path:
    """Ask for an export, and write what is sent into a folder."""
    auditor = await world.service.client("auditor")
    async for step in auditor.audit.ExportCase(request):
        file = folder / step.path
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("ab") as writing:
            writing.write(step.content)
    return folder


async def _in_response(service: Service) -> str:
    incident = (await opened(service)).incident_id
    operator = await service.client("operator")
    await operator.incidents.ActivateResponse(
        incident_commands_pb2.ActivateResponseRequest(
            context=context(),
            incident_id=incident,
            level=common_pb2.RESPONSE_LEVEL_III,
            matters="拥挤 😀",
            expected_duration=Duration(seconds=3_600),
        )
    )
    return incident


async def _send(service: Service, incident: str, unit: str) -> None:
    """Send a unit to an incident, and give it back."""
    operator = await service.client("operator")
    await operator.incidents.RequestResource(
        incident_commands_pb2.RequestResourceRequest(
            context=context(),
            incident_id=incident,
            request="r1",
            resource_kind="ambulance",
            zone=ZONE,
            arrive_within=Duration(seconds=600),
        )
    )
    await operator.incidents.DispatchUnit(
        incident_commands_pb2.DispatchUnitRequest(
            context=context(), incident_id=incident, request="r1", unit=unit
        )
    )
    await _given_back(service, incident, unit)


async def _given_back(service: Service, incident: str, unit: str) -> None:
    """Do what the hands do once an incident releases a unit."""
    from domain.decider import CommandEnvelope  # noqa: PLC0415 - only here
    from domain.resource.unit import UNITS, ReleaseReservation  # noqa: PLC0415 - as above
    from domain.values import HANDS  # noqa: PLC0415 - as above
    from eventstore.log.log import Log  # noqa: PLC0415 - as above
    from eventstore.recorder.recorder import Recorder  # noqa: PLC0415 - as above
    from tests.eventstore.samples import NOON  # noqa: PLC0415 - as above

    log = await Log.open(service.settings.database.dsn.get_secret_value())
    try:
        recorder = Recorder(log, UNITS, clock=lambda: NOON)
        ask = ReleaseReservation(incident=incident, request="r1")
        await recorder.record(unit, CommandEnvelope(ask, uuid4(), HANDS))
    finally:
        await log.close()


async def _record_people(service: Service, incident: str) -> None:
    """Put two people on file, and erase what is known of one."""
    operator = await service.client("operator")
    for person in ("casualty-1", "casualty-2"):
        await operator.incidents.RecordPerson(
            incident_commands_pb2.RecordPersonRequest(
                context=context(),
                incident_id=incident,
                person=person,
                concern=incident_commands_pb2.PERSON_CONCERN_CASUALTY,
                name=f"李雷 {person}",
                particulars="broken arm",
            )
        )
    administrator = await service.client("administrator")
    await administrator.privacy.ErasePersonalData(
        privacy_service_pb2.ErasePersonalDataRequest(
            context=context(reason="asked by the person"),
            incident_id=incident,
            person="casualty-1",
            basis=privacy_service_pb2.LEGAL_BASIS_CONSENT_WITHDRAWN,
        )
    )


def _unit(name: str) -> resource_service_pb2.RegisterUnitRequest:
    title = common_pb2.Text(zh="急救车", en="Ambulance")
    return resource_service_pb2.RegisterUnitRequest(
        context=context(), unit=name, title=title, resource_kind="ambulance", venue=VENUE
    )


async def _cosign(database: Database) -> None:
    """Cosign each new checkpoint, and say of one when it was there, as others would over HTTP.

    The token is not one that a timestamp authority made: it holds the digest, as those do.
    """
    connection = await asyncpg.connect(database.owner_dsn)
    try:
        while True:
            rows = await connection.fetch(
                "SELECT size, note FROM muster.checkpoint WHERE note NOT LIKE $1",
                f"%{WITNESS.name}%",
            )
            for row in rows:
                note = Note.parse(row["note"])
                cosigned = note.with_signatures([WITNESS.cosign(note.text, 1_777_617_000)]).whole
                token = b"0\x82" + hashlib.sha256(cosigned.encode()).digest()
                await connection.execute(
                    "UPDATE muster.checkpoint SET note = $2, stamped = $3, stamp_of = $2"
                    " WHERE size = $1",
                    row["size"],
                    cosigned,
                    token,
                )
            await asyncio.sleep(0.05)
    finally:
        await connection.close()


@asynccontextmanager
async def _beside(work: Any) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        if task.done():
            task.result()  # it should have gone on for ever
        task.cancel()  # in the middle of whatever it does
        await asyncio.gather(task, return_exceptions=True)
