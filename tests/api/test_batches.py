"""Several commands at once: each stands or falls alone, in its order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
from muster.v1 import incident_commands_pb2, incident_service_pb2

from services.client.client import context
from tests.api.conftest import impose, opened

if TYPE_CHECKING:
    from tests.api.conftest import Service


async def test_a_batch_answers_each_command_alone_and_in_order(service: Service) -> None:
    incident = (await opened(service)).incident_id
    operator = await service.client("operator")
    commands = [
        incident_service_pb2.Command(impose_measure=impose(incident, "m1")),
        incident_service_pb2.Command(
            lift_measure=incident_commands_pb2.LiftMeasureRequest(
                context=context(), incident_id=incident, measure="m2"
            )
        ),
        incident_service_pb2.Command(),
        incident_service_pb2.Command(
            lift_measure=incident_commands_pb2.LiftMeasureRequest(
                context=context(), incident_id=incident, measure="m1"
            )
        ),
    ]
    answered = await operator.incidents.Submit(
        incident_service_pb2.SubmitRequest(commands=commands)
    )
    assert [one.WhichOneof("outcome") for one in answered.answers] == [
        "receipt",
        "error",
        "error",
        "receipt",
    ]
    assert [one.command_id for one in answered.answers[:2]] == [
        commands[0].impose_measure.context.command_id,
        commands[1].lift_measure.context.command_id,
    ]
    assert answered.answers[0].receipt.version == 3
    assert answered.answers[3].receipt.version == 4


async def test_a_batch_is_no_way_around_a_role(service: Service) -> None:
    incident = (await opened(service)).incident_id
    device = await service.client("device")
    answered = await device.incidents.Submit(
        incident_service_pb2.SubmitRequest(
            commands=[incident_service_pb2.Command(impose_measure=impose(incident, "m1"))]
        )
    )
    assert answered.answers[0].error.code == grpc.StatusCode.PERMISSION_DENIED.value[0]


async def test_a_stream_of_commands_is_answered_in_order(service: Service) -> None:
    incident = (await opened(service)).incident_id
    operator = await service.client("operator")
    call = operator.incidents.SubmitStream()
    for number in range(100):
        command = incident_service_pb2.Command(impose_measure=impose(incident, f"m{number}"))
        await call.write(incident_service_pb2.SubmitStreamRequest(commands=[command]))
    await call.done_writing()
    versions = [answer.receipt.version async for step in call for answer in step.answers]
    assert versions == list(range(3, 103))
