"""Authentication: a bearer token or a client certificate, looked up in one file of hashes."""

from __future__ import annotations

import hashlib
import time
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import structlog

from domain.values import Actor
from services.api.errors.failures import Failure
from services.api.interceptors.certificates import Certificate
from services.api.interceptors.metrics import METRICS
from services.runtime import token_file
from services.runtime.clocks import clocks
from services.runtime.token_file import TokensInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

RELOAD_AFTER_S = 0.5
"""How often at most to look whether the file changed."""

BEARER = "bearer"
TOKEN_LENGTH_MAX = 512
"""Characters; what is longer is no token of ours, and is not even hashed."""

HEADER_LENGTH_MAX = 2 * TOKEN_LENGTH_MAX
"""Characters of a header that are looked at."""
HEADERS = 256
"""Of which the hash is remembered: that of a token says nothing of whether it is in force."""

log = structlog.get_logger()

__all__ = ["RELOAD_AFTER_S", "Authenticator", "TokensInvalid"]


class Known(NamedTuple):
    """The actors by what they present, each with the Unix time at which that expires."""

    by_token: Mapping[bytes, tuple[Actor, float]]
    by_certificate: Mapping[str, tuple[Actor, float]]
    revoked_fingerprints: frozenset[str]
    revoked_serials: frozenset[int]


class Authenticator:
    """Tells who calls. Reads the file again when it changes; a broken one changes nothing."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._looked = time.monotonic()
        self._changed = _changed(file)
        self._known = _read(file)

    def actor(
        self, authorization: str | None, names: Sequence[str], certificate: bytes | None = None
    ) -> Actor:
        """Return who presents a token, or else a certificate with these names. Raises Failure."""
        known = self._latest()
        if certificate is not None and _is_revoked(known, certificate):
            raise Failure("UNAUTHENTICATED")
        if authorization is not None:
            return _in_force(known.by_token.get(_digest(authorization)))
        for name in names:
            if name in known.by_certificate:
                return _in_force(known.by_certificate[name])
        raise Failure("UNAUTHENTICATED")

    def _latest(self) -> Known:
        now = time.monotonic()
        if now - self._looked < RELOAD_AFTER_S:
            return self._known
        self._looked = now
        changed = _changed(self._file)
        if changed != self._changed:
            try:
                self._known = _read(self._file)
                METRICS.tokens_broken = False
                log.info("tokens_reloaded", entries=len(self._known.by_token))
            except TokensInvalid as error:
                METRICS.tokens_broken = True
                log.error("tokens_not_reloaded", problem=str(error))  # noqa: TRY400 - no defect
            self._changed = changed
        return self._known


def _in_force(found: tuple[Actor, float] | None) -> Actor:
    if found is None or clocks.now().timestamp() >= found[1]:
        raise Failure("UNAUTHENTICATED")
    return found[0]


def _digest(authorization: str) -> bytes:
    """Return the hash of the token in a header, however the header is spelt."""
    if len(authorization) > HEADER_LENGTH_MAX:
        raise Failure("UNAUTHENTICATED")
    return _digest_of_short(authorization)


@lru_cache(maxsize=HEADERS)
def _digest_of_short(authorization: str) -> bytes:
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != BEARER or len(token) > TOKEN_LENGTH_MAX:
        raise Failure("UNAUTHENTICATED")
    return hashlib.sha256(token.encode()).digest()


def _is_revoked(known: Known, certificate: bytes) -> bool:
    if not (known.revoked_fingerprints or known.revoked_serials):
        return False
    shown = Certificate.of(certificate)
    return shown.sha256 in known.revoked_fingerprints or shown.serial in known.revoked_serials


def _changed(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_ino


def _read(file: Path) -> Known:
    held = token_file.read(file)
    by_token, by_certificate = {}, {}
    for entry in held.tokens:
        until = entry.expires_at.timestamp() if entry.expires_at else float("inf")
        known = Actor(entry.actor, entry.roles, entry.venues), until
        if entry.sha256:
            by_token[bytes.fromhex(entry.sha256)] = known
        if entry.certificate:
            by_certificate[entry.certificate] = known
    return Known(
        by_token,
        by_certificate,
        frozenset(one.sha256 for one in held.revoked_certificates if one.sha256),
        frozenset(int(one.serial, 16) for one in held.revoked_certificates if one.serial),
    )
