"""A real SMTP server that keeps every mail as a file, so that nothing leaves the machine."""

from __future__ import annotations

import asyncio
import email
import signal
import sys
import time
from email.message import Message
from email.policy import default
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from services.runtime import readiness

MAIL_BYTES_MAX = 1_000_000


class Keeper:
    """Writes each mail, whole or not at all, before it is acknowledged."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        self._count += 1
        name = f"{time.time_ns()}-{self._count:04d}"
        part = self._folder / f"{name}.part"
        recipients = ", ".join(envelope.rcpt_tos).encode()
        content = envelope.original_content or b""
        part.write_bytes(b"X-Envelope-To: " + recipients + b"\r\n" + content)
        part.replace(self._folder / f"{name}.eml")
        return "250 kept"


def kept(folder: Path) -> list[Message]:
    """Return the mails that were kept, oldest first."""
    return [
        email.message_from_bytes(file.read_bytes(), policy=default)
        for file in sorted(folder.glob("*.eml"))
    ]


async def serve(folder: Path, port: int) -> None:
    """Take mail until told to stop."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stopped.set)
    keeper = Keeper(folder)
    server = await loop.create_server(
        lambda: SMTP(keeper, data_size_limit=MAIL_BYTES_MAX, hostname="muster", loop=loop),
        "127.0.0.1",
        port,
    )
    readiness.announce()
    async with server:
        await stopped.wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
