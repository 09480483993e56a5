"""Webhooks: signed, never sent to an inner network unless allowed, recognisable when sent twice.

A receiver recomputes `HMAC-SHA256(secret, timestamp + "." + body)` and compares it with the header
`Muster-Signature: v1=<hex>`; it refuses a `Muster-Timestamp` (seconds since 1970) that is too old,
and treats the same `Idempotency-Key` as one message.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import socket
import time
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

import httpx2
from pydantic import SecretStr

from activities.notification.message import Written
from activities.notification.outcome import Failed, Undelivered
from domain.values import Value

NO_URL = "webhook: the address is no http or https URL"

TRY_LATER = frozenset({408, 409, 425, 429})
SERVER_FAULT = 500
OK = range(200, 300)

UNICAST = ip_network("2000::/3")
"""All of IPv6 that leads to a host out there (RFC 4291, 2.4)."""


class WebhookRules(Value):
    """How webhooks are signed, and where they may go."""

    secret: SecretStr
    allow_private_networks: bool
    timeout_seconds: float


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return the value of the header `Muster-Signature`."""
    signed = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1={signed.hexdigest()}"


async def send(rules: WebhookRules, url: str, message: Written) -> None:
    """Post a message. Raises Failed for good, Undelivered when it may yet work."""
    parts = _parts(url)
    address = await _resolved(parts, rules)
    body = _body(message)
    timestamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "Host": parts.netloc.rpartition("@")[2],
        "Idempotency-Key": message.key,
        "Muster-Timestamp": timestamp,
        "Muster-Signature": signature(rules.secret.get_secret_value(), timestamp, body),
    }
    host = f"[{address}]" if ":" in address else address
    pinned = parts._replace(netloc=f"{host}:{parts.port}" if parts.port else host).geturl()
    try:
        async with httpx2.AsyncClient(
            timeout=rules.timeout_seconds, follow_redirects=False, trust_env=False
        ) as client:
            answer = await client.post(
                pinned,
                content=body,
                headers=headers,
                extensions={"sni_hostname": parts.hostname or ""},
            )
    except httpx2.InvalidURL:
        raise Failed(NO_URL) from None
    except httpx2.HTTPError as error:
        raise Undelivered(f"webhook: {type(error).__name__}") from None
    if answer.status_code in OK:
        return
    text = f"webhook answered {answer.status_code}"
    if answer.status_code in TRY_LATER or answer.status_code >= SERVER_FAULT:
        raise Undelivered(text, pause_s=_pause(answer.headers.get("Retry-After", "")))
    raise Failed(text)


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # of the port, when it is looked at
        usable = False
    if not usable:
        raise Failed(NO_URL)
    return parts


def _pause(retry_after: str) -> float:
    """Return the seconds that a receiver asked for. A date, the other form, is not waited for."""
    return float(retry_after) if retry_after.isascii() and retry_after.isdigit() else 0.0


async def _resolved(parts: SplitResult, rules: WebhookRules) -> str:
    """Return the address that is called, looked at before anything is sent: no second look-up."""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            parts.hostname, port, type=socket.SOCK_STREAM
        )
    except UnicodeError:
        raise Failed(NO_URL) from None
    except OSError:
        raise Undelivered("webhook: the host name can't be resolved") from None
    addresses = [str(entry[4][0]) for entry in found]
    if not rules.allow_private_networks and not all(map(is_public, addresses)):
        raise Failed("webhook: the address is in a private network, which settings don't allow")
    return addresses[0]


def is_public(address: str) -> bool:
    """Tell whether an address leads to one host out there, and to none in here by a tunnel."""
    found = ip_address(address)
    if not found.is_global or found.is_multicast:
        return False
    if isinstance(found, IPv6Address):
        return found in UNICAST and found.sixtofour is None and found.teredo is None
    return True


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
