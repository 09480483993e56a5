"""Resume tokens: where a watch was, sealed so that nobody but the service can make one.

A token says after which event to go on, of which watch it is, who it was given to, and, in the
middle of a snapshot, which incidents were shown. It is sealed with HMAC-SHA256 under a key that is
derived from the vault's: every process of an installation has it, before and after a restart.
"""

from __future__ import annotations

import binascii
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import cache, lru_cache
from hashlib import sha256
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple, Self
from uuid import UUID

from domain.values import Text
from eventstore.privacy.vault import read_key
from services.api.contract import methods
from services.api.errors.failures import Failure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.values import Actor, Role
    from services.runtime.settings.settings import Vault

FORMAT = 3
"""Formats 1 and 2 were not sealed."""

SEAL_BYTES = 16
EVENT_BYTES = 4
"""Of the end of the event's id, which is drawn: enough to tell another log from this one."""

TOKEN_LENGTH_MAX = 256
SHORT_NAMES = 1_024
"""Callers and streams of which the hash is remembered."""

DERIVED_FOR = b"muster/resume-token/v3"

_HEAD = Struct(">BBQ4s8s8s")
"""Format, what follows, position, event, watch, caller."""

_SHOWN = Struct(">16sI")
"""The last incident of a snapshot that was shown, and how many were."""

_UNSEALED = re.compile(r"(1[0-9a-f]{1,16}|2[0-9a-f]{1,16}-[0-9a-f]{8})-[0-9a-f]{1,8}", re.ASCII)
"""What formats 1 and 2 looked like; format 3 is longer."""

_EVENT, _INSIDE_SNAPSHOT = 1, 2

PROBLEMS = {
    "unsealed": Text.of(
        "由未加封标记的旧版本签发", "it is of a version of the service that did not seal them"
    ),
    "foreign": Text.of("不是本系统签发的", "it was not made by this service"),
    "watch": Text.of("属于另一个观察", "it belongs to another watch"),
    "caller": Text.of("是发给另一调用者的", "it was given to another caller"),
    "log": Text.of("不属于本日志", "it is not of this log"),
}


class Shown(NamedTuple):
    """How far a snapshot was shown."""

    incident: UUID
    """The last one; they come in the order of their ids."""
    number: int
    """How many were."""


class Mark(NamedTuple):
    """Right after a position of the log, in the watch of one stream or of every incident."""

    position: int
    stream: str | None = None
    event: bytes = b""
    """The end of the id of the event at the position, if it is said."""
    shown: Shown | None = None
    """Set in the middle of a snapshot, which is as of the position."""

    @classmethod
    def after(cls, position: int, event_id: UUID | None, stream: str | None = None) -> Self:
        """Return the mark right after an event, or at the beginning of the log."""
        event = b"" if event_id is None else event_id.bytes[-EVENT_BYTES:]
        return cls(position, stream, event)

    def is_of(self, event_id: UUID | None) -> bool:
        """Tell whether the event at the position is the one that was meant."""
        return not self.event or (
            event_id is not None and event_id.bytes[-EVENT_BYTES:] == self.event
        )


class ResumeTokens:
    """Seals marks, and opens what was sealed."""

    def __init__(self, key: bytes, previous: bytes | None = None) -> None:
        self._key = _derived(key)
        self._keys = [self._key] if previous is None else [self._key, _derived(previous)]

    @classmethod
    def of(cls, vault: Vault) -> Self:
        """Return what the vault's key, and the one before it, are good for. Raises VaultBroken."""
        previous = vault.previous_key_file
        return cls(read_key(vault.key_file), None if previous is None else read_key(previous))

    def seal(self, mark: Mark, actor: Actor) -> str:
        """Return a token for a caller."""
        flags = (_EVENT if mark.event else 0) | (_INSIDE_SNAPSHOT if mark.shown else 0)
        event = mark.event or bytes(EVENT_BYTES)
        watch, caller = _watch(mark.stream), _short(actor.id)
        held = _HEAD.pack(FORMAT, flags, mark.position, event, watch, caller)
        if mark.shown:
            held += _SHOWN.pack(mark.shown.incident.bytes, mark.shown.number)
        return urlsafe_b64encode(held + _seal(self._key, held)).rstrip(b"=").decode()

    def open(self, token: str, stream: str | None, actor: Actor) -> Mark:
        """Return where a caller's watch of a stream, or of everything, goes on. Raises Failure.

        The token of a watch of every incident serves for one incident, too: nothing of it was left
        out. Who may read the log's past may go on from anybody's token, others from their own.
        """
        held = self._unsealed(token)
        _, flags, position, event, watch, caller = _HEAD.unpack_from(held)
        shown = None
        if flags & _INSIDE_SNAPSHOT:
            incident, number = _SHOWN.unpack_from(held, _HEAD.size)
            shown = Shown(UUID(bytes=incident), number)
        if watch != _watch(stream) and (shown is not None or watch != _watch(None)):
            raise invalid("watch")
        if caller != _short(actor.id) and not reads_the_past(actor):
            raise invalid("caller")
        return Mark(position, stream, event if flags & _EVENT else b"", shown)

    def _unsealed(self, token: str) -> bytes:
        whole = _decoded(token)
        held, seal = whole[:-SEAL_BYTES], whole[-SEAL_BYTES:]
        if not any(hmac.compare_digest(_seal(key, held), seal) for key in self._keys):
            raise invalid("foreign")
        return held


def invalid(problem: str) -> Failure:
    """Return why a token can't be used."""
    said = PROBLEMS[problem]
    found = {"problem": said.said_in("en"), "problem_zh": said.said_in("zh")}
    return Failure("RESUME_TOKEN_INVALID", found)


def reads_the_past(actor: Actor) -> bool:
    """Tell whether a caller may read what the log holds from its beginning on."""
    return not actor.roles.isdisjoint(_roles_of_the_past())


@cache
def _roles_of_the_past() -> frozenset[Role]:
    return next(one.allowed for one in methods() if one.name == "ReadEvents")


def _decoded(token: str) -> bytes:
    """Return what is in a token that has the form of one. Raises Failure."""
    sizes: Sequence[int] = (_HEAD.size + SEAL_BYTES, _HEAD.size + _SHOWN.size + SEAL_BYTES)
    if _UNSEALED.fullmatch(token):
        raise invalid("unsealed")
    try:
        padded = token.encode("ascii") + b"=" * (-len(token) % 4)
        whole = urlsafe_b64decode(padded) if len(token) <= TOKEN_LENGTH_MAX else b""
    except (UnicodeEncodeError, binascii.Error):
        whole = b""
    if len(whole) not in sizes or whole[0] != FORMAT:
        raise invalid("foreign")
    if urlsafe_b64encode(whole).rstrip(b"=").decode() != token:
        raise invalid("foreign")
    return whole


def _derived(key: bytes) -> bytes:
    return hmac.digest(key, DERIVED_FOR, "sha256")


def _seal(key: bytes, held: bytes) -> bytes:
    return hmac.digest(key, held, "sha256")[:SEAL_BYTES]


def _watch(stream: str | None) -> bytes:
    return bytes(8) if stream is None else _short(stream)


@lru_cache(maxsize=SHORT_NAMES)
def _short(name: str) -> bytes:
    return sha256(name.encode()).digest()[:8]
