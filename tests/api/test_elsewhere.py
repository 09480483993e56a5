"""What is asked about a place that this log does not have is refused with what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from muster.v1 import audit_service_pb2, incident_service_pb2

from tests.api.conftest import impose, opened, publish, running, settings_of
from tests.api.errors import refused
from tests.conftest import Database, execute
from tests.resuming import position_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.api.conftest import Service
    from tests.postgres import Cluster

Watch = incident_service_pb2.WatchIncidentsRequest
Read = audit_service_pb2.ReadEventsRequest


@pytest.fixture
async def other(postgres: Cluster, template: str, tmp_path: Path) -> AsyncIterator[Service]:
    """Run a service on another log, which has come just as far."""
    database = Database(postgres, f"test_{uuid4().hex}")
    await execute(postgres.dsn(), f"CREATE DATABASE {database.name} TEMPLATE {template}")
    folder = tmp_path / "other"
    folder.mkdir()
    async with running(settings_of(database, folder)) as service:
        await publish(service)
        yield service
    await execute(postgres.dsn(), f"DROP DATABASE {database.name} WITH (FORCE)")


async def resumed(service: Service, token: str) -> str:
    """Return the first token of a watch that goes on from one."""
    operator = await service.client("operator")
    watching = operator.incidents.WatchIncidents(Watch(resume_token=token))
    async for step in watching:
        watching.cancel()
        return step.resume_token
    raise AssertionError


async def test_a_token_of_another_log_is_refused(service: Service, other: Service) -> None:
    here, there = await opened(service), await opened(other)
    assert here.position == there.position
    assert await resumed(service, here.resume_token)
    for token in (there.resume_token, await resumed(other, there.resume_token)):
        async with refused() as told:
            await resumed(service, token)
        assert told.reason == "RESUME_TOKEN_INVALID"


async def test_every_receipt_s_token_is_of_its_last_event(service: Service) -> None:
    receipt = await opened(service)
    commander = await service.client("commander")
    asked = impose(receipt.incident_id, "close-entrance")
    imposed = await commander.incidents.ImposeMeasure(asked)
    again = await commander.incidents.ImposeMeasure(asked)
    already = await commander.incidents.ImposeMeasure(impose(receipt.incident_id, "close-entrance"))
    assert again.duplicate
    assert not already.kinds
    for one in (receipt, imposed, again, already):
        token = await resumed(service, one.resume_token)
        assert position_of(token) == one.position


async def test_events_beyond_the_end_are_refused(service: Service) -> None:
    receipt = await opened(service)
    auditor = await service.client("auditor")
    pages = auditor.audit.ReadEvents(Read(after=receipt.position))
    (reading,) = [event async for page in pages for event in page.events]
    assert (reading.type, reading.position) == ("CaseRead", receipt.position + 1)
    assert not [_ async for _ in auditor.audit.ReadEvents(Read(after=reading.position))]
    async with refused() as told:
        await auditor.audit.ReadEvents(Read(after=reading.position + 1)).read()
    assert told.reason == "POSITION_UNKNOWN"
    assert told.metadata == {
        "position": str(reading.position + 1),
        "head": str(reading.position),
    }


async def test_versions_beyond_a_stream_s_end_are_refused(service: Service) -> None:
    receipt = await opened(service)
    auditor = await service.client("auditor")
    after = receipt.version + 1
    for asked in (
        Read(after=after, incident_id=receipt.incident_id),
        Read(after=after, stream=receipt.stream),
    ):
        async with refused() as told:
            await auditor.audit.ReadEvents(asked).read()
        assert told.reason == "VERSION_UNKNOWN"
        assert told.metadata["current"] == str(receipt.version)


async def test_a_moment_before_the_first_event_is_refused(service: Service) -> None:
    receipt = await opened(service)
    auditor = await service.client("auditor")
    request = audit_service_pb2.StateAtRequest(incident_id=receipt.incident_id)
    request.instant.FromSeconds(1)
    async with refused() as told:
        await auditor.audit.StateAt(request)
    assert told.reason == "MOMENT_TOO_EARLY"
