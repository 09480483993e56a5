"""The server itself: third-party clients, certificates, health, limits, beginnings and ends."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from muster.v1 import incident_service_pb2, incident_service_pb2_grpc

from eventstore.postgres.migrations import SchemaNewer, migrate
from services.api.server import WORKFLOWS, PortTaken
from services.client.client import context
from tests.api.conftest import alarm, impose, opened, publish, running, settings_of
from tests.api.errors import refused
from tests.conftest import execute
from tests.postgres import temporary_cluster

if TYPE_CHECKING:
    from tests.api.conftest import Service
    from tests.conftest import Database

pytestmark = pytest.mark.processes

GRPCURL = Path(sys.executable).parent / "grpcurl"
BUF = Path(sys.executable).parent / "buf"
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
GET = incident_service_pb2.GetIncidentRequest
ONE = GET(incident_id="0b8e4f3c-3f0e-4f5e-9f52-6a7d1c2b3a40")


async def run(*command: object) -> tuple[int, str]:
    """Run a program of somebody else's."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await process.communicate()
    return int(process.returncode or 0), out.decode()


async def health(address: str, name: str = "") -> int:
    async with grpc.aio.insecure_channel(address) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        answer = await stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=5)
        return int(answer.status)


# -------------------------------------------------------------------- other people's clients


async def test_grpcurl_finds_the_services_and_gives_a_command(service: Service) -> None:
    _, listed = await run(GRPCURL, "-plaintext", service.address, "list")
    assert {"muster.v1.IncidentService", "muster.v1.AuditService"} <= set(listed.split())
    command = {
        "context": {"command_id": context().command_id},
        "venue": "riverside-mall",
        "plan": "general-venue",
        "hazard": "HAZARD_KIND_FIRE",
        "zone": "atrium",
        "source": "button 3",
    }
    status, answer = await run(
        GRPCURL,
        *("-plaintext", "-H", "authorization: Bearer operator", "-d", json.dumps(command)),
        *(service.address, "muster.v1.IncidentService/ReportAlarm"),
    )
    assert status == 0, answer
    assert json.loads(answer)["kinds"] == ["IncidentOpened", "AlarmReported"]


async def test_grpcurl_can_read_the_details_of_an_error(service: Service) -> None:
    status, answer = await run(
        GRPCURL,
        *("-plaintext", "-H", "authorization: Bearer operator", "-H", "accept-language: zh"),
        *("-d", "{}", service.address, "muster.v1.IncidentService/VerifyAlarm"),
    )
    assert status != 0
    assert "COMMAND_ID_REQUIRED" in answer
    assert "命令必须带有" in answer
    assert "context.command_id" in answer


@pytest.mark.parametrize("protocol", ["grpc-v1", "grpc-v1alpha"])
async def test_both_names_of_reflection_are_served(service: Service, protocol: str) -> None:
    status, answer = await run(
        BUF,
        *("curl", "--http2-prior-knowledge", "--protocol", "grpc"),
        *("--reflect-protocol", protocol, "--header", "authorization: Bearer operator"),
        *("--data", "{}", f"http://{service.address}/muster.v1.PlanService/CheckPlan"),
    )
    assert status != 0
    assert "A field of the request is not as it must be." in answer


async def test_reflection_can_be_switched_off(database: Database, tmp_path: Path) -> None:
    async with running(settings_of(database, tmp_path, reflection=False)) as service:
        status, _ = await run(GRPCURL, "-plaintext", service.address, "list")
    assert status != 0


# ------------------------------------------------------------------------------------ health


async def test_commands_are_served_while_temporal_is_away(service: Service) -> None:
    assert await health(service.address) == SERVING
    assert await health(service.address, "muster.v1.IncidentService") == SERVING
    assert await health(service.address, WORKFLOWS) == NOT_SERVING
    assert (await opened(service)).version == 2


async def test_a_log_that_is_away_is_told_and_comes_back(tmp_path: Path) -> None:
    with temporary_cluster() as cluster:
        await migrate(cluster.dsn())
        chosen = settings_of(_Whole(cluster), tmp_path)  # type: ignore[arg-type] # only its dsn
        async with running(chosen) as service:
            await publish(service)
            request = alarm()
            operator = await service.client("operator")
            first = await operator.incidents.ReportAlarm(request)
            cluster.stop()
            async with grpc.aio.insecure_channel(service.address) as channel, refused() as told:
                await incident_service_pb2_grpc.IncidentServiceStub(channel).ImposeMeasure(
                    impose(first.incident_id, "m1"),
                    metadata=(("authorization", "Bearer operator"),),
                )
            assert (told.code, told.reason) == (grpc.StatusCode.UNAVAILABLE, "LOG_UNAVAILABLE")
            assert told.details["RetryInfo"]
            while await health(service.address, "muster.v1.IncidentService") == SERVING:
                await asyncio.sleep(0.2)
            assert await health(service.address) == SERVING
            cluster.start()
            assert (await operator.incidents.ReportAlarm(request)).duplicate
            while await health(service.address, "muster.v1.IncidentService") != SERVING:
                await asyncio.sleep(0.2)


