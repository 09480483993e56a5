"""Opaque marks that callers hand back: where a watch goes on, and where a list does."""

from __future__ import annotations

import binascii
import json
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from zlib import crc32

_RESUME = struct.Struct(">cqI")
_FORMAT = b"\x01"
LENGTH_MAX = 2_048
"""Characters of a mark that are looked at."""


class MarkInvalid(ValueError):  # noqa: N818 - a state
    """A mark that was not made here."""


def resume_token(position: int) -> str:
    """Return what continues a watch right after a position of the log."""
    return urlsafe_b64encode(_RESUME.pack(_FORMAT, position, _sum(position))).decode().rstrip("=")


def resume_position(token: str) -> int:
    """Return the position that a resume token means. Raises MarkInvalid."""
    try:
        version, position, found = _RESUME.unpack(_decoded(token))
    except (struct.error, binascii.Error, ValueError) as error:
        raise MarkInvalid(token) from error
    if version != _FORMAT or found != _sum(position) or position < 0:
        raise MarkInvalid(token)
    return int(position)


def page_token(question: str, last: object) -> str:
    """Return what continues a list after its last entry; only the same question takes it."""
    text = json.dumps([crc32(question.encode()), last], separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def page_after(question: str, token: str) -> object:
    """Return the last entry of the page before. Raises MarkInvalid."""
    try:
        asked, last = json.loads(_decoded(token))
    except (binascii.Error, ValueError, TypeError) as error:
        raise MarkInvalid(token) from error
    if asked != crc32(question.encode()):
        raise MarkInvalid(token)
    return last


def _sum(position: int) -> int:
    return crc32(b"muster/resume/%d" % position)


def _decoded(token: str) -> bytes:
    if len(token) > LENGTH_MAX or not token.isascii():
        raise MarkInvalid(token)
    return urlsafe_b64decode(token + "=" * (-len(token) % 4))
