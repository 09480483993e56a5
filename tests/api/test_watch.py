"""What a watch promises: Ordered, Unique, Reliable, Atomic, Resumable, Bookmarkable."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from muster.v1 import audit_service_pb2, common_pb2, incident_service_pb2

from services.api import marks
from services.client import Client, context
from tests.api.conftest import alarm, impose, opened, running, settings_of
from tests.api.errors import refused

if TYPE_CHECKING:
    from pathlib import Path

    from tests.api.conftest import Service
    from tests.conftest import Database

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
        while marks.resume_position(found[-1].resume_token) < position:
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
    start = marks.resume_token(0)
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
    start = marks.resume_token(0)
    _, last = await busy(service)
    whole = await steps_until(auditor.incidents.WatchIncidents(watch(resume_token=start)), last)
    for step in whole[:: max(1, len(whole) // 10)]:
        after = marks.resume_position(step.resume_token)
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
    assert marks.resume_position(step.resume_token) == other.position


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


async def test_a_watch_ends_in_order_when_the_service_does(
    database: Database, tmp_path: Path
) -> None:
    async with running(settings_of(database, tmp_path)) as service:
        operator = await service.client("operator")
        steps = await begun(operator, watch())
        ending = asyncio.create_task(_all(steps))
        kept = service.held.pop_all()
    async with kept:
        last = await ending
        assert last[-1].HasField("bookmark")
        assert await steps.code() == grpc.StatusCode.OK


async def test_a_watcher_that_reads_nothing_is_cut_off_and_told_where_to_go_on(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.api.edge.WRITE_TIMEOUT_S", 0.5)
    operator, auditor = await service.client("operator"), await service.client("auditor")
    incident = (await opened(service)).incident_id
    steps = auditor.incidents.WatchIncidents(watch(resume_token=marks.resume_token(0)))
    text = "x" * 3_900
    for number in range(40):
        await operator.incidents.Submit(
            incident_service_pb2.SubmitRequest(
                commands=[
                    incident_service_pb2.Command(
                        impose_measure=impose(incident, f"m{number}-{n}", reason=text)
                    )
                    for n in range(100)
                ]
            )
        )
    async with refused() as told:
        await asyncio.sleep(2)
        while True:
            last = await steps.read()
    assert (told.code, told.reason) == (grpc.StatusCode.ABORTED, "FOLLOWER_TOO_SLOW")
    again = marks.resume_position(told.metadata["resume_token"])
    assert 0 < again <= last.events.events[-1].position


async def test_a_client_takes_a_watch_up_where_the_service_left_it(
    database: Database, tmp_path: Path
) -> None:
    settings = settings_of(database, tmp_path)
    async with running(settings) as service:
        port = int(service.address.rpartition(":")[2])
        await opened_with_plan(service)
    again = settings.model_copy(update={"api": settings.api.model_copy(update={"port": port})})
    seen: list[int] = []
    async with running(again) as service:
        operator = await service.client("operator")
        watching = asyncio.create_task(_collect(operator, seen))
        await opened(service)
        await asyncio.sleep(0.3)
        first = list(seen)
        operator_kept = service.held.pop_all()
    async with running(again) as service, operator_kept:
        receipt = await opened(service)
        async with asyncio.timeout(PATIENCE_S):
            while not seen or seen[-1] < receipt.position:
                await asyncio.sleep(0.05)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    assert len(first) < len(seen)
    assert seen == list(range(2, receipt.position + 1))


@pytest.mark.parametrize("token", ["x", "é", "AAAA", marks.resume_token(10**12), "A" * 5_000])
async def test_a_token_of_somewhere_else_is_refused(service: Service, token: str) -> None:
    operator = await service.client("operator")
    async with refused() as told:
        await operator.incidents.WatchIncidents(watch(resume_token=token)).read()
    assert told.reason == "RESUME_TOKEN_INVALID"


async def test_an_unknown_incident_can_t_be_watched(service: Service) -> None:
    operator = await service.client("operator")
    async with refused() as told:
        await operator.incidents.WatchIncidents(watch(str(uuid4()))).read()
    assert told.reason == "INCIDENT_UNKNOWN"


async def test_there_are_only_so_many_watches(database: Database, tmp_path: Path) -> None:
    async with running(settings_of(database, tmp_path, max_watches=2)) as service:
        operator = await service.client("operator")
        kept = [await begun(operator, watch()) for _ in range(2)]
        async with refused() as told:
            await operator.incidents.WatchIncidents(watch()).read()
        assert (told.code, told.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED")
        kept[0].cancel()
        await asyncio.sleep(0.1)
        await begun(operator, watch())


async def opened_with_plan(service: Service) -> None:
    from tests.api.conftest import publish  # noqa: PLC0415 - only here

    await publish(service)
    operator = await service.client("operator")
    await operator.incidents.ReportAlarm(alarm(context=context()))


async def _all(steps: Any) -> list[Step]:
    found = []
    while (step := await steps.read()) is not grpc.aio.EOF:
        found.append(step)
    return found


async def _collect(client: Client, seen: list[int]) -> None:
    async for step in client.watch(resume_token=marks.resume_token(0)):
        seen.extend(event.position for event in step.events.events)