# ------------------------------------------------------------------------------------ limits


async def test_a_message_that_is_too_large_is_refused_in_our_words(
    database: Database, tmp_path: Path
) -> None:
    async with running(settings_of(database, tmp_path, max_message_bytes=2_000)) as service:
        operator = await service.client("operator")
        async with refused() as told:
            await operator.incidents.ReportAlarm(alarm(source="x" * 3_000))
    assert (told.code, told.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE")
    assert told.metadata == {"limit": "2000"}
    assert "RetryInfo" not in told.details


async def test_a_message_far_too_large_does_not_even_come_in(
    database: Database, tmp_path: Path
) -> None:
    async with running(settings_of(database, tmp_path, max_message_bytes=2_000)) as service:
        operator = await service.client("operator")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await operator.incidents.ReportAlarm(alarm(source="x" * 100_000))
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_bytes_that_are_no_message_are_refused(service: Service) -> None:
    async with grpc.aio.insecure_channel(service.address) as channel:
        call: Any = channel.unary_unary("/muster.v1.IncidentService/ReportAlarm")
        async with refused() as told:
            await call(b"\xff\xff\xff", metadata=(("authorization", "Bearer operator"),))
    assert (told.code, told.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID")


async def test_a_method_that_there_is_not_is_said_to_be_none(service: Service) -> None:
    async with grpc.aio.insecure_channel(service.address) as channel:
        call: Any = channel.unary_unary("/muster.v1.IncidentService/Levitate")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(b"")
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_there_are_only_so_many_commands_at_once(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(settings_of(database, tmp_path, max_concurrent_commands=2)) as service:
        monkeypatch.setattr("eventstore.recorder.recorder.Recorder.known", _sleeps)
        operator = await service.client("operator")
        slow = [asyncio.ensure_future(_got(operator.incidents.GetIncident(ONE))) for _ in range(2)]
        await asyncio.sleep(0.3)
        async with refused() as told:
            await operator.incidents.GetIncident(ONE)
        assert (told.code, told.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED")
        assert told.details["RetryInfo"]
        for one in slow:
            one.cancel()


async def test_a_call_that_takes_too_long_is_ended(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(settings_of(database, tmp_path, deadline_seconds=0.2)) as service:
        monkeypatch.setattr("eventstore.recorder.recorder.Recorder.known", _sleeps)
        operator = await service.client("operator")
        async with refused() as told:
            await operator.incidents.GetIncident(ONE)
    assert (told.code, told.reason) == (
        grpc.StatusCode.DEADLINE_EXCEEDED,
        "DEADLINE_EXCEEDED",
    )


# ----------------------------------------------------------------------- beginnings and ends


async def test_a_port_that_is_taken_is_said_to_be(database: Database, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=str(port)):
            async with running(settings_of(database, tmp_path, port=port)):
                pass


async def test_a_second_service_can_t_share_the_port(database: Database, tmp_path: Path) -> None:
    async with running(settings_of(database, tmp_path)) as service:
        port = int(service.address.rpartition(":")[2])
        with pytest.raises(PortTaken):
            async with running(settings_of(database, tmp_path, port=port)):
                pass


async def test_a_database_of_a_newer_schema_is_refused(database: Database, tmp_path: Path) -> None:
    await execute(
        database.owner_dsn,
        "INSERT INTO muster.migration (number, name, sha256)"
        " SELECT 9999, '9999_future.sql', decode(repeat('00', 32), 'hex')",
    )
    with pytest.raises(SchemaNewer):
        async with running(settings_of(database, tmp_path)):
            pass


async def test_what_was_begun_is_answered_when_the_service_ends(
    database: Database, tmp_path: Path
) -> None:
    async with running(settings_of(database, tmp_path)) as service:
        await publish(service)
        incident = (await opened(service)).incident_id
        operator = await service.client("operator")
        calls = [
            asyncio.ensure_future(
                _given(operator.incidents.ImposeMeasure(impose(incident, f"m{n}")))
            )
            for n in range(50)
        ]
        await asyncio.sleep(0.02)
        kept = service.held.pop_all()
    async with kept:
        done, pending = await asyncio.wait(calls, timeout=1)
        for one in pending:
            one.cancel()
    versions = sorted(one.result() for one in done if not one.exception())
    assert versions == list(range(3, 3 + len(versions)))
    assert versions


async def _sleeps(*_: object) -> None:
    await asyncio.sleep(60)


async def _got(call: Any) -> Any:
    return await call


async def _given(call: Any) -> int:
    return int((await call).version)


class _Whole:
    """A cluster's own database."""

    def __init__(self, cluster: Any) -> None:
        self.dsn = cluster.dsn(user="muster_runtime")
        self.owner_dsn = cluster.dsn()
