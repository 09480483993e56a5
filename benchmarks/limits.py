"""What the same path costs without Muster in it: a bare Temporal update, a call and an insert."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from statistics import median
from typing import Any

import asyncpg
import grpc
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

ROUNDS = 300
WARM = 30
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


async def temporal_update_p50_ms(address: str) -> float:
    """Return the median of one bare update after another, worker and client in this process."""
    client = await Client.connect(address)
    queue = f"bench-{time.time_ns()}"
    async with Worker(
        client, task_queue=queue, workflows=[Bare], workflow_runner=UnsandboxedWorkflowRunner()
    ):
        handle = await client.start_workflow(Bare.run, id=queue, task_queue=queue)
        found = await median_ms(lambda number: handle.execute_update(Bare.change, number))
        await handle.terminate()
    return found


async def limit_p50_ms(dsn: str) -> float:
    """Return the median of an empty gRPC call to another process plus that of an insert."""
    async with empty_service() as address, grpc.aio.insecure_channel(address) as channel:
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(EMPTY)
        empty = await median_ms(lambda _: call(b""))
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("CREATE TABLE IF NOT EXISTS public.bench (n int, t text)")
        insert = "INSERT INTO public.bench VALUES ($1, $2)"
        row = await median_ms(lambda number: connection.execute(insert, number, "x" * 220))
        await connection.execute("DROP TABLE public.bench")
    finally:
        await connection.close()
    return empty + row


async def median_ms(ask: Callable[[int], Awaitable[object]]) -> float:
    """Return the median time of one question after another, in milliseconds."""
    for number in range(WARM):
        await ask(number)
    times = []
    for number in range(ROUNDS):
        begun = time.perf_counter()
        await ask(number)
        times.append(time.perf_counter() - begun)
    return median(times) * 1_000


@asynccontextmanager
async def empty_service() -> AsyncIterator[str]:
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
