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
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from typing import NamedTuple
from urllib.parse import SplitResult

import httpx2
from pydantic import SecretStr

from activities.notification.message import Written
from activities.notification.outcome import Failed, Undelivered
from activities.notification.signing import Secrets, SecretsUnusable, signatures
from activities.notification.special_addresses import is_public
from domain.directory.address import NoAddress, web_address

NO_URL = "webhook: the address is no http or https URL"

TRY_LATER = frozenset({408, 409, 425, 429})
SERVER_FAULT = 500
OK = range(200, 300)

RESOLVERS = ThreadPoolExecutor(8, thread_name_prefix="webhook-resolver")
"""Look host names up. A pool of their own: names that nobody answers for must not keep mail, which
shares the usual one, from finding its server."""


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
        raise Undelivered(f"webhook: no answer within {rules.timeout_seconds:g} s") from None
    except httpx2.InvalidURL:
        raise Failed(NO_URL) from None
    except httpx2.HTTPError as error:
        raise Undelivered(f"webhook: {type(error).__name__}") from None
    if answer.status in OK:
        return
    text = f"webhook answered {answer.status}"
    if answer.status in TRY_LATER or answer.status >= SERVER_FAULT:
        raise Undelivered(text, pause_s=_pause(answer.retry_after))
    raise Failed(text)


class _Answer(NamedTuple):
    """What a receiver said, as far as it matters."""

    status: int
    retry_after: str


async def _posted(rules: WebhookRules, parts: SplitResult, message: Written) -> _Answer:
    """Post a message; take the answer's head, and nothing of its body.

    Whoever is called may send a body without end, or one that unpacks to more than there is
    memory: it is not asked for, not read and not unpacked. The connection is closed.
    """
    address = await _resolved(parts, rules)
    host = f"[{address}]" if ":" in address else address
    pinned = parts._replace(netloc=f"{host}:{parts.port}" if parts.port else host).geturl()
    body = _body(message)
    headers = {**_headers(rules, message, body), "Host": parts.netloc}
    named = {"sni_hostname": parts.hostname or ""}
    async with (
        httpx2.AsyncClient(
            timeout=None, follow_redirects=False, trust_env=False, verify=_authorities()
        ) as client,
        client.stream("POST", pinned, content=body, headers=headers, extensions=named) as answer,
    ):
        return _Answer(answer.status_code, answer.headers.get("Retry-After", ""))


@cache
def _authorities() -> ssl.SSLContext:
    """Return whose certificates are believed: read once, since that takes 20 ms of the worker."""
    return httpx2.create_ssl_context(trust_env=False)


def _headers(rules: WebhookRules, message: Written, body: bytes) -> dict[str, str]:
    """Return what is said beside a message. Raises Undelivered without anything to sign with."""
    signed_at = int(rules.now().timestamp())
    try:
        keys = rules.secrets.of(message.to)
    except SecretsUnusable:
        raise Undelivered("webhook: the receiver's secrets can't be read") from None
    said = {
        "Accept-Encoding": "identity",
        "Connection": "close",
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


async def _resolved(parts: SplitResult, rules: WebhookRules) -> str:
    """Return the address that is called, looked at before anything is sent: no second look-up."""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    look_up = partial(socket.getaddrinfo, parts.hostname, port, type=socket.SOCK_STREAM)
    try:
        found = await asyncio.get_running_loop().run_in_executor(RESOLVERS, look_up)
    except UnicodeError:
        raise Failed(NO_URL) from None
    except OSError:
        raise Undelivered("webhook: the host name can't be resolved") from None
    addresses = [str(entry[4][0]) for entry in found]
    if not rules.allow_private_networks and not all(map(is_public, addresses)):
        raise Failed("webhook: the address is in a private network, which settings don't allow")
    return addresses[0]


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
