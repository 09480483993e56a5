"""The other end of a webhook: takes calls, believes only signed ones, counts each key once."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

AGE_MAX_S = 300
"""A call that was signed longer ago is refused: somebody may be repeating it."""

BODY_BYTES_MAX = 64 * 1024


@dataclass
class Received:
    """What came in."""

    secret: bytes
    port: int = 0
    by_key: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The first call of each idempotency key: its path and its body."""
    calls: int = 0
    refused: list[str] = field(default_factory=list)
    """Why calls were not believed."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def url(self, who: str) -> str:
        """Return where somebody's calls go."""
        return f"http://127.0.0.1:{self.port}/{who}"

    def take(self, path: str, headers: Any, body: bytes) -> HTTPStatus:
        """Take a call in, if it is signed with our secret and fresh."""
        cause = _wrong(self.secret, headers, body)
        with self.lock:
            if cause:
                self.refused.append(cause)
                return HTTPStatus.UNAUTHORIZED
            self.calls += 1
            self.by_key.setdefault(headers["Idempotency-Key"], {"path": path, **json.loads(body)})
        return HTTPStatus.NO_CONTENT


@contextmanager
def receiving(secret: bytes) -> Iterator[Received]:
    """Receive webhooks on a free port of this machine."""
    received = Received(secret)

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


def _wrong(secret: bytes, headers: Any, body: bytes) -> str:
    """Return why a call is not believed; nothing when it is."""
    timestamp = headers.get("Muster-Timestamp", "")
    given = headers.get("Muster-Signature", "")
    signed = hmac.new(secret, f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(given, f"v1={signed}"):
        return "the signature is not ours"
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > AGE_MAX_S:
        return "it was signed too long ago"
    return "" if headers.get("Idempotency-Key") else "it has no idempotency key"
