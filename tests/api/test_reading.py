"""What can be read: an incident, lists of them, the past, and whether it is what it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from muster.v1 import audit_service_pb2, common_pb2, incident_service_pb2

from eventstore.integrity import hash_chain
from tests.api.conftest import PLAN, PLAN_EVENTS, VENUE, impose, opened
from tests.api.errors import refused
from tests.conftest import execute

if TYPE_CHECKING:
    from services.client.client import Client
    from tests.api.conftest import Service
    from tests.conftest import Database


def listing(**fields: Any) -> incident_service_pb2.ListIncidentsRequest:
    return incident_service_pb2.ListIncidentsRequest(**fields)


def at(incident: str, **moment: Any) -> audit_service_pb2.StateAtRequest:
    return audit_service_pb2.StateAtRequest(incident_id=incident, **moment)


async def three_versions(service: Service) -> tuple[str, common_pb2.Receipt]:
    """Record two events, then one at a time: m1, m2."""
    incident = (await opened(service)).incident_id
    operator = await service.client("operator")
    first = await operator.incidents.ImposeMeasure(impose(incident, "m1"))
    await operator.incidents.ImposeMeasure(impose(incident, "m2"))
    return incident, first


async def verified(client: Client, stream: str = "") -> list[audit_service_pb2.VerifyResponse]:
    request = audit_service_pb2.VerifyRequest(stream=stream)
    return [step async for step in client.audit.Verify(request)]


@pytest.mark.usefixtures("views")
async def test_a_list_shows_what_the_caller_has_just_done(service: Service) -> None:
    receipt = await opened(service)
    operator = await service.client("operator")
    found = await operator.incidents.ListIncidents(listing(min_position=receipt.position))
    (row,) = found.incidents
    assert (row.incident_id, row.version, row.position) == (
        receipt.incident_id,
        receipt.version,
        receipt.position,
    )
    assert (row.phase, row.venue, row.plan.id) == (common_pb2.PHASE_NORMAL, VENUE, PLAN)
    assert found.position >= receipt.position


@pytest.mark.usefixtures("views")
async def test_pages_of_a_list_fit_together(service: Service) -> None:
    receipts = [await opened(service) for _ in range(7)]
    operator = await service.client("operator")
    seen: list[str] = []
    token = ""
    for expected in (3, 3, 1):
        page = await operator.incidents.ListIncidents(
            listing(
                min_position=receipts[-1].position,
                order_by="opened_at",
                page_size=3,
                page_token=token,
            )
        )
        assert len(page.incidents) == expected
        seen += [row.incident_id for row in page.incidents]
        token = page.next_page_token
    assert token == ""
    assert seen == [receipt.incident_id for receipt in receipts]


@pytest.mark.usefixtures("views")
async def test_a_list_is_filtered(service: Service) -> None:
    await opened(service)
    fire = await opened(service, hazard=common_pb2.HAZARD_KIND_FIRE)
    operator = await service.client("operator")
    for text, expected in (
        ("hazard = fire", [fire.incident_id]),
        (f'incident_id = "{fire.incident_id}" AND phase = normal', [fire.incident_id]),
        ("hazard = fire AND NOT venue = riverside-mall", []),
        ('opened_at > "2199-01-01T00:00:00Z"', []),
    ):
        found = await operator.incidents.ListIncidents(
            listing(filter=text, min_position=fire.position)
        )
        assert [row.incident_id for row in found.incidents] == expected


@pytest.mark.usefixtures("views")
@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"filter": "colour = red"}, "FILTER_INVALID"),
        ({"filter": "phase = "}, "FILTER_INVALID"),
        ({"filter": "phase = asleep"}, "FILTER_INVALID"),
        ({"filter": "venue = 'x' ; DROP TABLE event"}, "FILTER_INVALID"),
        ({"order_by": "opened_at sideways"}, "FILTER_INVALID"),
        ({"page_token": "x"}, "PAGE_TOKEN_INVALID"),
        ({"page_size": -1}, "FIELD_INVALID"),
        ({"page_size": 501}, "FIELD_INVALID"),
        ({"min_position": -1}, "FIELD_INVALID"),
    ],
)
async def test_a_list_that_can_t_be_understood_is_refused(
    service: Service, fields: dict[str, Any], reason: str
) -> None:
    operator = await service.client("operator")
    async with refused() as told:
        await operator.incidents.ListIncidents(listing(**fields))
    assert (told.code, told.reason) == (grpc.StatusCode.INVALID_ARGUMENT, reason)


async def test_a_list_that_is_behind_says_how_far_it_is(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.api.queries.incidents.VIEW_PATIENCE_S", 0.1)
    receipt = await opened(service)
    operator = await service.client("operator")
    async with refused() as told:
        await operator.incidents.ListIncidents(listing(min_position=receipt.position), timeout=5)
    assert told.reason == "VIEW_BEHIND"
    assert told.metadata == {"position": "0", "min_position": str(receipt.position)}


async def test_an_incident_is_shown_as_of_a_version(service: Service) -> None:
    incident, _ = await three_versions(service)
    auditor = await service.client("auditor")
    shown = [
        sorted((await auditor.audit.StateAt(at(incident, version=version))).measures)
        for version in range(5)
    ]
    assert shown == [[], [], [], ["m1"], ["m1", "m2"]]


async def test_an_incident_is_shown_as_of_a_place_in_the_log(service: Service) -> None:
    incident, first = await three_versions(service)
    auditor = await service.client("auditor")
    found = await auditor.audit.StateAt(at(incident, position=first.position))
    assert (sorted(found.measures), found.version) == (["m1"], 3)


async def test_an_incident_is_shown_as_of_an_instant(service: Service) -> None:
    incident, first = await three_versions(service)
    auditor = await service.client("auditor")
    pages = auditor.audit.ReadEvents(audit_service_pb2.ReadEventsRequest(incident_id=incident))
    (events,) = [page.events async for page in pages]
    moment = next(event.recorded_at for event in events if event.position == first.position)
    found = await auditor.audit.StateAt(at(incident, instant=moment))
    assert sorted(found.measures) == ["m1"]
    before = Timestamp(seconds=moment.seconds - 3_600)
    async with refused() as told:
        await auditor.audit.StateAt(at(incident, instant=before))
    assert (told.code, told.reason) == (grpc.StatusCode.OUT_OF_RANGE, "MOMENT_TOO_EARLY")


async def test_a_place_beyond_the_end_of_the_log_is_refused(service: Service) -> None:
    incident, _ = await three_versions(service)
    auditor = await service.client("auditor")
    async with refused() as told:
        await auditor.audit.StateAt(at(incident, position=10_000))
    assert (told.code, told.reason) == (grpc.StatusCode.OUT_OF_RANGE, "POSITION_UNKNOWN")
    assert told.metadata["position"] == "10000"


async def test_the_last_version_is_what_is_so_now(service: Service) -> None:
    incident, _ = await three_versions(service)
    auditor = await service.client("auditor")
    now = await auditor.audit.StateAt(at(incident))
    assert now == await auditor.audit.StateAt(at(incident, version=now.version))
    request = incident_service_pb2.GetIncidentRequest(incident_id=incident)
    assert now == await auditor.incidents.GetIncident(request)


async def test_a_version_that_never_was_is_refused(service: Service) -> None:
    incident, _ = await three_versions(service)
    auditor = await service.client("auditor")
    async with refused() as told:
        await auditor.audit.StateAt(at(incident, version=99))
    assert (told.code, told.reason) == (grpc.StatusCode.OUT_OF_RANGE, "VERSION_UNKNOWN")
    assert told.metadata == {"version": "99", "current": "4"}


async def test_an_impossible_instant_is_refused(service: Service) -> None:
    incident, _ = await three_versions(service)
    auditor = await service.client("auditor")
    async with refused() as told:
        await auditor.audit.StateAt(at(incident, instant=Timestamp(seconds=10**15)))
    assert list(told.fields) == ["instant"]


async def test_events_are_read_from_where_one_asks_and_as_many(service: Service) -> None:
    incident, _ = await three_versions(service)
    auditor = await service.client("auditor")

    async def versions(**fields: Any) -> list[int]:
        request = audit_service_pb2.ReadEventsRequest(**fields)
        pages = auditor.audit.ReadEvents(request)
        events = [event async for page in pages for event in page.events]
        return [event.version for event in events if event.type != "CaseRead"]

    assert await versions(incident_id=incident) == [1, 2, 3, 4]
    assert await versions(incident_id=incident, after=2) == [3, 4]
    assert await versions(stream=f"incident/{incident}", after=1, limit=2) == [2, 3]
    assert await versions(limit=PLAN_EVENTS + 2) == [1, 2, 3, 4, 1, 2]
    assert await versions(after=PLAN_EVENTS) == [1, 2, 3, 4]
    assert await versions(stream="plan/nothing") == []


async def test_events_come_with_the_bytes_that_were_hashed(service: Service) -> None:
    incident, _ = await three_versions(service)
    auditor = await service.client("auditor")
    request = audit_service_pb2.ReadEventsRequest(incident_id=incident)
    before = hash_chain.genesis(f"incident/{incident}")
    async for page in auditor.audit.ReadEvents(request):
        for event in page.events:
            before = hash_chain.event_hash(before, _Row(event))
            assert before == event.hash


async def test_events_of_what_never_happened_can_t_be_read(service: Service) -> None:
    auditor = await service.client("auditor")
    for fields, reason in (
        ({"incident_id": str(uuid4())}, "INCIDENT_UNKNOWN"),
        ({"incident_id": "x"}, "FIELD_INVALID"),
        ({"stream": "incident"}, "FIELD_INVALID"),
        ({"after": -1}, "FIELD_INVALID"),
    ):
        async with refused() as told:
            await auditor.audit.ReadEvents(audit_service_pb2.ReadEventsRequest(**fields)).read()
        assert told.reason == reason


async def test_a_sound_log_is_found_sound(service: Service) -> None:
    incident, _ = await three_versions(service)
    auditor = await service.client("auditor")
    for stream, checked in (
        ("", PLAN_EVENTS + 4),
        (f"incident/{incident}", 4),
        (f"plan/{PLAN}", PLAN_EVENTS),
    ):
        last = (await verified(auditor, stream))[-1]
        assert (last.done, last.sound, last.checked) == (True, True, checked)


async def test_a_log_that_was_changed_is_found_out_and_where(
    service: Service, database: Database
) -> None:
    incident, first = await three_versions(service)
    await execute(
        database.owner_dsn,
        "ALTER TABLE muster.event DISABLE TRIGGER never_changed",
        f"UPDATE muster.event SET data = '{{}}' WHERE position = {first.position}",  # noqa: S608 - a number
    )
    auditor = await service.client("auditor")
    last = (await verified(auditor))[-1]
    assert (last.done, last.sound) == (True, False)
    (flaw,) = last.flaws
    assert (flaw.position, flaw.stream, flaw.version) == (
        first.position,
        f"incident/{incident}",
        3,
    )


class _Row:
    """An event as its seal sees it."""

    def __init__(self, event: common_pb2.Event) -> None:
        from uuid import UUID  # noqa: PLC0415 - only here

        self.stream, self.version = event.stream, event.version
        self.position, self.hash = event.position, event.hash
        self.event_id = UUID(event.event_id)
        self.recorded_at, self.occurred_at = _moment(event.recorded_at), _moment(event.occurred_at)
        self.type, self.schema_version = event.type, event.schema_version
        self.data, self.meta = event.data, event.meta


def _moment(said: Timestamp) -> datetime:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + timedelta(seconds=said.seconds, microseconds=said.nanos // 1_000)
