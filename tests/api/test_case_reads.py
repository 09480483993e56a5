"""Whoever reads a whole case is in the log before anything is shown, and polling adds nothing."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from muster.v1 import audit_service_pb2 as audit
from muster.v1 import incident_commands_pb2, incident_service_pb2

from eventstore.log.log import Log
from eventstore.postgres.errors import LogUnavailable
from services.client.client import context
from services.runtime.clocks import clocks
from services.runtime.settings.privacy_settings import Privacy
from tests.api.conftest import VENUE, Service, opened, publish, running, settings_of
from tests.api.errors import refused
from tests.resuming import beginning

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from eventstore.log.events import StoredEvent
    from services.client.client import Client
    from tests.conftest import Database

WHY = "district court, file 12"
MOST = 4
POLLS = 25


@pytest.fixture
def privacy() -> Privacy:
    return Privacy(readings_max=MOST)


@pytest.fixture
async def service(database: Database, tmp_path: Path, privacy: Privacy) -> AsyncIterator[Service]:
    settings = settings_of(database, tmp_path).model_copy(update={"privacy": privacy})
    async with running(settings) as service:
        await publish(service)
        yield service


@pytest.fixture
async def log(database: Database) -> AsyncIterator[Log]:
    found = await Log.open(database.dsn)
    yield found
    await found.close()


@pytest.fixture
async def auditor(service: Service) -> Client:
    return await service.client("auditor")


@pytest.fixture
async def incident(service: Service) -> str:
    return (await opened(service)).incident_id


async def readings(log: Log) -> Sequence[StoredEvent]:
    return await log.read(0, limit=500, category="reading")


async def said(log: Log) -> list[tuple[str, str, str, str | None]]:
    """Return of each reading where it stands, what was read, by whom and why."""
    return [
        (event.stream, data["what"], data["reader"], data["reason"])
        for event in await readings(log)
        for data in [json.loads(event.data)]
    ]


async def events(client: Client, **asked: Any) -> list[Any]:
    pages = client.audit.ReadEvents(audit.ReadEventsRequest(**asked))
    return [event async for page in pages for event in page.events]


async def changes(client: Client, **asked: Any) -> list[Any]:
    return [step async for step in client.audit.Diff(audit.DiffRequest(**asked))]


async def state(client: Client, incident: str, **asked: Any) -> Any:
    request = incident_service_pb2.GetIncidentRequest(incident_id=incident, **asked)
    return await client.incidents.GetIncident(request)


async def first_step(client: Client, **asked: Any) -> None:
    steps: Any = client.incidents.WatchIncidents(
        incident_service_pb2.WatchIncidentsRequest(**asked)
    )
    await steps.read()
    steps.cancel()


async def stand_down(service: Service, incident: str) -> None:
    operator = await service.client("operator")
    await operator.incidents.VerifyAlarm(
        incident_commands_pb2.VerifyAlarmRequest(
            context=context(reason="a drill"), incident_id=incident, genuine=False
        )
    )


async def test_who_reads_the_events_of_a_case_and_why_is_in_the_log_beside_the_case(
    incident: str, auditor: Client, log: Log
) -> None:
    shown = await events(auditor, incident_id=incident, reason=WHY)
    (event,) = await readings(log)
    assert (event.stream, event.type, event.version) == (f"reading/{incident}", "CaseRead", 1)
    data, meta = json.loads(event.data), json.loads(event.meta)
    assert (data["incident"], data["what"], data["reader"], data["reason"]) == (
        incident,
        "events",
        "auditor",
        WHY,
    )
    assert (meta["actor"], meta["roles"], meta["reason"]) == ("auditor", ["auditor"], WHY)
    assert [one.version for one in shown] == [1, 2]
    assert await log.version_at(f"incident/{incident}", event.position) == 2


async def test_whoever_polls_is_recorded_once_for_each_thing_they_read(
    incident: str, auditor: Client, log: Log
) -> None:
    for _ in range(POLLS):
        await events(auditor, incident_id=incident, reason=WHY)
        await auditor.audit.StateAt(audit.StateAtRequest(incident_id=incident, reason=WHY))
        await changes(auditor, incident_id=incident, reason=WHY)
        await state(auditor, incident, reason=WHY)
    stream = f"reading/{incident}"
    assert await said(log) == [
        (stream, "events", "auditor", WHY),
        (stream, "state", "auditor", WHY),
        (stream, "changes", "auditor", WHY),
    ]


async def test_calls_at_once_are_one_reading(incident: str, auditor: Client, log: Log) -> None:
    shown = await asyncio.gather(*(events(auditor, incident_id=incident) for _ in range(POLLS)))
    assert {len(one) for one in shown} == {2}
    assert await said(log) == [(f"reading/{incident}", "events", "auditor", None)]


async def test_a_service_that_starts_again_knows_what_is_recorded(
    incident: str, auditor: Client, service: Service, log: Log
) -> None:
    await events(auditor, incident_id=incident, reason=WHY)
    async with running(service.settings) as second:
        await events(await second.client("auditor"), incident_id=incident, reason=WHY)
    assert len(await readings(log)) == 1


async def test_after_the_window_it_is_recorded_anew(
    incident: str, auditor: Client, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    await events(auditor, incident_id=incident, reason=WHY)
    later = clocks.now() + timedelta(hours=1, minutes=1)
    monkeypatch.setattr(clocks.AGREED, "now", lambda: later)
    await events(auditor, incident_id=incident, reason=WHY)
    first, second = [json.loads(event.data) for event in await readings(log)]
    assert first["until"] < second["at"]


async def test_who_gives_ever_new_reasons_is_refused_before_anything_is_shown(
    incident: str, auditor: Client, log: Log
) -> None:
    for number in range(MOST):
        await events(auditor, incident_id=incident, reason=f"file {number}")
    async with refused() as told:
        await events(auditor, incident_id=incident, reason="one more")
    assert (told.reason, told.metadata["limit"]) == ("READINGS_TOO_MANY", str(MOST))
    assert len(await events(auditor, incident_id=incident, reason="file 0")) == 2
    assert len(await readings(log)) == MOST


async def test_nothing_is_shown_that_can_t_be_recorded(
    incident: str, auditor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise LogUnavailable("a test")

    monkeypatch.setattr("eventstore.log.log.Log.append", away)
    async with refused() as told:
        await events(auditor, incident_id=incident)
    assert told.reason == "LOG_UNAVAILABLE"
    async with refused() as told:
        await auditor.audit.StateAt(audit.StateAtRequest(incident_id=incident))
    assert told.reason == "LOG_UNAVAILABLE"


async def test_what_is_refused_is_no_reading(
    incident: str, auditor: Client, service: Service, log: Log
) -> None:
    elsewhere = await service.client("elsewhere")
    for client, asked, reason in (
        (elsewhere, {"incident_id": incident}, "VENUE_NOT_PERMITTED"),
        (auditor, {"incident_id": incident, "after": 99}, "VERSION_UNKNOWN"),
        (auditor, {"incident_id": incident, "reason": "\u200b"}, "FIELD_INVALID"),
    ):
        async with refused() as told:
            await events(client, **asked)
        assert told.reason == reason
    assert await events(elsewhere, stream=f"incident/{incident}") == []
    assert await readings(log) == []


async def test_a_case_that_is_read_by_the_name_of_its_stream_is_recorded_and_a_plan_is_not(
    incident: str, auditor: Client, log: Log
) -> None:
    assert await events(auditor, stream="plan/general-venue")
    assert await readings(log) == []
    assert await events(auditor, stream=f"incident/{incident}", reason=WHY)
    assert await said(log) == [(f"reading/{incident}", "events", "auditor", WHY)]


@pytest.mark.parametrize("token", ["commander", "operator", "responder", "here"])
async def test_whoever_is_at_work_looks_at_an_open_case_unrecorded(
    token: str, incident: str, service: Service, log: Log
) -> None:
    client = await service.client(token)
    await state(client, incident)
    await first_step(client)
    await first_step(client, incident_id=incident, include_snapshot=True)
    assert await readings(log) == []


async def test_whoever_is_at_work_is_recorded_once_the_case_is_over(
    incident: str, service: Service, log: Log
) -> None:
    await stand_down(service, incident)
    operator = await service.client("operator")
    await state(operator, incident, reason=WHY)
    await first_step(operator, incident_id=incident, include_snapshot=True, reason=WHY)
    stream = f"reading/{incident}"
    assert await said(log) == [
        (stream, "state", "operator", WHY),
        (stream, "watch", "operator", WHY),
    ]


async def test_whoever_watches_beside_their_work_is_recorded_and_taking_it_up_again_is_not(
    incident: str, auditor: Client, service: Service, log: Log
) -> None:
    receipt = await opened(service)
    await first_step(auditor, reason=WHY)
    for _ in range(POLLS):
        await first_step(auditor, incident_id=incident, include_snapshot=True, reason=WHY)
        await first_step(auditor, reason=WHY)
    operator = await service.client("operator")
    await first_step(operator, resume_token=receipt.resume_token)
    assert await said(log) == [
        ("reading/log", "watch", "auditor", WHY),
        (f"reading/{incident}", "watch", "auditor", WHY),
    ]


async def test_a_watch_that_goes_further_back_than_the_window_is_a_reading_of_anybody(
    incident: str, service: Service, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = await service.client("operator")
    start = beginning(service.settings.vault)
    await first_step(operator, incident_id=incident, resume_token=start)
    assert await readings(log) == []
    later = clocks.now() + timedelta(hours=2)
    monkeypatch.setattr(clocks.AGREED, "now", lambda: later)
    await first_step(operator, incident_id=incident, resume_token=start, reason=WHY)
    assert await said(log) == [(f"reading/{incident}", "watch", "operator", WHY)]


@pytest.mark.parametrize(
    ("token", "venues"), [("auditor", None), ("here", [VENUE]), ("elsewhere", ["other-mall"])]
)
async def test_whoever_reads_the_whole_log_is_recorded_with_the_venues_they_were_let_in_at(
    token: str, venues: list[str] | None, service: Service, log: Log
) -> None:
    client = await service.client(token)
    await events(client, after=1)
    await events(client, after=2)
    (event,) = await readings(log)
    data = json.loads(event.data)
    assert (event.stream, data["incident"], data["after"]) == ("reading/log", None, 1)
    assert data["venues"] == venues
