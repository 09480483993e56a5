"""Who calls: a bearer token, or a client certificate, looked up in one file of hashes."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from domain.values import Actor, Id, Role
from services import strict_json
from services.api.failures import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RELOAD_AFTER_S = 1.0
"""How often at most to look whether the file changed."""

BEARER = "bearer "

log = structlog.get_logger()


class TokensInvalid(Exception):  # noqa: N818 - a state
    """The file of tokens can't be used; the text says why."""


class Entry(BaseModel):
    """Somebody who may call, and what makes them known."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    actor: Id
    roles: frozenset[Role] = Field(min_length=1)
    venues: frozenset[Id] | None = None
    """Where; everywhere if null."""
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    """Of the token."""
    certificate: str | None = Field(default=None, min_length=1)
    """A subject alternative name of the client's certificate: a URI, a DNS name, a mail address."""

    @field_validator("roles")
    @classmethod
    def nobody_is_the_system(cls, roles: frozenset[Role]) -> frozenset[Role]:
        """Refuse the role of the clock and the hands, which nobody carries from outside."""
        if Role.SYSTEM in roles:
            raise ValueError("no token carries the role 'system'")
        return roles

    @model_validator(mode="after")
    def is_known_by_something(self) -> Self:
        """Refuse an entry that nobody could present."""
        if self.sha256 is None and self.certificate is None:
            raise ValueError("give sha256, certificate or both")
        return self


class Tokens(BaseModel):
    """The file of tokens: `{"tokens": [{"sha256": …, "actor": …, "roles": […], "venues": …}]}`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tokens: tuple[Entry, ...]


class Known(NamedTuple):
    """The actors, by what they present."""

    by_token: Mapping[bytes, Actor]
    by_certificate: Mapping[str, Actor]


class Doors:
    """Tells who calls. Reads the file again when it changes; a broken one changes nothing."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._looked = time.monotonic()
        self._changed = _changed(file)
        self._known = _read(file)
        self._seen: dict[str, Actor] = {}

    def actor(self, authorization: str | None, names: Sequence[str]) -> Actor:
        """Return who presents a token, or else a certificate with these names. Raises Failure."""
        known = self._latest()
        if authorization is not None:
            return self._seen.get(authorization) or self._see(known, authorization)
        for name in names:
            if actor := known.by_certificate.get(name):
                return actor
        raise Failure("UNAUTHENTICATED")

    def _see(self, known: Known, authorization: str) -> Actor:
        """Look a token up, and remember it until the file changes: only good ones are kept."""
        actor = self._seen[authorization] = _by_token(known, authorization)
        return actor

    def _latest(self) -> Known:
        now = time.monotonic()
        if now - self._looked < RELOAD_AFTER_S:
            return self._known
        self._looked = now
        changed = _changed(self._file)
        if changed != self._changed:
            self._changed = changed
            try:
                self._known = _read(self._file)
                self._seen = {}
                log.info("tokens_reloaded", entries=len(self._known.by_token))
            except TokensInvalid as error:
                log.error("tokens_not_reloaded", problem=str(error))  # noqa: TRY400 - no defect
        return self._known


def _by_token(known: Known, authorization: str) -> Actor:
    if authorization[: len(BEARER)].lower() != BEARER:
        raise Failure("UNAUTHENTICATED")
    digest = hashlib.sha256(authorization[len(BEARER) :].strip().encode()).digest()
    actor = known.by_token.get(digest)
    if actor is None:
        raise Failure("UNAUTHENTICATED")
    return actor


def _changed(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_ino


def _read(file: Path) -> Known:
    try:
        entries = Tokens.model_validate(strict_json.read(file.read_bytes())).tokens
    except OSError as error:
        raise TokensInvalid(f"{file} can't be read: {error.strerror}") from None
    except strict_json.JsonInvalid as error:
        raise TokensInvalid(f"{file}: {error}") from None
    except ValidationError as error:
        raise TokensInvalid(f"{file}: {_faults(error)}") from None
    by_token, by_certificate = {}, {}
    for entry in entries:
        actor = Actor(entry.actor, entry.roles, entry.venues)
        if entry.sha256:
            by_token[bytes.fromhex(entry.sha256)] = actor
        if entry.certificate:
            by_certificate[entry.certificate] = actor
    return Known(by_token, by_certificate)


def _faults(error: ValidationError) -> str:
    faults = error.errors(include_input=False, include_url=False)
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in faults)
