"""Many commands at once over one stream: for programs that give thousands a second.

A call of its own costs each command more than recording it does. Here whatever is waiting goes
together, both ways, without lingering; a stream that breaks is begun again, and what was not yet
answered is sent again under its own ids, which record it once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import grpc
from muster.v1 import incident_service_pb2

from services.client.client import GOES_ON, RETRY

if TYPE_CHECKING:
    from services.client.client import Client

TOGETHER_MAX = 256
"""Commands in one message."""

Answer = incident_service_pb2.Answer


class _Asked(NamedTuple):
    command: incident_service_pb2.Command
    answer: asyncio.Future[Answer]


class Pipeline:
    """Gives commands, as many at once as somebody awaits."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._waiting: deque[_Asked] = deque()
        self._sent: deque[_Asked] = deque()
        self._wanted = asyncio.Event()
        self._broken: Exception | None = None

    async def submit(self, command: incident_service_pb2.Command) -> Answer:
        """Give a command and wait for its answer, a receipt or an error."""
        if self._broken is not None:
            raise self._broken
        asked = _Asked(command, asyncio.get_running_loop().create_future())
        self._waiting.append(asked)
        self._wanted.set()
        return await asked.answer

    async def run(self) -> None:
        """Keep a stream open, endlessly. Raises AioRpcError for what trying again can't mend."""
        failures = 0
        while True:
            try:
                await self._stream()
                failures = 0
            except grpc.aio.AioRpcError as error:
                if error.code() not in GOES_ON:
                    self._abandon(error)
                    raise
            self._waiting.extendleft(reversed(self._sent))
            self._sent.clear()
            if self._waiting:
                self._wanted.set()
            failures += 1
            await asyncio.sleep(RETRY.pause_s(failures))

    async def _stream(self) -> None:
        call = self._client.incidents.SubmitStream()
        writing = asyncio.create_task(self._write(call))
        try:
            while (response := cast("Any", await call.read())) is not grpc.aio.EOF:
                for answer in response.answers:
                    self._settle(answer)
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            call.cancel()

    async def _write(self, call: Any) -> None:
        """Send what is waiting; an empty message first, since the service waits for one briefly."""
        await call.write(incident_service_pb2.SubmitStreamRequest())
        while True:
            await self._wanted.wait()
            together = [
                self._waiting.popleft() for _ in range(min(len(self._waiting), TOGETHER_MAX))
            ]
            if not self._waiting:
                self._wanted.clear()
            self._sent.extend(together)
            commands = [asked.command for asked in together]
            await call.write(incident_service_pb2.SubmitStreamRequest(commands=commands))

    def _settle(self, answer: Answer) -> None:
        asked = self._sent.popleft()
        if not asked.answer.done():
            asked.answer.set_result(answer)

    def _abandon(self, error: Exception) -> None:
        self._broken = error
        for asked in (*self._sent, *self._waiting):
            if not asked.answer.done():
                asked.answer.set_exception(error)


@asynccontextmanager
async def pipeline(client: Client) -> AsyncIterator[Pipeline]:
    """Open a pipeline, and close it when everybody has their answer."""
    line = Pipeline(client)
    running = asyncio.create_task(line.run())
    try:
        yield line
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
