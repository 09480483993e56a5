"""One HTTP/1.1 request on a connection of its own; of the answer only the head is read.

A receiver may send a body without end, or one that unpacks to more than there is memory: it is not
asked for, not read and not unpacked. h11 reads the head, within its bound of 16 KiB; a whole client
would cost ten times as much for each of ten thousand messages.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NamedTuple, cast

import h11

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping, Sequence

UNUSABLE: Final = (OSError, h11.ProtocolError)
"""What `post` raises when there is no answer: of the network, of TLS, or of what was said."""


class Server(NamedTuple):
    """Where a connection goes: to addresses that were looked at, whatever the name means by now."""

    addresses: Sequence[str]
    """Of one server, in the order in which they are tried."""
    port: int
    host_name: str
    """What its certificate must be for."""
    authorities: ssl.SSLContext | None
    """Who may have signed the certificate; None for plain HTTP."""
    next_after_s: float
    """How long an address has to take the connection before the next one is tried."""


class Answer(NamedTuple):
    """The head of an answer, as far as it matters."""

    status: int
    retry_after: str


async def post(server: Server, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """Post a body and return the head of the answer. Raises what is UNUSABLE; sets no time limit.

    The connection is cut then, also while the receiver still talks.
    """
    connection = h11.Connection(h11.CLIENT)
    fields = [*headers.items(), ("Connection", "close"), ("Content-Length", str(len(body)))]
    request = h11.Request(method="POST", target=target, headers=fields)
    parts = (connection.send(part) for part in (request, h11.Data(body), h11.EndOfMessage()))
    written = b"".join(part or b"" for part in parts)
    transport, exchange = await _connected(server, lambda: _Exchange(connection, written))
    try:
        return await exchange.answer
    finally:
        transport.abort()


async def _connected(
    server: Server, exchange: Callable[[], _Exchange]
) -> tuple[asyncio.Transport, _Exchange]:
    """Connect to the first address that takes it. Raises what the last one raises."""
    *others, last = server.addresses
    for address in others:
        try:
            async with asyncio.timeout(server.next_after_s):
                return await _connected_to(address, server, exchange)
        except OSError:  # also a timeout: nothing was sent
            continue
    return await _connected_to(last, server, exchange)


async def _connected_to(
    address: str, server: Server, exchange: Callable[[], _Exchange]
) -> tuple[asyncio.Transport, _Exchange]:
    secured = server.authorities is not None
    return await asyncio.get_running_loop().create_connection(
        exchange,
        address,
        server.port,
        ssl=server.authorities,
        server_hostname=server.host_name if secured else None,
    )


class _Exchange(asyncio.Protocol):
    """Writes a request as soon as there is a connection, and waits for the head of the answer."""

    def __init__(self, connection: h11.Connection, written: bytes) -> None:
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._connection = connection
        self._written = written

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).write(self._written)

    def data_received(self, data: bytes) -> None:
        self._read(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is None:
            self._read(b"")
        if not self.answer.done():
            self.answer.set_exception(exc or ConnectionError("closed without an answer"))

    def _read(self, data: bytes) -> None:
        """Take what came, until the head of the final answer is there."""
        if self.answer.done():
            return
        try:
            self._connection.receive_data(data)
            while isinstance(event := self._connection.next_event(), h11.InformationalResponse):
                pass
        except h11.ProtocolError as error:
            self.answer.set_exception(error)
            return
        if isinstance(event, h11.Response):
            found = (value for name, value in event.headers if name == b"retry-after")
            self.answer.set_result(Answer(event.status_code, next(found, b"").decode("latin-1")))
