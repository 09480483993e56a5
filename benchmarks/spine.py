"""The figures of the spine: `python -m benchmarks.spine` prints a table and writes a JSON file.

All on one machine, client included, with everything running: PostgreSQL with fsync, Temporal, the
worker, the follower with its views and relay. Compare figures within one run, not across runs.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from statistics import median, quantiles
from uuid import UUID

import grpc
import uvloop
from muster.v1 import incident_service_pb2, incident_service_pb2_grpc
from temporalio.client import Client

from benchmarks.folding import fold_100k_s
from benchmarks.goals import GOALS
from benchmarks.limits import (
    EMPTY,
    bare_insert,
    bare_update,
    empty_call,
    empty_service,
    medians_ms,
)
from benchmarks.place import Place, damage, place
from benchmarks.states import states_at_100k_ms
from domain.incident.obligations.obligations import WorkflowView
from eventstore.recorder.event_ids import event_id
from services.client.client import connected
from services.client.pipeline import pipeline
from services.local.postgres import OWNER, RUNTIME, Postgres
from services.process import collect_seldom
from workflows.converter import DATA_CONVERTER

OUT = Path(__file__).parent / "out" / "spine.json"
IN_FLIGHT = 64
COMMANDS = 6_000
WATCH_RATE = 500
WATCH_SECONDS = 6
REACTIONS = 20
QUIET_S = 3.0


async def measure(at: Place) -> dict[str, float]:
    """Take every figure once, in an order that keeps them out of each other's way."""
    incidents = [await at.open_incident() for _ in range(IN_FLIGHT)]
    await asyncio.sleep(QUIET_S)
    dsn = Postgres(at.stack.folder).dsn
    temporal = f"127.0.0.1:{at.stack.ports.temporal}"
    figures = {"cold_start_s": at.cold_start_s}
    steps: list[tuple[str, Callable[[], Awaitable[float]], int]] = [
        ("reaction_p50_ms", lambda: reaction_p50_ms(at, incidents[0], temporal), 1),
        ("watch_p99_ms", lambda: watch_p99_ms(at, incidents[2]), 1),
        ("commands_per_s_one_incident", lambda: commands_per_s(at, incidents[3:4]), 3),
        ("commands_per_s_64_incidents", lambda: commands_per_s(at, incidents), 3),
        ("unary_per_s_one_incident", lambda: unary_commands_per_s(at, incidents[4:5]), 1),
        ("unary_per_s_64_incidents", lambda: unary_commands_per_s(at, incidents), 1),
        ("empty_calls_per_s", echoes_per_s, 1),
        ("fold_100k_s", lambda: fold_100k_s(dsn(RUNTIME)), 1),
    ]
    figures |= await one_at_a_time_ms(at, incidents[1], dsn(OWNER), temporal)
    for key in ("command_p50_ms", "temporal_update_p50_ms", "limit_p50_ms"):
        sys.stderr.write(f"{key} = {figures[key]:.3f}\n")
    for key, take, times in steps:
        seen = []
        for _ in range(times):
            seen.append(await take())
            await asyncio.sleep(QUIET_S)
        figures[key] = median(seen)
        sys.stderr.write(f"{key} = {', '.join(f'{one:.3f}' for one in seen)}\n")
    return figures | await states_at_100k_ms(at, dsn(RUNTIME))


async def one_at_a_time_ms(at: Place, incident: str, dsn: str, temporal: str) -> dict[str, float]:
    """Return the medians of a command, of a bare update, and of a bare call with an insert."""
    call, caller = at.ask("RecordDamage"), at.caller("commander")
    async with empty_call() as empty, bare_insert(dsn) as insert, bare_update(temporal) as update:
        found = await medians_ms(
            {
                "command": lambda number: call(damage(incident, number), metadata=caller),
                "update": update,
                "empty": empty,
                "insert": insert,
            }
        )
    return {
        "command_p50_ms": found["command"],
        "temporal_update_p50_ms": found["update"],
        "limit_p50_ms": found["empty"] + found["insert"],
    }


async def commands_per_s(at: Place, incidents: Sequence[str]) -> float:
    """Return how many commands a second are answered with 64 in flight over one stream."""
    left = iter(_damages(incidents))
    token = at.stack.token("commander")
    async with connected(at.stack.api, token) as client, pipeline(client) as line:

        async def ask() -> None:
            for request in left:
                command = incident_service_pb2.Command()
                command.record_damage.MergeFromString(request)
                answer = await line.submit(command)
                assert answer.WhichOneof("outcome") == "receipt", answer

        return await _rate(ask)


