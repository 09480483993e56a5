"""Personal data: sealed for one person of one place, disclosed, held, erased for good."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import grpc
import pytest
from muster.v1 import (
    audit_service_pb2,
    common_pb2,
    incident_commands_pb2,
    incident_service_pb2,
    privacy_service_pb2,
    resource_service_pb2,
)

from domain.aggregate import Asked
from domain.incident.decider import INCIDENTS
from domain.privacy import ErasePersonalData, LegalBasis, key_of
from domain.values import Actor, Role
from eventstore.connecting import connect_pool
from eventstore.erasure import OBEYED, Eraser
from eventstore.log import Log
from eventstore.plans import PlanLibrary
from eventstore.recorder import Receipt, Recorder
from eventstore.vault import Vault
from services.cli.timeline import lines
from services.client import context
from tests.api.conftest import opened
from tests.api.errors import refused
from tests.conftest import execute

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from eventstore.events import StoredEvent
    from services.client import Client
    from tests.api.conftest import Service
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


@pytest.fixture
async def log(database: Database) -> AsyncIterator[Log]:
    found = await Log.open(database.dsn)
    yield found
    await found.close()


@pytest.fixture
async def administrator(service: Service) -> Client:
    return await service.client("administrator")


@pytest.fixture
async def operator(service: Service) -> Client:
    return await service.client("operator")


@pytest.fixture
async def incident(service: Service, operator: Client) -> str:
    """Return an incident that has a witness on file."""
    found = (await opened(service)).incident_id
    await operator.incidents.RecordPerson(person(found))
    return found


async def events(log: Log) -> Sequence[StoredEvent]:
    return await log.read(0, limit=1_000)


async def test_what_was_said_of_a_person_is_disclosed_and_stands_nowhere_in_the_log(
    incident: str, operator: Client, log: Log
) -> None:
    found = await disclosed(operator, incident=incident)
    assert (found.name, list(found.contacts), found.particulars) == (NAME, [PHONE], STATEMENT)
    assert found.concern == incident_commands_pb2.PERSON_CONCERN_WITNESS
    stored = "\n".join(event.data + event.meta for event in await events(log))
    assert '"command":{"kind":"RecordPerson"' in stored, "the copy of the command is there"
    spelled = json.dumps([NAME, PHONE, STATEMENT]) + NAME + PHONE + STATEMENT
    assert not [part for part in spelled.split('"') if len(part) > 4 and part in stored]


@pytest.mark.usefixtures("incident")
async def test_each_incident_and_the_directory_seal_a_person_with_keys_of_their_own(
    service: Service, operator: Client, log: Log
) -> None:
    other = (await opened(service)).incident_id
    await operator.incidents.RecordPerson(person(other))
    await (await service.client("planner")).resources.RegisterContact(contact("witness-1"))
    sealed = [
        json.loads(event.data)["name"]
        for event in await events(log)
        if event.type in {"PersonRecorded", "ContactRegistered"}
    ]
    assert len({key_of(text) for text in sealed}) == len(sealed) == 3


async def test_a_person_in_a_batch_is_sealed_and_recorded_in_its_turn(
    incident: str, operator: Client, log: Log
) -> None:
    commands = [person(incident, f"witness-{number}") for number in (2, 3, 4)]
    request = incident_service_pb2.SubmitRequest(
        commands=[incident_service_pb2.Command(record_person=one) for one in commands]
    )
    answers = (await operator.incidents.Submit(request)).answers
    assert [one.receipt.version for one in answers] == sorted(
        one.receipt.version for one in answers
    )
    stored = "".join(event.data + event.meta for event in await events(log))
    assert PHONE not in stored


async def test_erasing_destroys_what_can_be_read_and_nothing_that_is_proven(
    service: Service, incident: str, operator: Client, administrator: Client, log: Log
) -> None:
    other = (await opened(service)).incident_id
    await operator.incidents.RecordPerson(person(other))
    before = {event.position: event.hash for event in await events(log)}
    receipt = await administrator.privacy.ErasePersonalData(erasing(incident=incident))
    assert list(receipt.kinds) == ["PersonalDataErased"]

    found = await disclosed(operator, incident=incident)
    assert not found.HasField("name")
    assert not found.contacts
    assert (found.erasure.position, found.erasure.erased_by) == (receipt.position, "administrator")
    assert found.erasure.basis == privacy_service_pb2.LEGAL_BASIS_PURPOSE_ACHIEVED
    assert (await disclosed(operator, incident=other)).name == NAME, "another case, another key"

    after = await events(log)
    assert {event.position: event.hash for event in after} | before == {
        event.position: event.hash for event in after
    }
    auditor = await service.client("auditor")
    steps = auditor.audit.Verify(audit_service_pb2.VerifyRequest())
    last = [step async for step in steps][-1]
    assert (last.done, last.sound) == (True, True)


async def test_what_erases_says_nothing_personal(
    incident: str, administrator: Client, log: Log
) -> None:
    await administrator.privacy.ErasePersonalData(erasing(incident=incident))
    (order,) = [event for event in await events(log) if event.type == "PersonalDataErased"]
    assert json.loads(order.data).keys() == {"person", "keys", "basis"}
    command = json.loads(order.meta)["command"]
    assert command == {
        "kind": "ErasePersonalData",
        "person": "witness-1",
        "basis": "purpose_achieved",
    }


async def test_who_is_on_file_and_what_is_held_is_known_of_the_incident(
    incident: str, operator: Client, administrator: Client
) -> None:
    await administrator.privacy.PlaceLegalHold(holding(incident, "witness-1"))
    asked = incident_service_pb2.GetIncidentRequest(incident_id=incident)
    found = await operator.incidents.GetIncident(asked)
    witness = incident_commands_pb2.PERSON_CONCERN_WITNESS
    assert dict(found.people) == {"witness-1": witness}
    assert [(name, one.authority, one.person) for name, one in found.legal_holds.items()] == [
        ("case-7", COURT, "witness-1")
    ]
    assert NAME not in str(found)
    assert "sealed:" not in str(found)


async def test_a_hold_is_respected_and_says_who_holds_since_when_and_nothing_personal(
    incident: str, administrator: Client, operator: Client
) -> None:
    await administrator.privacy.PlaceLegalHold(holding(incident))
    async with refused() as told:
        await administrator.privacy.ErasePersonalData(erasing(incident=incident))
    assert (told.code, told.reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "LEGAL_HOLD_IN_FORCE",
    )
    assert told.metadata.keys() == {"hold", "authority", "placed_by", "since"}
    assert (told.metadata["authority"], told.metadata["placed_by"]) == (COURT, "administrator")
    assert (await disclosed(operator, incident=incident)).name == NAME
    lift = privacy_service_pb2.LiftLegalHoldRequest(
        context=context(reason="Judged"), incident_id=incident, hold="case-7"
    )
    await administrator.privacy.LiftLegalHold(lift)
    await administrator.privacy.ErasePersonalData(erasing(incident=incident))
    assert (await disclosed(operator, incident=incident)).HasField("erasure")


@pytest.mark.usefixtures("views")
async def test_a_contact_is_erased_from_the_directory_and_from_its_view(
    service: Service, administrator: Client, operator: Client
) -> None:
    planner = await service.client("planner")
    await planner.resources.RegisterContact(contact())
    assert list((await disclosed(operator, "guidance-lead")).contacts) == [MAIL]
    await administrator.privacy.ErasePersonalData(erasing("guidance-lead"))
    assert (await disclosed(operator, "guidance-lead")).HasField("erasure")
    async with asyncio.timeout(PATIENCE_S):
        while (
            await planner.resources.ListContacts(resource_service_pb2.ListContactsRequest())
        ).contacts:
            await asyncio.sleep(0.05)


async def test_everybody_of_an_incident_is_erased_at_once(
    incident: str, operator: Client, administrator: Client, database: Database
) -> None:
    await operator.incidents.RecordPerson(person(incident, "witness-2"))
    receipt = await administrator.privacy.ErasePersonalData(erasing(None, incident))
    assert list(receipt.kinds) == ["PersonalDataErased"] * 2
    assert await living(database) == 0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"context": context()}, "REASON_REQUIRED"),
        ({"context": context(reason=WHY), "person": "nobody"}, "PERSONAL_DATA_UNKNOWN"),
        ({"context": context(reason=WHY), "person": "Nobody At All"}, "FIELD_INVALID"),
        ({"context": context(reason=WHY), "basis": 0}, "FIELD_INVALID"),
        ({"context": context(reason=WHY), "basis": 1}, "PHASE_NOT_REACHED"),
        ({"context": context(reason=WHY), "incident_id": "no uuid"}, "FIELD_INVALID"),
        ({"context": context(reason=WHY), "incident_id": "", "person": None}, "FIELD_INVALID"),
        ({"context": common_pb2.CommandContext(reason=WHY)}, "COMMAND_ID_REQUIRED"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
async def test_what_can_not_be_erased_is_refused_with_a_reason(
    incident: str, administrator: Client, operator: Client, changes: dict[str, Any], reason: str
) -> None:
    async with refused() as told:
        await administrator.privacy.ErasePersonalData(erasing(incident=incident, **changes))
    assert told.reason == reason
    assert (await disclosed(operator, incident=incident)).name == NAME


@pytest.mark.parametrize("name", ["", "Zhang Wei", "a" * 65, "../x"])
async def test_whose_data_it_is_must_be_a_name_of_a_file(
    incident: str, operator: Client, name: str, database: Database
) -> None:
    kept = await living(database)
    async with refused() as told:
        await operator.incidents.RecordPerson(person(incident, name))
    assert list(told.fields) == ["person"]
    assert await living(database) == kept, "no key is made for what is refused"


async def test_validating_an_erasure_erases_nothing(
    incident: str, administrator: Client, operator: Client
) -> None:
    asked = erasing(incident=incident, context=context(reason=WHY, validate_only=True))
    assert list((await administrator.privacy.ErasePersonalData(asked)).kinds)
    assert (await disclosed(operator, incident=incident)).name == NAME


async def test_the_same_order_twice_is_answered_alike(incident: str, administrator: Client) -> None:
    order = erasing(incident=incident)
    first = await administrator.privacy.ErasePersonalData(order)
    second = await administrator.privacy.ErasePersonalData(order)
    assert (first.version, second.version, second.duplicate) == (
        second.version,
        first.version,
        True,
    )


async def test_who_was_erased_may_be_put_on_file_again(
    incident: str, administrator: Client, operator: Client
) -> None:
    await administrator.privacy.ErasePersonalData(erasing(incident=incident))
    await operator.incidents.RecordPerson(person(incident, particulars="A new statement"))
    assert (await disclosed(operator, incident=incident)).particulars == "A new statement"


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_timeline_shows_a_tombstone_where_somebody_s_data_stood(
    incident: str, administrator: Client, log: Log, language: str
) -> None:
    pages = [page async for page in log.read_stream(f"incident/{incident}")]
    before = [line.what for page in pages for line in lines(page, language)]
    await administrator.privacy.ErasePersonalData(erasing(incident=incident))
    told = [event async for page in log.read_stream(f"incident/{incident}") for event in page]
    after = [line.what for line in lines(told, language)]
    law = {"zh": "《个人信息保护法》第四十七条第一项", "en": "PIPL art. 47 (1)"}[language]
    (recorded,) = [
        (was, now) for was, now in zip(before, after, strict=False) if "witness-1" in was
    ]
    assert law not in recorded[0]
    assert law in recorded[1]
    assert recorded[1].startswith(recorded[0])
    assert f"{told[-1].recorded_at.astimezone():%Y-%m-%d %H:%M:%S}" in recorded[1]
    assert law in after[-1]


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
    asked = Asked(command, uuid4(), ADMINISTRATOR, reason=WHY)
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


async def test_an_order_that_a_crash_cut_short_is_carried_out_by_the_follower(
    incident: str, operator: Client, database: Database, log: Log
) -> None:
    await ordered(log, incident)
    assert await living(database) == 1, "killed between the order and the key"
    await obeyed(database, log)
    assert (await disclosed(operator, incident=incident)).HasField("erasure")


async def test_what_was_remembered_of_an_incident_is_forgotten_with_the_key(
    incident: str, administrator: Client, database: Database, log: Log
) -> None:
    keep = """INSERT INTO muster.snapshot (stream, version, fold, hash, state, digest)
        VALUES ('incident/{}', 1, 'fold', sha256(''), 'sealed:v1:…', sha256(''))"""
    other = "00000000-0000-4000-8000-000000000000"
    await execute(database.owner_dsn, keep.format(incident), keep.format(other))
    await administrator.privacy.ErasePersonalData(erasing(incident=incident))
    pool = await connect_pool(database.dsn, size=1)
    eraser = await Eraser.open(database.dsn, log)
    following = asyncio.create_task(eraser.run())
    async with asyncio.timeout(PATIENCE_S):
        while await pool.fetchval(OBEYED) < await log.head():
            await asyncio.sleep(0.02)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    left = [row["stream"] for row in await pool.fetch("SELECT stream FROM muster.snapshot")]
    assert left == [f"incident/{other}"]
    await eraser.close()
    await pool.close()


async def test_an_order_that_a_crash_cut_short_is_carried_out_by_asking_again(
    incident: str, administrator: Client, database: Database, log: Log
) -> None:
    await ordered(log, incident)
    receipt = await administrator.privacy.ErasePersonalData(erasing(incident=incident))
    assert list(receipt.kinds) == []
    assert await living(database) == 0


async def test_a_vault_from_before_the_order_carries_it_out_again(
    incident: str, administrator: Client, database: Database, log: Log
) -> None:
    saved = "CREATE TABLE saved AS SELECT * FROM muster_vault.key"
    await execute(database.owner_dsn, saved)
    await administrator.privacy.ErasePersonalData(erasing(incident=incident))
    await obeyed(database, log)
    back = ["TRUNCATE muster_vault.key", "INSERT INTO muster_vault.key SELECT * FROM saved"]
    await execute(database.owner_dsn, *back, "UPDATE muster_vault.obeyed SET position = 0")
    assert await living(database) == 1
    await obeyed(database, log)


async def test_a_vault_that_has_seen_a_longer_log_begins_anew(
    incident: str, database: Database, log: Log
) -> None:
    await execute(database.owner_dsn, "UPDATE muster_vault.obeyed SET position = 1000000")
    await ordered(log, incident)
    await obeyed(database, log)
    pool = await connect_pool(database.dsn, size=1)
    assert await pool.fetchval(OBEYED) == await log.head()
    await pool.close()


async def test_no_key_opens_what_was_erased(
    service: Service, incident: str, administrator: Client, database: Database, log: Log
) -> None:
    (fact,) = [event for event in await events(log) if event.type == "PersonRecorded"]
    sealed = json.loads(fact.data)["name"]
    vault = await Vault.connect(database.dsn, service.settings.vault.key_file)
    assert await vault.open(sealed) == NAME
    await administrator.privacy.ErasePersonalData(erasing(incident=incident))
    assert await vault.open(sealed) is None
    await vault.close()


async def test_who_may_act_elsewhere_only_is_told_nothing(service: Service, incident: str) -> None:
    elsewhere = await service.client("elsewhere")
    async with refused() as told:
        await disclosed(elsewhere, incident=incident)
    assert told.reason == "VENUE_NOT_PERMITTED"


def now() -> datetime:
    return datetime.now(UTC)
