"""What the same path costs without Muster in it: a bare Temporal update, a call and an insert."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from statistics import median
from typing import Any

import asyncpg
import grpc
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

ROUNDS = 60
TURNS = 6
EMPTY = "/bench.Empty/Call"


@workflow.defn
class Bare:
    """Takes updates and does nothing with them."""

    def __init__(self) -> None:
        self._over = False

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: self._over)

    @workflow.update
    def change(self, number: int) -> int:
        return number


Ask = Callable[[int], Awaitable[object]]
"""Asks once; the number is another one each time."""


@asynccontextmanager
async def bare_update(address: str) -> AsyncIterator[Ask]:
    """Offer a bare Temporal update, worker and client in this process."""
    client = await Client.connect(address)
    queue = f"bench-{time.time_ns()}"
    async with Worker(
        client, task_queue=queue, workflows=[Bare], workflow_runner=UnsandboxedWorkflowRunner()
    ):
        handle = await client.start_workflow(Bare.run, id=queue, task_queue=queue)
        yield lambda number: handle.execute_update(Bare.change, number)
        await handle.terminate()


@asynccontextmanager
async def empty_call() -> AsyncIterator[Ask]:
    """Offer an empty gRPC call to another process."""
    async with empty_service() as address, grpc.aio.insecure_channel(address) as channel:
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(EMPTY)
        yield lambda _: call(b"")


@asynccontextmanager
async def bare_insert(dsn: str) -> AsyncIterator[Ask]:
    """Offer an insert of one row, with its commit."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("CREATE TABLE IF NOT EXISTS public.bench (n int, t text)")
        insert = "INSERT INTO public.bench VALUES ($1, $2)"
        yield lambda number: connection.execute(insert, number, "x" * 220)
        await connection.execute("DROP TABLE public.bench")
    finally:
        await connection.close()


async def medians_ms(asks: Mapping[str, Ask]) -> dict[str, float]:
    """Return the median time of each, one question after another, in milliseconds.

    They take turns, so that what else the machine does meets all of them alike.
    """
    times: dict[str, list[float]] = {name: [] for name in asks}
    for turn in range(-1, TURNS):
        for name, ask in asks.items():
            for number in range(ROUNDS):
                begun = time.perf_counter()
                await ask(turn * ROUNDS + number)
                times[name].append(time.perf_counter() - begun)
    return {name: median(taken[ROUNDS:]) * 1_000 for name, taken in times.items()}


@asynccontextmanager
async def empty_service() -> AsyncIterator[str]:
    """Run a service that answers empty calls, in a process of its own; return its address."""
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.limits", stdout=asyncio.subprocess.PIPE
    )
    assert server.stdout is not None
    try:
        port = int(await server.stdout.readline())
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        await server.wait()


async def _serve_empty() -> None:
    server = grpc.aio.server()

    async def answer(_request: bytes, _context: object) -> bytes:
        return b""

    handlers: dict[str, Any] = {"Call": grpc.unary_unary_rpc_method_handler(answer)}
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("bench.Empty", handlers)])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await server.wait_for_termination()


if __name__ == "__main__":
    import uvloop

    uvloop.run(_serve_empty())
