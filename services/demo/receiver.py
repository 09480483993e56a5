"""The other end of a webhook: takes calls, believes only signed ones, counts each key once."""

from __future__ import annotations

import hmac
import json
import threading
import time
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from activities.notification.channels.webhook_signatures import Secrets

AGE_MAX_S = 300
"""A call that was signed longer ago is refused: somebody may be repeating it."""

BODY_BYTES_MAX = 64 * 1024


@dataclass
class Received:
    """What came in."""

    secrets: Secrets
    port: int = 0
    by_key: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The first call of each message's key: its path and its body."""
    calls: int = 0
    refused: list[str] = field(default_factory=list)
    """Why calls were not believed."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def url(self, who: str) -> str:
        """Return where somebody's calls go."""
        return f"http://127.0.0.1:{self.port}/{who}"

    def take(self, path: str, headers: Any, body: bytes) -> HTTPStatus:
        """Take a call in, if it is signed with the secret of whom it is for, and fresh."""
        cause = _wrong(self.secrets.of(path.removeprefix("/")), headers, body)
        with self.lock:
            if cause:
                self.refused.append(cause)
                return HTTPStatus.UNAUTHORIZED
            self.calls += 1
            said = json.loads(body)
            self.by_key.setdefault(said["key"], {"path": path, **said})
        return HTTPStatus.NO_CONTENT


@contextmanager
def receiving(secrets: Secrets) -> Iterator[Received]:
    """Receive webhooks on a free port of this machine."""
    received = Received(secrets)

    class Call(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = min(int(self.headers.get("Content-Length", 0)), BODY_BYTES_MAX)
            status = received.take(self.path, self.headers, self.rfile.read(length))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Call)
    received.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _wrong(secrets: Iterable[bytes], headers: Any, body: bytes) -> str:
    """Return why a call is not believed, as Standard Webhooks has it; nothing when it is."""
    message, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    signed = f"{message}.{timestamp}.".encode() + body
    ours = [f"v1,{b64encode(hmac.digest(one, signed, 'sha256')).decode()}" for one in secrets]
    given = headers.get("webhook-signature", "").split(" ")
    if not any(hmac.compare_digest(one, other) for one in ours for other in given):
        return "the signature is not ours"
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > AGE_MAX_S:
        return "it was signed too long ago"
    return ""