async def unary_commands_per_s(at: Place, incidents: Sequence[str]) -> float:
    """Return the same with a call of its own for each command."""
    call, caller = at.ask("RecordDamage"), at.caller("commander")
    left = iter(_damages(incidents))

    async def ask() -> None:
        for request in left:
            await call(request, metadata=caller)

    return await _rate(ask)


async def echoes_per_s() -> float:
    """Return how many empty calls a second are answered with 64 in flight: the limit of unary."""
    async with empty_service() as address, grpc.aio.insecure_channel(address) as channel:
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(EMPTY)
        left = iter(range(COMMANDS))

        async def ask() -> None:
            for _ in left:
                await call(b"")

        return await _rate(ask)


def _damages(incidents: Sequence[str]) -> list[bytes]:
    begin = time.time_ns()
    return [damage(incidents[n % len(incidents)], begin + n) for n in range(COMMANDS)]


async def _rate(ask: Callable[[], Awaitable[None]]) -> float:
    begun = time.perf_counter()
    await asyncio.gather(*(ask() for _ in range(IN_FLIGHT)))
    return COMMANDS / (time.perf_counter() - begun)


async def watch_p99_ms(at: Place, incident: str) -> float:
    """Return the 99th percentile from sending a command to seeing its event, at a steady rate."""
    stub = incident_service_pb2_grpc.IncidentServiceStub(at.channel)
    watching = stub.WatchIncidents(
        incident_service_pb2.WatchIncidentsRequest(incident_id=incident),
        metadata=at.caller("auditor"),
    )
    call, caller = at.ask("RecordDamage"), at.caller("commander")
    sent: dict[str, float] = {}
    seen: list[float] = []
    total = WATCH_RATE * WATCH_SECONDS

    async def watch() -> None:
        async for step in watching:
            now = time.perf_counter()
            ids = [event.event_id for event in step.events.events]
            seen.extend(now - sent.pop(event_id) for event_id in ids if event_id in sent)
            if len(seen) == total:
                return

    watcher = asyncio.create_task(watch())
    await asyncio.sleep(0.5)
    begin, number_from, asked = time.perf_counter(), time.time_ns(), []
    for number in range(total):
        await asyncio.sleep(max(0.0, begin + number / WATCH_RATE - time.perf_counter()))
        request = damage(incident, number_from + number)
        command = incident_service_pb2.Command.FromString(b"")
        command.record_damage.ParseFromString(request)
        first = str(event_id(UUID(command.record_damage.context.command_id), 0))
        sent[first] = time.perf_counter()
        asked.append(asyncio.ensure_future(call(request, metadata=caller)))
    await asyncio.gather(*asked)
    await asyncio.wait_for(watcher, 10)
    watching.cancel()
    return quantiles(seen, n=100)[98] * 1_000


async def reaction_p50_ms(at: Place, incident: str, temporal: str) -> float:
    """Return the median from a command's answer until its workflow knows of it, one by one."""
    client = await Client.connect(temporal, data_converter=DATA_CONVERTER)
    handle = client.get_workflow_handle(f"incident/{incident}")
    call, caller = at.ask("RecordDamage"), at.caller("commander")
    times = []
    for number in range(REACTIONS):
        receipt = await call(damage(incident, number), metadata=caller)
        begun = time.perf_counter()
        while True:
            known = await handle.query("standing", result_type=WorkflowView)
            if known.version >= receipt.version:
                break
            await asyncio.sleep(0.002)
        times.append(time.perf_counter() - begun)
        await asyncio.sleep(0.3)
    return median(times) * 1_000


def show(figures: dict[str, float]) -> None:
    """Print the table."""
    width = max(len(goal.what) for goal in GOALS)
    for goal in GOALS:
        verdict = "" if not goal.reach else ("  met" if goal.is_met(figures) else "  NOT MET")
        print(f"{goal.what:<{width}}  {figures[goal.key]:>10.2f}  {goal.reach}{verdict}")


async def main() -> None:
    """Measure, show, and write down."""
    async with place() as at:
        figures = await measure(at)
    show(figures)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(f"written to {OUT}")


if __name__ == "__main__":
    collect_seldom()  # as the processes do that are measured
    uvloop.run(main())
