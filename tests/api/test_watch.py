"""What a watch promises: Ordered, Unique, Reliable, Atomic, Resumable, Bookmarkable."""

from __future__ import annotations

import asyncio
from itertools import count, pairwise
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.duration_pb2 import Duration
from muster.v1 import audit_service_pb2, common_pb2, incident_service_pb2

from services.client.client import Client
from tests.api.conftest import impose, opened
from tests.resuming import beginning, position_of

if TYPE_CHECKING:
    from tests.api.conftest import Service

Step = incident_service_pb2.WatchIncidentsResponse
PATIENCE_S = 20.0
COMMANDS = 200
WRITERS = 8


def watch(incident: str = "", **more: Any) -> incident_service_pb2.WatchIncidentsRequest:
    return incident_service_pb2.WatchIncidentsRequest(incident_id=incident, **more)


async def steps_until(steps: Any, position: int) -> list[Step]:
    """Take steps until the watch has come to a position."""
    found = [await steps.read()]
    async with asyncio.timeout(PATIENCE_S):
        while position_of(found[-1].resume_token) < position:
            found.append(await steps.read())
    return found


def events_of(steps: list[Step]) -> list[common_pb2.Event]:
    return [event for step in steps for event in step.events.events]


async def busy(service: Service) -> tuple[str, int]:
    """Record commands of several incidents at once; return one of them, and the last position."""
    operator = await service.client("operator")
    incidents = [(await opened(service)).incident_id for _ in range(WRITERS)]
    receipts = await asyncio.gather(
        *(
            operator.incidents.ImposeMeasure(impose(incident, f"m{number}"))
            for number in range(COMMANDS // WRITERS)
            for incident in incidents
        )
    )
    return incidents[0], max(receipt.position for receipt in receipts)


async def everything(client: Client) -> list[common_pb2.Event]:
    return [
        event
        async for page in client.audit.ReadEvents(audit_service_pb2.ReadEventsRequest())
        for event in page.events
    ]


async def begun(client: Client, request: Any) -> Any:
    """Begin a watch and wait until it stands."""
    steps = client.incidents.WatchIncidents(request)
    first: Any = await steps.read()
    assert first.HasField("bookmark")
    return steps


async def test_ordered(service: Service) -> None:
    steps = await begun(await service.client("operator"), watch())
    _, last = await busy(service)
    positions = [event.position for event in events_of(await steps_until(steps, last))]
    assert positions == sorted(positions)


async def test_unique(service: Service) -> None:
    steps = await begun(await service.client("operator"), watch())
    _, last = await busy(service)
    seen = [event.event_id for event in events_of(await steps_until(steps, last))]
    assert len(seen) == len(set(seen))


async def test_reliable(service: Service) -> None:
    auditor = await service.client("auditor")
    steps = await begun(auditor, watch())
    _, last = await busy(service)
    seen = events_of(await steps_until(steps, last))
    told = [event for event in await everything(auditor) if event.stream.startswith("incident/")]
    assert seen == told


async def test_reliable_for_one_incident(service: Service) -> None:
    auditor = await service.client("auditor")
    steps = await begun(auditor, watch())
    incident, last = await busy(service)
    whole = [
        event
        for event in events_of(await steps_until(steps, last))
        if event.stream == f"incident/{incident}"
    ]
    start = beginning(service.settings.vault)
    again = auditor.incidents.WatchIncidents(watch(incident, resume_token=start))
    assert events_of(await steps_until(again, whole[-1].position)) == whole


async def test_atomic(service: Service) -> None:
    auditor = await service.client("auditor")
    steps = await begun(auditor, watch())
    _, last = await busy(service)
    batches = [step.events.events for step in await steps_until(steps, last)]
    moments = [
        {(event.recorded_at.seconds, event.recorded_at.nanos) for event in batch}
        for batch in batches
        if batch
    ]
    assert all(len(moment) == 1 for moment in moments)
    assert all(not (one & other) for one, other in pairwise(moments))


async def test_resumable(service: Service) -> None:
    auditor = await service.client("auditor")
    start = beginning(service.settings.vault)
    _, last = await busy(service)
    whole = await steps_until(auditor.incidents.WatchIncidents(watch(resume_token=start)), last)
    for step in whole[:: max(1, len(whole) // 10)]:
        after = position_of(step.resume_token)
        rest = auditor.incidents.WatchIncidents(watch(resume_token=step.resume_token))
        seen = events_of(await steps_until(rest, last))
        assert seen == [event for event in events_of(whole) if event.position > after]


async def test_resumable_from_a_receipt(service: Service) -> None:
    receipt = await opened(service)
    operator = await service.client("operator")
    await operator.incidents.ImposeMeasure(impose(receipt.incident_id, "m1"))
    steps = operator.incidents.WatchIncidents(watch(resume_token=receipt.resume_token))
    seen = events_of(await steps_until(steps, receipt.position + 1))
    assert [event.type for event in seen] == ["MeasureImposed"]


async def test_bookmarkable(service: Service) -> None:
    operator = await service.client("operator")
    incident = (await opened(service)).incident_id
    steps = await begun(operator, watch(incident, bookmark_interval=Duration(seconds=1)))
    other = await opened(service)
    async with asyncio.timeout(PATIENCE_S):
        step = await steps.read()
    assert step.HasField("bookmark")
    assert step.bookmark.position == other.position
    assert position_of(step.resume_token) == other.position


async def test_bookmarkable_while_others_are_busy(service: Service) -> None:
    operator = await service.client("operator")
    quiet, noisy = [(await opened(service)).incident_id for _ in range(2)]

    async def impose_many() -> None:
        for number in count():
            await operator.incidents.ImposeMeasure(impose(noisy, f"m{number}"))
            await asyncio.sleep(0.1)

    steps = await begun(operator, watch(quiet, bookmark_interval=Duration(seconds=1)))
    writing = asyncio.create_task(impose_many())
    async with asyncio.timeout(PATIENCE_S):
        bookmarks = [await steps.read() for _ in range(2)]
    assert not writing.done()
    writing.cancel()
    first, second = [one.bookmark.position for one in bookmarks if one.HasField("bookmark")]
    assert first < second


async def test_a_snapshot_and_what_follows_fit_together(service: Service) -> None:
    operator = await service.client("operator")
    incident = (await opened(service)).incident_id

    async def impose_many() -> None:
        for number in range(50):
            await operator.incidents.ImposeMeasure(impose(incident, f"m{number}"))

    writing = asyncio.create_task(impose_many())
    await asyncio.sleep(0.02)
    steps: Any = operator.incidents.WatchIncidents(watch(incident, include_snapshot=True))
    snapshot = (await steps.read()).snapshot
    end = await steps.read()
    await writing
    last = await operator.incidents.ImposeMeasure(impose(incident, "last"))
    versions = [event.version for event in events_of(await steps_until(steps, last.position))]
    assert end.snapshot_end.incidents == 1
    assert len(snapshot.measures) == snapshot.version - 2
    assert versions == list(range(snapshot.version + 1, last.version + 1))


@pytest.mark.usefixtures("views")
async def test_a_snapshot_of_all_has_every_open_incident_that_may_be_seen(
    service: Service,
) -> None:
    here, elsewhere = await service.client("here"), await service.client("elsewhere")
    receipts = [await opened(service) for _ in range(3)]
    for client, expected in ((here, {one.incident_id for one in receipts}), (elsewhere, set())):
        found = set()
        async for step in client.incidents.WatchIncidents(watch(include_snapshot=True)):
            if step.HasField("snapshot_end"):
                break
            found.add(step.snapshot.incident_id)
        assert found == expected


async def test_a_watch_of_all_shows_each_caller_their_venues_only(service: Service) -> None:
    here, elsewhere = await service.client("here"), await service.client("elsewhere")
    seeing, blind = (
        await begun(here, watch()),
        await begun(elsewhere, watch(bookmark_interval=Duration(seconds=1))),
    )
    receipt = await opened(service)
    assert len(events_of(await steps_until(seeing, receipt.position))) == 2
    assert events_of(await steps_until(blind, receipt.position)) == []
