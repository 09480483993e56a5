"""Several services on one database: one order, each command once, whoever is asked."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING
from uuid import uuid4

from muster.v1 import common_pb2, incident_service_pb2

from services.api.main import serving
from services.client.client import connected
from tests.api.conftest import Service, impose, opened, settings_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from services.client.client import Client
    from tests.conftest import Database

import pytest

COMMANDS = 120


@pytest.fixture
async def both(service: Service, database: Database, tmp_path: Path) -> AsyncIterator[list[Client]]:
    """Return a client of each of two services."""
    folder = tmp_path / "second"
    folder.mkdir()
    async with AsyncExitStack() as held:
        other = await held.enter_async_context(serving(settings_of(database, folder)))
        second = await held.enter_async_context(connected(other.address, "operator"))
        yield [await service.client("operator"), second]


async def watched(client: Client, incident: str, total: int) -> list[tuple[int, str]]:
    """Watch an incident from its beginning until it has so many versions."""
    seen: list[tuple[int, str]] = []
    request = incident_service_pb2.WatchIncidentsRequest(incident_id=incident)
    async for step in client.incidents.WatchIncidents(request):
        seen += [(event.position, event.event_id) for event in step.events.events]
        if step.events.events and step.events.events[-1].version >= total:
            break
    return seen


async def test_two_services_write_one_incident_in_one_order(
    service: Service, both: list[Client]
) -> None:
    incident = (await opened(service)).incident_id
    watching = [asyncio.create_task(watched(one, incident, 2 + COMMANDS)) for one in both]
    await asyncio.sleep(0.5)
    asking = (
        both[number % 2].incidents.ImposeMeasure(impose(incident, f"m{number}"))
        for number in range(COMMANDS)
    )
    receipts = await asyncio.gather(*asking)
    assert sorted(one.version for one in receipts) == list(range(3, 3 + COMMANDS))
    first, second = await asyncio.wait_for(asyncio.gather(*watching), 30)
    assert first == second
    assert first == sorted(first)


async def test_a_command_asked_of_both_is_recorded_once(
    service: Service, both: list[Client]
) -> None:
    incident = (await opened(service)).incident_id
    asked = []
    for number in range(20):
        request = impose(incident, f"m{number}")
        request.context.CopyFrom(common_pb2.CommandContext(command_id=str(uuid4())))
        asked += [one.incidents.ImposeMeasure(request) for one in both]
    receipts = await asyncio.gather(*asked)
    assert len({one.version for one in receipts}) == len(receipts) // 2
    for first, again in zip(receipts[::2], receipts[1::2], strict=True):
        assert (first.version, first.position) == (again.version, again.position)
        assert first.duplicate != again.duplicate
