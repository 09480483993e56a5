"""Webhooks: signed, never sent to an inner network unless allowed, recognisable when sent twice.

A receiver verifies the headers `webhook-id`, `webhook-timestamp` and `webhook-signature` with any
library of Standard Webhooks and its own secret, and treats the same `webhook-id` as one message.

The headers before those, `Muster-Timestamp`, `Muster-Signature` (`v1=` and the hexadecimal
HMAC-SHA256 of timestamp, dot and body, by one secret for all) and `Idempotency-Key`, end with 1.0.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import h11
from pydantic import SecretStr

from activities.notification.channels.http_exchange import UNUSABLE, Answer, Server, post
from activities.notification.channels.resolver import Resolver
from activities.notification.channels.special_addresses import is_public
from activities.notification.channels.webhook_signatures import Secrets, SecretsUnusable, signatures
from activities.notification.message import Written
from activities.notification.outcome import Failed, Unanswered, Undelivered
from domain.directory.address import NoAddress, web_address

NO_URL = "webhook: the address is no http or https URL"

TRY_LATER = frozenset({408, 409, 425, 429})
SERVER_FAULT = 500
OK = range(200, 300)
HTTP_PORT, HTTPS_PORT = 80, 443

A_LONE_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
AS_THEY_ARE: Final = "%!$&'()*+,;=:@/?"
"""What has a meaning in a path or a query (RFC 3986, 3.3 and 3.4)."""

if TYPE_CHECKING:
    import ssl
    from urllib.parse import SplitResult

    from activities.notification.channels.resolver import Found


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class WebhookRules:
    """How webhooks are signed, and where they may go."""

    secrets: Secrets
    allow_private_networks: bool
    timeout_seconds: float
    shared_secret: SecretStr | None = None
    """Of the headers that are going to end; they are not sent without it."""
    now: Callable[[], datetime] = _now
    """Says when a message was signed; receivers refuse what is minutes off."""
    resolver: Resolver = field(default_factory=Resolver)
    """A pool of its own: names that nobody answers for must keep nothing else from a thread."""


def shared_signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return the value of the header `Muster-Signature`."""
    signed = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1={signed.hexdigest()}"


async def send(rules: WebhookRules, url: str, message: Written) -> None:
    """Post a message. Raises Failed for good, Undelivered when it may yet work."""
    try:
        parts = web_address(url)
    except NoAddress:
        raise Failed(NO_URL) from None
    try:
        async with asyncio.timeout(rules.timeout_seconds):
            answer = await _posted(rules, parts, message)
    except TimeoutError:
        raise Unanswered(f"webhook: no answer within {rules.timeout_seconds:g} s") from None
    except h11.LocalProtocolError:
        raise Failed(NO_URL) from None
    except UNUSABLE as error:
        raise Undelivered(f"webhook: {type(error).__name__}", was_heard=True) from None
    if answer.status in OK:
        return
    text = f"webhook answered {answer.status}"
    if answer.status in TRY_LATER or answer.status >= SERVER_FAULT:
        raise Undelivered(text, pause_s=_pause(answer.retry_after), was_heard=True)
    raise Failed(text, was_heard=True)


def host_of(url: str) -> str:
    """Return the host and port that an address leads to; nothing if it is no address."""
    try:
        parts = web_address(url)
    except NoAddress:
        return ""
    return f"{parts.hostname}:{_port(parts)}"


def _port(parts: SplitResult) -> int:
    return parts.port or (HTTPS_PORT if parts.scheme == "https" else HTTP_PORT)


async def _posted(rules: WebhookRules, parts: SplitResult, message: Written) -> Answer:
    """Post a message to where its address leads now."""
    secured = parts.scheme == "https"
    port = _port(parts)
    host = parts.hostname or ""
    addresses = await _resolved(host, port, rules)
    body = _body(message)
    headers = {"Host": parts.netloc, **_headers(rules, message, body)}
    share_s = rules.timeout_seconds / (len(addresses) + 1)  # and as much for the answer
    server = Server(addresses, port, host, _authorities() if secured else None, share_s)
    return await post(server, _target(parts), headers, body)


def _target(parts: SplitResult) -> str:
    """Return path and query as they go out: in ASCII, what is encoded already as it is."""
    path = _encoded(parts.path) or "/"
    return f"{path}?{_encoded(parts.query)}" if parts.query else path


def _encoded(text: str) -> str:
    return quote(A_LONE_PERCENT.sub("%25", text), safe=AS_THEY_ARE)


@cache
def _authorities() -> ssl.SSLContext:
    """Return whose certificates are believed: read once, since that takes 20 ms of the worker."""
    import httpx2  # noqa: PLC0415 - takes 0.1 s and 15 MB, and only https needs it

    believed = httpx2.create_ssl_context(trust_env=False)
    believed.set_alpn_protocols(["http/1.1"])
    return believed


def _headers(rules: WebhookRules, message: Written, body: bytes) -> dict[str, str]:
    """Return what is said beside a message. Raises Undelivered without anything to sign with."""
    signed_at = int(rules.now().timestamp())
    try:
        keys = rules.secrets.of(message.to)
    except SecretsUnusable:
        raise Undelivered("webhook: the receiver's secrets can't be read") from None
    said = {
        "Accept-Encoding": "identity",
        "Content-Type": "application/json",
        "Idempotency-Key": message.key,
    }
    if keys:
        said["webhook-id"] = webhook_id(message.key)
        said["webhook-timestamp"] = str(signed_at)
        said["webhook-signature"] = signatures(keys, said["webhook-id"], signed_at, body)
    if rules.shared_secret is not None:
        shared = rules.shared_secret.get_secret_value()
        said["Muster-Timestamp"] = str(signed_at)
        said["Muster-Signature"] = shared_signature(shared, str(signed_at), body)
    if not keys and rules.shared_secret is None:
        raise Undelivered("webhook: there is no secret to sign with")
    return said


def webhook_id(key: str) -> str:
    """Return a message's id: the same each time it is sent, without the dot that ends an id."""
    return f"msg_{hashlib.sha256(key.encode()).hexdigest()[:40]}"


def _pause(retry_after: str) -> float:
    """Return the seconds that a receiver asked for. A date, the other form, is not waited for."""
    return float(retry_after) if retry_after.isascii() and retry_after.isdigit() else 0.0


async def _resolved(host: str, port: int, rules: WebhookRules) -> list[str]:
    """Return the addresses of a host, looked at before anything is sent: no second look-up."""
    try:
        found = _read(host, port) or await rules.resolver.addresses(host, port)
    except UnicodeError:
        raise Failed(NO_URL) from None
    except OSError:
        raise Undelivered("webhook: the host name can't be resolved") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not rules.allow_private_networks and not all(map(is_public, addresses)):
        raise Failed("webhook: the address is in a private network, which settings don't allow")
    return addresses


def _read(host: str, port: int) -> Found:
    """Return a host that is written as an address, in whichever way; nothing for a name."""
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        return []


def _body(message: Written) -> bytes:
    return json.dumps(
        {
            "key": message.key,
            "incident": message.incident,
            "message": message.message,
            "about": message.about,
            "exercise": message.exercise,
            "subject": message.subject,
            "body": message.body,
        },
        ensure_ascii=False,
    ).encode()
