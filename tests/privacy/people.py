"""People on file, what is said of them, and who asks for it or orders it erased."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from muster.v1 import (
    common_pb2,
    incident_commands_pb2,
    privacy_service_pb2,
    resource_service_pb2,
)

from domain.decider import CommandEnvelope
from domain.incident.decider import INCIDENTS
from domain.privacy import ErasePersonalData, LegalBasis
from domain.values import Actor, Role
from eventstore.log.log import Log
from eventstore.postgres.connection import connect_pool
from eventstore.privacy.erasure import Eraser
from eventstore.queries.plans import PlanLibrary
from eventstore.recorder.recorder import Receipt, Recorder
from services.client.client import context

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.log.events import StoredEvent
    from services.client.client import Client
    from tests.conftest import Database


NAME = "张伟-Zhang Wei"


PHONE = "+86-138-0000-1234"


STATEMENT = "我看到扶梯突然停了 and people fell"


MAIL = "zhang.wei@people.test"


WHY = "The response is over"


LIVING = "SELECT count(*) FROM muster_vault.key WHERE wrapped IS NOT NULL"


COURT = "The district court"


PATIENCE_S = 10.0


ADMINISTRATOR = Actor("administrator", frozenset({Role.ADMINISTRATOR}))


def person(incident: str, name: str = "witness-1", **changes: Any) -> Any:
    fields = {"name": NAME, "contact": PHONE, "particulars": STATEMENT} | changes
    return incident_commands_pb2.RecordPersonRequest(
        context=context(),
        incident_id=incident,
        person=name,
        concern=incident_commands_pb2.PERSON_CONCERN_WITNESS,
        **fields,
    )


def contact(name: str = "guidance-lead") -> resource_service_pb2.RegisterContactRequest:
    channel = resource_service_pb2.Channel(kind=common_pb2.CHANNEL_KIND_MAIL, address=MAIL)
    return resource_service_pb2.RegisterContactRequest(
        context=context(), person=name, name=NAME, channels=[channel]
    )


def erasing(
    person: str | None = "witness-1", incident: str = "", **changes: Any
) -> privacy_service_pb2.ErasePersonalDataRequest:
    fields: dict[str, Any] = {
        "context": context(reason=WHY),
        "basis": privacy_service_pb2.LEGAL_BASIS_PURPOSE_ACHIEVED,
        "incident_id": incident,
        "person": person,
    }
    return privacy_service_pb2.ErasePersonalDataRequest(**(fields | changes))


def holding(incident: str, person: str | None = None) -> privacy_service_pb2.PlaceLegalHoldRequest:
    return privacy_service_pb2.PlaceLegalHoldRequest(
        context=context(reason="Case 7"),
        incident_id=incident,
        hold="case-7",
        person=person,
        authority=COURT,
    )


async def disclosed(
    client: Client, person: str = "witness-1", incident: str = ""
) -> privacy_service_pb2.DisclosePersonalDataResponse:
    request = privacy_service_pb2.DisclosePersonalDataRequest(
        context=context(reason="the hospital asks"), incident_id=incident, person=person
    )
    return await client.privacy.DisclosePersonalData(request)


async def events(log: Log) -> Sequence[StoredEvent]:
    return await log.read(0, limit=1_000)


async def living(database: Database) -> int:
    pool = await connect_pool(database.dsn, size=1)
    try:
        return int(await pool.fetchval(LIVING))
    finally:
        await pool.close()


async def ordered(log: Log, incident: str) -> None:
    """Record the order to erase, and then be killed before any key is destroyed."""
    library = PlanLibrary(log)
    incidents = Recorder(log, INCIDENTS, clock=now, surroundings=library.surroundings)
    command = ErasePersonalData(person="witness-1", basis=LegalBasis.PURPOSE_ACHIEVED)
    asked = CommandEnvelope(command, uuid4(), ADMINISTRATOR, reason=WHY)
    assert isinstance(await incidents.record(incident, asked), Receipt)


async def obeyed(database: Database, log: Log) -> None:
    """Let the eraser follow the log until it has come to its end."""
    eraser = await Eraser.open(database.dsn, log)
    following = asyncio.create_task(eraser.run())
    try:
        async with asyncio.timeout(PATIENCE_S):
            while await living(database):
                await asyncio.sleep(0.02)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await eraser.close()


def now() -> datetime:
    return datetime.now(UTC)
