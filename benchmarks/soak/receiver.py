"""Whoever is called: an HTTP server on this machine that takes a while for each webhook.

`python -m benchmarks.soak.receiver SECONDS` prints its port, and answers until it is ended.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

ANSWER = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"
BACKLOG = 1_024
LENGTH = b"content-length:"


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


async def _serve(seconds: float) -> None:
    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await reader.readexactly(_length(head))
                await asyncio.sleep(seconds)
                writer.write(ANSWER)
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0, backlog=BACKLOG)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def _length(head: bytes) -> int:
    lines = (line.lower() for line in head.split(b"\r\n"))
    return next((int(line[len(LENGTH) :]) for line in lines if line.startswith(LENGTH)), 0)


if __name__ == "__main__":
    import uvloop

    uvloop.run(_serve(float(sys.argv[1])))
