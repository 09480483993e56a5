"""Units and contacts: registered, listed, sent to one place only, and never named in the log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.duration_pb2 import Duration
from muster.v1 import (
    common_pb2,
    incident_commands_pb2,
    incident_service_pb2,
    resource_service_pb2,
)

from eventstore.log.log import Log
from services.client.client import context
from tests.api.conftest import VENUE, ZONE, opened
from tests.api.errors import refused

if TYPE_CHECKING:
    from eventstore.log.events import StoredEvent
    from tests.api.conftest import Service
    from tests.conftest import Database

ADDRESS = "li.lei@example.org"
NAME = "李雷"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def unit(name: str, **changes: Any) -> resource_service_pb2.RegisterUnitRequest:
    fields: dict[str, Any] = {
        "context": context(),
        "unit": name,
        "title": common_pb2.Text(zh="急救车", en="Ambulance"),
        "resource_kind": "ambulance",
        "x": 12.5,
        "capacity": 2,
    }
    return resource_service_pb2.RegisterUnitRequest(**(fields | changes))


def contact(**changes: Any) -> resource_service_pb2.RegisterContactRequest:
    fields: dict[str, Any] = {
        "context": context(),
        "person": "guidance-lead",
        "name": NAME,
        "channels": [
            resource_service_pb2.Channel(kind=common_pb2.CHANNEL_KIND_MAIL, address=ADDRESS),
            resource_service_pb2.Channel(
                kind=common_pb2.CHANNEL_KIND_WEBHOOK,
                address="https://hooks.example.org/guidance",
                exercise=True,
            ),
        ],
    }
    return resource_service_pb2.RegisterContactRequest(**(fields | changes))


async def in_response(service: Service) -> str:
    """Open an incident that asks for an ambulance by its own request `r1`."""
    incident = (await opened(service)).incident_id
    operator = await service.client("operator")
    await operator.incidents.ActivateResponse(
        incident_commands_pb2.ActivateResponseRequest(
            context=context(),
            incident_id=incident,
            level=common_pb2.RESPONSE_LEVEL_III,
            matters="crowding",
            expected_duration=Duration(seconds=3_600),
        )
    )
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
    return incident


def dispatch(incident: str, name: str, **asked: Any) -> incident_commands_pb2.DispatchUnitRequest:
    return incident_commands_pb2.DispatchUnitRequest(
        context=context(**asked), incident_id=incident, request="r1", unit=name
    )


@pytest.mark.usefixtures("views")
async def test_units_are_listed_as_they_were_registered(service: Service) -> None:
    logistics = await service.client("logistics")
    await logistics.resources.RegisterUnit(unit("a1"))
    last = await logistics.resources.RegisterUnit(unit("b1", resource_kind="guard-team"))
    found = await logistics.resources.ListUnits(
        resource_service_pb2.ListUnitsRequest(resource_kind="ambulance", min_position=last.position)
    )
    (row,) = found.units
    assert (row.unit, row.title.zh, row.x, row.capacity) == ("a1", "急救车", 12.5, 2)
    assert row.status == resource_service_pb2.UNIT_STATUS_AVAILABLE
    assert not row.HasField("venue")


@pytest.mark.usefixtures("views")
async def test_a_unit_out_of_service_says_why(service: Service) -> None:
    logistics = await service.client("logistics")
    await logistics.resources.RegisterUnit(unit("a1"))
    out = await logistics.resources.PutUnitOutOfService(
        resource_service_pb2.PutUnitOutOfServiceRequest(
            context=context(), unit="a1", cause="flat tyre"
        )
    )
    assert list(out.kinds) == ["UnitPutOutOfService"]
    found = await logistics.resources.ListUnits(
        resource_service_pb2.ListUnitsRequest(min_position=out.position)
    )
    assert found.units[0].cause == "flat tyre"
    back = await logistics.resources.ReturnUnitToService(
        resource_service_pb2.ReturnUnitToServiceRequest(context=context(), unit="a1")
    )
    assert list(back.kinds) == ["UnitReturnedToService"]


async def test_an_unknown_or_unnamed_unit_is_refused(service: Service) -> None:
    logistics = await service.client("logistics")
    for name, reason in (("a9", "UNIT_UNKNOWN"), ("", "FIELD_INVALID"), ("A 9", "FIELD_INVALID")):
        async with refused() as told:
            await logistics.resources.ReturnUnitToService(
                resource_service_pb2.ReturnUnitToServiceRequest(context=context(), unit=name)
            )
        assert told.reason == reason


async def test_a_unit_of_one_s_choice_is_reserved_before_it_is_sent(
    service: Service, database: Database
) -> None:
    logistics, operator = await service.client("logistics"), await service.client("operator")
    await logistics.resources.RegisterUnit(unit("a1"))
    incident = await in_response(service)
    request = dispatch(incident, "a1")
    receipt = await operator.incidents.DispatchUnit(request)
    assert list(receipt.kinds) == ["UnitDispatched"]
    assert (await operator.incidents.DispatchUnit(request)).duplicate
    assert await kinds(database, "unit/a1") == ["UnitRegistered", "UnitReserved"]


async def test_what_reserves_a_unit_is_traced_with_what_sends_it(
    service: Service, database: Database
) -> None:
    logistics, operator = await service.client("logistics"), await service.client("operator")
    await logistics.resources.RegisterUnit(unit("a1"))
    request = dispatch(await in_response(service), "a1", correlation_id="drill-7", reason="near")
    await operator.incidents.DispatchUnit(request, metadata=(("traceparent", TRACE),))
    (_, reserved) = await metas(database, "unit/a1")
    assert (reserved["correlation_id"], reserved["trace"]) == ("drill-7", TRACE)
    assert (reserved["causation_id"], reserved["actor"]) == (request.context.command_id, "operator")
    assert "reason" not in reserved


async def test_two_incidents_never_send_the_same_unit(service: Service) -> None:
    logistics, operator = await service.client("logistics"), await service.client("operator")
    await logistics.resources.RegisterUnit(unit("a1"))
    first, second = await in_response(service), await in_response(service)
    await operator.incidents.DispatchUnit(dispatch(first, "a1"))
    async with refused() as told:
        await operator.incidents.DispatchUnit(dispatch(second, "a1"))
    assert told.reason == "UNIT_RESERVED_ELSEWHERE"


async def test_a_dispatch_that_is_refused_keeps_no_unit(
    service: Service, database: Database
) -> None:
    logistics, operator = await service.client("logistics"), await service.client("operator")
    await logistics.resources.RegisterUnit(unit("a1"))
    await logistics.resources.RegisterUnit(unit("a2", venue="other-mall"))
    incident = await in_response(service)
    for asked, name, reason in (
        ({"expected_version": 1}, "a1", "VERSION_STALE"),
        ({}, "a2", "UNIT_NOT_AVAILABLE"),
        ({}, "a3", "UNIT_UNKNOWN"),
    ):
        async with refused() as told:
            await operator.incidents.DispatchUnit(dispatch(incident, name, **asked))
        assert told.reason == reason
    tried = await operator.incidents.DispatchUnit(dispatch(incident, "a1", validate_only=True))
    assert list(tried.kinds) == ["UnitDispatched"]
    assert await kinds(database, "unit/a1") == ["UnitRegistered"]
    assert await kinds(database, "unit/a2") == ["UnitRegistered"]


@pytest.mark.usefixtures("views")
async def test_contacts_are_listed_without_names_and_addresses(service: Service) -> None:
    administrator = await service.client("administrator")
    await administrator.resources.RegisterContact(contact())
    found: Any = None
    while not found:
        listed = await administrator.resources.ListContacts(
            resource_service_pb2.ListContactsRequest()
        )
        found = listed.contacts
    assert [(one.kind, one.exercise) for one in found[0].channels] == [
        (common_pb2.CHANNEL_KIND_MAIL, False),
        (common_pb2.CHANNEL_KIND_WEBHOOK, True),
    ]
    assert ADDRESS not in str(found)


async def test_neither_name_nor_address_is_in_the_log(service: Service, database: Database) -> None:
    administrator = await service.client("administrator")
    request = contact()
    first = await administrator.resources.RegisterContact(request)
    again = await administrator.resources.RegisterContact(request)
    assert (again.duplicate, again.version) == (True, first.version)
    log = await Log.open(database.dsn)
    async for page in log.read_stream("person/guidance-lead"):
        for event in page:
            assert ADDRESS not in event.data + event.meta
            assert NAME not in event.data + event.meta
            assert "sealed:v2:" in event.data
    await log.close()


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        (common_pb2.CHANNEL_KIND_MAIL, "somebody"),
        (common_pb2.CHANNEL_KIND_MAIL, "a@b@c"),
        (common_pb2.CHANNEL_KIND_MAIL, "a@b.org\r\nBcc: c@d.org"),
        (common_pb2.CHANNEL_KIND_WEBHOOK, "ftp://example.org"),
        (common_pb2.CHANNEL_KIND_WEBHOOK, "https://"),
        (common_pb2.CHANNEL_KIND_WEBHOOK, "https://a..b/"),
        (common_pb2.CHANNEL_KIND_WEBHOOK, "https://somebody:secret@example.org/"),
        (common_pb2.CHANNEL_KIND_MAIL, "李@example.org"),
        (common_pb2.CHANNEL_KIND_MAIL, "x" * 3_000 + "@example.org"),
    ],
)
async def test_what_is_no_address_is_refused(
    service: Service, kind: common_pb2.ChannelKind.ValueType, address: str
) -> None:
    administrator = await service.client("administrator")
    channel = resource_service_pb2.Channel(kind=kind, address=address)
    async with refused() as told:
        await administrator.resources.RegisterContact(contact(channels=[channel]))
    assert list(told.fields) == ["channels[0].address"]


async def test_a_contact_without_a_channel_is_refused(service: Service) -> None:
    administrator = await service.client("administrator")
    async with refused() as told:
        await administrator.resources.RegisterContact(contact(channels=[]))
    assert told.reason == "FIELD_INVALID"


async def test_the_venue_of_a_unit_is_the_incident_s(service: Service) -> None:
    logistics, operator = await service.client("logistics"), await service.client("operator")
    await logistics.resources.RegisterUnit(unit("a1", venue=VENUE))
    incident = await in_response(service)
    await operator.incidents.DispatchUnit(dispatch(incident, "a1"))
    found = await operator.incidents.GetIncident(
        incident_service_pb2.GetIncidentRequest(incident_id=incident)
    )
    assert list(found.units) == ["a1"]


async def kinds(database: Database, stream: str) -> list[str]:
    return [event.type for event in await events(database, stream)]


async def metas(database: Database, stream: str) -> list[dict[str, object]]:
    return [json.loads(event.meta) for event in await events(database, stream)]


async def events(database: Database, stream: str) -> list[StoredEvent]:
    log = await Log.open(database.dsn)
    found = [event async for page in log.read_stream(stream) for event in page]
    await log.close()
    return found
