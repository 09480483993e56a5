"""A client that begins many calls and sends nothing: `python -m tests.api.holding ADDRESS CALLS …`.

Each further argument is a way to hold calls, with a token after a colon where one is shown. Prints
a line when all have begun, and holds them until its standard input ends.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import grpc

CONNECTIONS = 10
"""Of each way."""

METHODS = {
    "alarm": "/muster.v1.IncidentService/ReportAlarm",
    "get": "/muster.v1.IncidentService/GetIncident",
    "watch": "/muster.v1.IncidentService/WatchIncidents",
    "stream": "/muster.v1.IncidentService/SubmitStream",
    "none": "/muster.v1.IncidentService/Levitate",
    "check": "/grpc.health.v1.Health/Check",
    "health-watch": "/grpc.health.v1.Health/Watch",
    "reflection": "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
}


async def hold(address: str, calls: int, ways: list[str]) -> None:
    """Begin so many calls of each way."""
    channels, held = [], []
    for way in ways:
        name, _, token = way.partition(":")
        said = (("authorization", f"Bearer {token}"),) if token else ()
        for _ in range(CONNECTIONS):
            channel = grpc.aio.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)])
            channels.append(channel)
            method: Any = channel.stream_stream(METHODS[name])
            held += [method(metadata=said) for _ in range(calls // CONNECTIONS)]
    await asyncio.gather(*(channel.channel_ready() for channel in channels))
    await asyncio.sleep(1)
    sys.stdout.write(f"{len(held)}\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(hold(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
