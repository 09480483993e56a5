"""Whoever is called: an HTTP server on this machine that takes a while for each webhook.

`python -m benchmarks.soak.receiver SECONDS` prints its port, and answers until it is ended.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

ANSWER = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"
BACKLOG = 1_024
LENGTH = b"content-length:"
HEAD_END = b"\r\n\r\n"


@asynccontextmanager
async def receiving(seconds: float) -> AsyncIterator[str]:
    """Receive webhooks in a process of its own; return where."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "benchmarks.soak.receiver", str(seconds)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(await process.stdout.readline())}"
    finally:
        process.terminate()
        await process.wait()


class _Taking(asyncio.Protocol):
    """Takes whole requests on a connection, one after another, each for a while."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._came = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with nothing read."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer once a request is there to its last byte; who stops before gets no answer."""
        self._came += data
        while (end := self._came.find(HEAD_END)) >= 0:
            rest = end + len(HEAD_END) + _length(self._came[:end])
            if len(self._came) < rest:
                return
            self._came = self._came[rest:]
            asyncio.get_running_loop().call_later(self._seconds, self._transport.write, ANSWER)


async def _serve(seconds: float) -> None:
    server = await asyncio.get_running_loop().create_server(
        lambda: _Taking(seconds), "127.0.0.1", 0, backlog=BACKLOG
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def _length(head: bytes) -> int:
    lines = (line.lower() for line in head.split(b"\r\n"))
    return next((int(line[len(LENGTH) :]) for line in lines if line.startswith(LENGTH)), 0)


if __name__ == "__main__":
    import uvloop

    uvloop.run(_serve(float(sys.argv[1])))
