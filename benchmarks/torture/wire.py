"""A wire between a client and PostgreSQL that can be listened to, cut, and held up."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlsplit

READ_BYTES = 65_536
HOST = "127.0.0.1"
RESET_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER: on, for no time, so that closing sends a reset."""


class Way(StrEnum):
    """Where bytes go."""

    TO = "to PostgreSQL"
    FROM = "from PostgreSQL"


class Spot(NamedTuple):
    """A place in the conversation: behind so many bytes of one way of one connection."""

    connection: int
    way: Way
    after: int


class Cut(NamedTuple):
    """Where to cut, and how the client gets to know: by an end, or by a reset."""

    spot: Spot
    reset: bool = False


@dataclass
class Wire:
    """Carries TCP connections to a server's socket, each numbered from 0."""

    socket: Path
    port: int = 0
    connections: int = 0
    heard: dict[tuple[int, Way], bytearray] | None = None
    """What went each way, while somebody listens."""
    cut: Cut | None = None
    """Where to cut next; None once it was cut."""
    hold_at: Spot | None = None
    """Where everything comes to a standstill, both ways and on all connections."""
    carried: dict[tuple[int, Way], int] = field(default_factory=dict)
    """How many bytes went each way so far."""
    _free: asyncio.Event = field(default_factory=asyncio.Event)

    def dsn(self, direct: str) -> str:
        """Return the address of a database by way of this wire."""
        parts = urlsplit(direct)
        who = f"{parts.username}:{quote(parts.password or '', safe='%')}"
        return f"postgresql://{who}@{HOST}:{self.port}{parts.path}"

    @property
    def held(self) -> bool:
        """Tell whether nothing is carried now."""
        return not self._free.is_set()

    def hold(self) -> None:
        """Carry nothing from now on, but keep what comes."""
        self._free.clear()

    def release(self) -> None:
        """Carry on, beginning with what was kept."""
        self.hold_at = None
        self._free.set()

    def begin_anew(self) -> None:
        """Call the next connection number 0."""
        self.connections = 0
        self.carried.clear()

    async def carry(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """Carry one connection until one of its ends is closed or it is cut."""
        number = self.connections
        self.connections += 1
        try:
            far, there = await asyncio.open_unix_connection(self.socket)
        except OSError:
            _end(back, reset=True)
            return
        try:
            with contextlib.suppress(OSError):
                await asyncio.gather(
                    self._carry(number, Way.TO, near, there, back),
                    self._carry(number, Way.FROM, far, back, back),
                )
        finally:
            _end(back, reset=False)
            _end(there, reset=False)

    async def _carry(
        self,
        number: int,
        way: Way,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        client: asyncio.StreamWriter,
    ) -> None:
        """Carry one way; raises ConnectionResetError where it is cut."""
        data = b""
        while True:
            self._cut_here(number, way, client)
            data = data or await source.read(READ_BYTES)
            await self._free.wait()
            if not data:
                with contextlib.suppress(OSError):
                    sink.write_eof()
                return
            piece, data = self._divided(number, way, data)
            sink.write(piece)
            await sink.drain()
            self.carried[number, way] = self.carried.get((number, way), 0) + len(piece)
            if self.heard is not None:
                self.heard.setdefault((number, way), bytearray()).extend(piece)
            if self.hold_at == Spot(number, way, self.carried[number, way]):
                self.hold()

    def _divided(self, number: int, way: Way, data: bytes) -> tuple[bytes, bytes]:
        """Divide bytes at the next spot where something is to happen."""
        spots = [self.hold_at, self.cut.spot if self.cut else None]
        carried = self.carried.get((number, way), 0)
        ahead = [
            spot.after - carried
            for spot in spots
            if spot and (spot.connection, spot.way) == (number, way) and spot.after > carried
        ]
        first = min([len(data), *ahead])
        return data[:first], data[first:]

    def _cut_here(self, number: int, way: Way, client: asyncio.StreamWriter) -> None:
        here = Spot(number, way, self.carried.get((number, way), 0))
        if self.cut is None or self.cut.spot != here:
            return
        reset, self.cut = self.cut.reset, None
        _end(client, reset=reset)
        raise ConnectionResetError


@asynccontextmanager
async def wire(to: Path) -> AsyncIterator[Wire]:
    """Open a wire to a server's socket, and end whatever it carries afterwards."""
    made = Wire(to)
    made.release()
    carrying: set[asyncio.Task[None]] = set()

    def carry(near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(made.carry(near, back))
        carrying.add(task)
        task.add_done_callback(carrying.discard)

    server = await asyncio.start_server(carry, HOST, 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        for task in carrying:
            task.cancel()
        await asyncio.gather(*carrying, return_exceptions=True)


def boundaries(to: bytes, back: bytes) -> dict[Way, list[int]]:
    """Return behind how many bytes of each way a message ends."""
    asks_for_tls = to[4:8] == struct.pack(">i", 80877103)
    untyped = 2 if asks_for_tls else 1
    return {
        Way.TO: ends(to, untyped=untyped),
        Way.FROM: [1, *ends(back, begin=1)] if asks_for_tls else ends(back),
    }


def ends(carried: bytes, *, begin: int = 0, untyped: int = 0) -> list[int]:
    """Follow the lengths: `untyped` messages have no letter in front."""
    found: list[int] = []
    at = begin
    while at + 4 < len(carried):
        letter = 0 if len(found) < untyped else 1
        (length,) = struct.unpack_from(">i", carried, at + letter)
        at += letter + length
        found.append(at)
    return found


def _end(stream: asyncio.StreamWriter, *, reset: bool) -> None:
    """Close a connection: in order, or as a network does that forgot it."""
    plug = stream.get_extra_info("socket")
    if reset and plug is not None and plug.family != socket.AF_UNIX:
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_ONCE)
        stream.transport.abort()
    else:
        stream.close()
