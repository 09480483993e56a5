"""Many commands over one stream: each answered, also when the stream breaks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc
import pytest
from muster.v1 import incident_service_pb2

from services.client.pipeline import Pipeline, pipeline
from tests.api.conftest import impose, opened, publish, running, settings_of
from tests.api.errors import taken_apart

if TYPE_CHECKING:
    from pathlib import Path

    from tests.api.conftest import Service
    from tests.conftest import Database

PATIENCE_S = 20.0


async def give(line: Pipeline, incident: str, measure: str) -> incident_service_pb2.Answer:
    command = incident_service_pb2.Command(impose_measure=impose(incident, measure))
    async with asyncio.timeout(PATIENCE_S):
        answer = await line.submit(command)
    assert answer.command_id == command.impose_measure.context.command_id
    return answer


async def test_each_of_many_commands_gets_its_own_answer(service: Service) -> None:
    incidents = [(await opened(service)).incident_id for _ in range(4)]
    async with pipeline(await service.client("operator")) as line:
        answers = await asyncio.gather(
            *(give(line, incidents[n % 4], f"m{n}") for n in range(400)),
            give(line, "x", "m1"),
        )
    assert [answer.WhichOneof("outcome") for answer in answers] == ["receipt"] * 400 + ["error"]
    versions = sorted(answer.receipt.version for answer in answers[0:400:4])
    assert versions == list(range(3, 103))


async def test_nobody_notices_that_the_service_was_gone(database: Database, tmp_path: Path) -> None:
    settings = settings_of(database, tmp_path)
    async with running(settings) as service:
        port = int(service.address.rpartition(":")[2])
        await publish(service)
        incident = (await opened(service)).incident_id
    again = settings.model_copy(update={"api": settings.api.model_copy(update={"port": port})})
    async with running(again) as service:
        operator = await service.client("operator")
        kept = service.held.pop_all()
        lines = pipeline(operator)
        line = await lines.__aenter__()
        first = [asyncio.create_task(give(line, incident, f"a{n}")) for n in range(100)]
        await asyncio.sleep(0.01)
    second = [asyncio.create_task(give(line, incident, f"b{n}")) for n in range(100)]
    async with kept, running(again):
        answers = await asyncio.gather(*first, *second)
        await lines.__aexit__(None, None, None)
    versions = sorted(answer.receipt.version for answer in answers)
    assert versions == list(range(3, 203))


async def test_a_line_that_was_quiet_from_its_beginning_still_takes_commands(
    database: Database, tmp_path: Path
) -> None:
    async with running(settings_of(database, tmp_path, first_message_seconds=0.3)) as service:
        await publish(service)
        incident = (await opened(service)).incident_id
        async with pipeline(await service.client("operator")) as line:
            await asyncio.sleep(1)
            answer = await give(line, incident, "m1")
    assert answer.receipt.version == 3


async def test_who_may_not_is_told_so(service: Service) -> None:
    async with pipeline(await service.client("administrator")) as line:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await give(line, "x", "m1")
    assert taken_apart(caught.value).reason == "ROLE_NOT_ALLOWED"
