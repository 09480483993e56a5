"""What others do can't keep an alarm from being heard, and everybody has bounds of their own."""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from contextlib import ExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from grpc_health.v1 import health_pb2, health_pb2_grpc
from muster.v1 import incident_service_pb2

from services.api.errors.failures import Failure
from services.api.interceptors.admission import Bound, Kind, Limits, Places, Room
from services.api.interceptors.metrics import METRICS
from services.api.interceptors.peers import Peer
from services.client.client import Client, bearer, open_channel
from services.runtime.settings.settings import Api
from tests.api.conftest import alarm, running, settings_of
from tests.api.errors import refused
from tests.api.test_watch import begun, watch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.api.conftest import Service
    from tests.conftest import Database

ANSWERED_WITHIN_S = 5.0
"""On a busy machine; half of what it takes until a call gives way whose message never comes."""

ALARMS = 5
HELD = 2_000
SETTLED_S = 0.5
ROOM_WITHIN_S = 3.5
HTTP2_BEGINS = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
"""The preface and empty settings."""

UNKNOWN = ["alarm", "get", "watch", "stream", "none", "check", "health-watch", "reflection"]
WRONG = ["alarm:wrong", "watch:wrong"]
LEAKED = ["alarm:device", "stream:device", "get:auditor", "watch:auditor", "alarm:responder"]
"""Ways to hold calls: with no token, with a wrong one, and with those of others."""


@asynccontextmanager
async def held(service: Service, calls: int, ways: list[str]) -> AsyncIterator[int]:
    """Let another process hold so many calls of each way."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.api.holding", service.address, str(calls), *ways),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        begun_calls = int(await process.stdout.readline())
        await settled()
        yield begun_calls
    finally:
        process.stdin.close()
        await process.wait()


async def settled() -> None:
    """Wait until the service has seen all that was begun: nothing is refused any more."""
    refused_before = -1
    while refused_before != (refused_before := METRICS.answers.total()):
        await asyncio.sleep(SETTLED_S)


@asynccontextmanager
async def newly_connected(service: Service, token: str) -> AsyncIterator[Client]:
    """Connect without sharing anybody else's connection."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    async with open_channel(service.address, options=options) as channel:
        yield Client(channel, bearer(token))


async def slowest_alarm_s(service: Service) -> float:
    """Report alarms, each over a connection of its own; return how long the slowest took."""
    times = []
    for _ in range(ALARMS):
        began = time.perf_counter()
        async with newly_connected(service, "operator") as operator:
            await operator.incidents.ReportAlarm(alarm(), timeout=30)
        times.append(time.perf_counter() - began)
    return max(times)


@pytest.mark.parametrize("ways", [UNKNOWN, WRONG, LEAKED], ids=["unknown", "wrong", "leaked"])
async def test_an_alarm_is_answered_while_thousands_of_calls_are_held(
    service: Service, ways: list[str]
) -> None:
    async with held(service, HELD // len(ways) + 10, ways) as calls:
        assert calls >= HELD
        assert await slowest_alarm_s(service) < ANSWERED_WITHIN_S


async def test_health_is_told_while_calls_of_the_same_address_are_held(service: Service) -> None:
    async with (
        held(service, 1_000, ["check", "health-watch"]),
        grpc.aio.insecure_channel(service.address) as channel,
    ):
        stub: Any = health_pb2_grpc.HealthStub(channel)
        answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=ANSWERED_WITHIN_S)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_a_call_whose_message_never_comes_is_ended(
    database: Database, tmp_path: Path
) -> None:
    chosen = settings_of(database, tmp_path, first_message_seconds=0.3)
    before = METRICS.turned_away["first_message"]
    async with running(chosen) as service, grpc.aio.insecure_channel(service.address) as channel:
        for method in ("ReportAlarm", "WatchIncidents", "SubmitStream"):
            call: Any = channel.stream_stream(f"/muster.v1.IncidentService/{method}")
            async with refused() as told:
                await call(metadata=(("authorization", "Bearer operator"),)).read()
            assert (told.code, told.reason) == (
                grpc.StatusCode.DEADLINE_EXCEEDED,
                "MESSAGE_NOT_SENT",
            )
            assert told.metadata == {"seconds": "0.3"}
    assert METRICS.turned_away["first_message"] == before + 3


async def test_idle_streams_of_commands_leave_watches_alone(
    database: Database, tmp_path: Path
) -> None:
    async with running(settings_of(database, tmp_path, max_streams=2)) as service:
        device, operator = await service.client("device"), await service.client("operator")
        streams = [await _stream(device) for _ in range(2)]
        async with refused() as told:
            await _stream(device)
        assert (told.reason, told.metadata["bound"]) == ("OVERLOADED", "command_stream")
        await begun(operator, watch())
        for one in streams:
            one.cancel()


