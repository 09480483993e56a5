"""Who gets what the hands send: a real SMTP server and a real HTTP server."""

from __future__ import annotations

import asyncio
import email
from contextlib import asynccontextmanager
from email.policy import default
from typing import TYPE_CHECKING, NamedTuple

from aiosmtpd.smtp import SMTP, Envelope, Session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from email.message import EmailMessage

TAKEN = "250 taken"


class Mailbox:
    """Takes mail, or says what it was told to say."""

    def __init__(self) -> None:
        self.port = 0
        self.kept: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.answers: list[str] = []
        """What is said to the next recipients; then each is taken."""
        self.silent = False
        """Whether whoever calls gets no answer at all."""

    def protocol(self) -> asyncio.Protocol:
        """Return what talks to the next caller."""
        loop = asyncio.get_running_loop()
        return asyncio.Protocol() if self.silent else SMTP(self, hostname="test", loop=loop)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's signature
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Answer for a recipient."""
        self.recipients.append(address)
        answer = self.answers.pop(0) if self.answers else TAKEN
        if answer == TAKEN:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep a mail."""
        content = envelope.original_content or b""
        self.kept.append(email.message_from_bytes(content, policy=default))
        return TAKEN


@asynccontextmanager
async def mailbox() -> AsyncIterator[Mailbox]:
    """Run an SMTP server on a free port."""
    box, loop = Mailbox(), asyncio.get_running_loop()
    server = await loop.create_server(box.protocol, "127.0.0.1", 0, backlog=512)
    box.port = server.sockets[0].getsockname()[1]
    async with server:
        yield box


class Post(NamedTuple):
    """A request as it came in."""

    path: str
    headers: dict[str, str]
    """By name in lower case."""
    body: bytes
    at: float


class Hook:
    """Takes posts, or says what it was told to say."""

    def __init__(self) -> None:
        self.port = 0
        self.posts: list[Post] = []
        self.answers: list[str] = []
        """Status line and headers of the next answers; then each post is taken."""
        self.silent = False
        """Whether nobody gets an answer at all."""

    @property
    def url(self) -> str:
        """Where to post to."""
        return f"http://localhost:{self.port}/hook?key=1"

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one request and answer it."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(_field(line) for line in head[1:] if line)
        body = await reader.readexactly(int(headers["content-length"]))
        now = asyncio.get_running_loop().time()
        self.posts.append(Post(head[0].split()[1], headers, body, now))
        if self.silent:
            await reader.read()
        answer = self.answers.pop(0) if self.answers else "200 OK"
        writer.write(f"HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.lower(), value.strip()


@asynccontextmanager
async def hook() -> AsyncIterator[Hook]:
    """Run an HTTP server on a free port of the loopback address."""
    made = Hook()
    server = await asyncio.start_server(made.take, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made


class Talker:
    """Answers each call with some bytes, and counts how many went out."""

    def __init__(self, said: Iterator[bytes], pause_s: float) -> None:
        self.url = ""
        self.sent = 0
        self.heads: list[bytes] = []
        self._said = said
        self._pause_s = pause_s

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer a call."""
        self.heads.append(await reader.readuntil(b"\r\n\r\n"))
        try:
            for part in self._said:
                writer.write(part)
                await writer.drain()
                self.sent += len(part)
                await asyncio.sleep(self._pause_s)
        except ConnectionError:
            return
        finally:
            writer.close()


@asynccontextmanager
async def talking(said: Iterator[bytes], pause_s: float = 0.0) -> AsyncIterator[Talker]:
    """Run a server that answers with some bytes, as long as anybody takes them."""
    talker = Talker(said, pause_s)
    server = await asyncio.start_server(talker.take, "127.0.0.1", 0)
    talker.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server:
        yield talker


class Silence:
    """Accepts every call and never says a word."""

    def __init__(self) -> None:
        self.port = 0
        self.calls = 0
        self.at_once = 0
        self.most_at_once = 0

    @property
    def url(self) -> str:
        """Where nobody answers."""
        return f"http://127.0.0.1:{self.port}/"

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Listen until the other side gives up."""
        self.calls += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await reader.read()
        except ConnectionError:
            return
        finally:
            self.at_once -= 1
            writer.close()


@asynccontextmanager
async def silence() -> AsyncIterator[Silence]:
    """Run a server that hangs."""
    made = Silence()
    server = await asyncio.start_server(made.take, "127.0.0.1", 0, backlog=512)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made
