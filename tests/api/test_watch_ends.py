"""How a watch ends: in order, cut off, refused; and how it is taken up again."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import grpc
import pytest
from muster.v1 import incident_service_pb2

from eventstore.log.log import Log
from services.client.client import Client, context
from tests.api.conftest import PLAN_EVENTS, alarm, impose, opened, publish, running, settings_of
from tests.api.errors import refused
from tests.resuming import beginning, position_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.api.conftest import Service
    from tests.conftest import Database

from tests.api.test_watch import PATIENCE_S, Step, begun, watch

DRAIN_S = 20.0
"""On a busy machine: a stream that takes nothing more does not use up the time to drain."""


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
        assert await steps.code() == grpc.StatusCode.UNAVAILABLE


async def test_a_stream_of_commands_is_answered_and_then_told_that_the_service_ends(
    database: Database, tmp_path: Path
) -> None:
    async with running(settings_of(database, tmp_path, drain_seconds=3 * DRAIN_S)) as service:
        await publish(service)
        operator = await service.client("operator")
        stream = operator.incidents.SubmitStream()
        for _ in range(20):
            command = incident_service_pb2.Command(report_alarm=alarm())
            await stream.write(incident_service_pb2.SubmitStreamRequest(commands=[command]))
        first: Any = await stream.read()
        answered = len(first.answers)
        kept, stopping = service.held.pop_all(), time.monotonic()
    assert time.monotonic() - stopping < DRAIN_S
    async with kept, refused() as told:
        while True:
            step: Any = await stream.read()
            answered += len(step.answers)
    assert (told.code, told.reason) == (grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN")
    log = await Log.open(database.dsn)
    kinds = [event.type for event in await log.read(0, limit=100)]
    await log.close()
    assert answered == kinds.count("IncidentOpened")


async def test_a_watcher_that_reads_nothing_is_cut_off_and_told_where_to_go_on(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.api.interceptors.chain.WRITE_TIMEOUT_S", 0.5)
    operator, auditor = await service.client("operator"), await service.client("auditor")
    incident = (await opened(service)).incident_id
    steps = auditor.incidents.WatchIncidents(watch(resume_token=beginning(service.settings.vault)))
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
    again = position_of(told.metadata["resume_token"])
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
        watching = asyncio.create_task(_collect(operator, beginning(settings.vault), seen))
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
    assert seen == list(range(PLAN_EVENTS + 1, receipt.position + 1))


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
    await publish(service)
    operator = await service.client("operator")
    await operator.incidents.ReportAlarm(alarm(context=context()))


async def _all(steps: Any) -> list[Step]:
    """Take every step until the service goes."""
    found = []
    async with refused() as told:
        while True:
            found.append(await steps.read())
    assert told.reason == "SHUTTING_DOWN"
    return found


async def _collect(client: Client, start: str, seen: list[int]) -> None:
    async for step in client.watch(resume_token=start):
        seen.extend(event.position for event in step.events.events)