@pytest.mark.parametrize(
    ("setting", "role", "bound"),
    [
        ("max_watches_per_caller", "auditor", "watch_per_caller"),
        ("max_streams_per_caller", "device", "command_stream_per_caller"),
    ],
)
async def test_one_caller_can_t_have_what_is_for_all(
    database: Database, tmp_path: Path, setting: str, role: str, bound: str
) -> None:
    begin = {"auditor": lambda client: begun(client, watch()), "device": _stream}[role]
    async with running(settings_of(database, tmp_path, **{setting: 2})) as service:
        greedy, other = await service.client(role), await service.client("operator")
        kept = [await begin(greedy) for _ in range(2)]
        async with refused() as told:
            await begin(greedy)
        assert (told.code, told.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED")
        assert told.metadata == {"bound": bound, "limit": "2"}
        kept.append(await begin(other))
        for one in kept:
            one.cancel()


def test_reading_leaves_places_for_commands_and_both_leave_some_for_alarms() -> None:
    api = Api(max_concurrent_commands=2, reserved_for_commands=1, reserved_for_alarms=1)
    places = Places(Limits.of(api).bounds)
    with ExitStack() as kept:
        for kind, bound in ((Kind.READ, 2), (Kind.COMMAND, 3), (Kind.ALARM, 4)):
            while sum(places.taken().values()) < bound:
                kept.enter_context(places.place(kind, f"caller of a {kind}"))
            with pytest.raises(Failure, match="OVERLOADED"), places.place(kind, "another"):
                pass
    assert not any(places.taken().values())


def test_an_alarm_finds_a_place_beside_the_same_caller_s_other_calls() -> None:
    places = Places(Limits.of(Api(max_calls_per_caller=1)).bounds)
    with places.place(Kind.READ, "desk"), places.place(Kind.COMMAND, "desk"):
        with places.place(Kind.ALARM, "desk"):
            assert places.taken()[Kind.ALARM] == 1
        with pytest.raises(Failure, match="OVERLOADED"), places.place(Kind.READ, "desk"):
            pass


async def test_the_oldest_of_too_many_held_calls_goes() -> None:
    room = Room("room", Bound(of_all=3, of_each=2))
    ended: list[str] = []

    async def hold(peer: str, name: str) -> None:
        with pytest.raises(Failure, match="OVERLOADED"):
            async with room.hold(peer, 60):
                await asyncio.sleep(60)
        ended.append(name)

    async with asyncio.TaskGroup() as group:
        tasks = []
        for peer, name in (("a", "a1"), ("a", "a2"), ("a", "a3"), ("b", "b1"), ("c", "c1")):
            tasks.append(group.create_task(hold(peer, name)))
            await asyncio.sleep(0.01)
        assert ended == ["a1", "a2"]
        assert len(room) == 3
        for task in tasks:
            task.cancel()
    assert len(room) == 0


async def test_what_is_turned_away_is_counted_without_saying_who(service: Service) -> None:
    async with held(service, 200, ["check"]):
        pass
    text = "\n".join(str(metric) for metric in METRICS.collect())
    assert "unauthenticated_per_address" in text
    assert "127.0.0.1" not in text


async def test_reflection_needs_a_token_where_the_caller_is_not_on_this_machine(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.api.public.peer_of", lambda _: Peer("192.0.2.1", is_local=False))
    async with grpc.aio.insecure_channel(service.address) as channel:
        call: Any = channel.stream_stream(
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
        )
        async with refused() as told:
            await call().read()
        assert told.reason == "UNAUTHENTICATED"


async def _stream(client: Any) -> Any:
    """Begin a stream of commands, and wait until it stands."""
    stream = client.incidents.SubmitStream()
    await stream.write(
        incident_service_pb2.SubmitStreamRequest(commands=[incident_service_pb2.Command()])
    )
    await stream.read()
    return stream


async def test_idle_connections_of_strangers_make_room_for_those_of_callers(
    database: Database, tmp_path: Path
) -> None:
    before = METRICS.turned_away["connections"]
    async with (
        running(settings_of(database, tmp_path, max_connections=400)) as service,
        newly_connected(service, "operator") as operator,
    ):
        steps = await begun(operator, watch(bookmark_interval=Duration(seconds=1)))
        with ExitStack() as idle:
            sockets = [idle.enter_context(_idle(service)) for _ in range(600)]
            await asyncio.sleep(ROOM_WITHIN_S)
            async with newly_connected(service, "auditor") as late:
                await begun(late, watch())
            gone = sum(_is_closed(one) for one in sockets)
        assert (await steps.read()).HasField("bookmark")
    assert gone >= 400
    assert METRICS.turned_away["connections"] - before >= 200


async def test_few_connections_are_left_alone(service: Service) -> None:
    with ExitStack() as idle:
        sockets = [idle.enter_context(_idle(service)) for _ in range(20)]
        await asyncio.sleep(ROOM_WITHIN_S)
        assert not any(_is_closed(one) for one in sockets)


def _idle(service: Service) -> socket.socket:
    """Open a connection that speaks HTTP/2, and says nothing more."""
    opened = socket.create_connection(("127.0.0.1", int(service.address.rpartition(":")[2])))
    opened.settimeout(0)
    with suppress(OSError):  # one too many is closed at once
        opened.sendall(HTTP2_BEGINS)
    return opened


def _is_closed(opened: socket.socket) -> bool:
    """Tell whether the service has closed a connection, after what it sent."""
    try:
        while opened.recv(4_096):
            pass
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    return True
