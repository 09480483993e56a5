"""Personal data: sealed for one person of one place, disclosed, held, erased for good."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

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

from domain.privacy import key_of
from eventstore.log.log import Log
from eventstore.privacy.vault import Vault
from services.cli.incident.timeline import lines
from services.client.client import context
from tests.api.conftest import opened
from tests.api.errors import refused
from tests.privacy.people import (
    COURT,
    MAIL,
    NAME,
    PATIENCE_S,
    PHONE,
    STATEMENT,
    WHY,
    contact,
    disclosed,
    erasing,
    events,
    holding,
    living,
    person,
)

if TYPE_CHECKING:
    from services.client.client import Client
    from tests.api.conftest import Service
    from tests.conftest import Database


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
