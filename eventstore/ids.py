"""Ids that come near each other when what they name does: RFC 9562, versions 7 and 8.

The log keeps an index of all event ids. Ids drawn at random would each touch a page of it that is
nowhere near the last one; these begin with a moment, so that a command's events, and those of its
time, stand side by side.
"""

from __future__ import annotations

import os
import time
from hashlib import sha256
from uuid import UUID

MOMENT_BYTES = 6
DRAWN_BYTES = 16 - MOMENT_BYTES
_VERSION, _VARIANT = 76, 62
"""How far to the left the bits stand that say what kind of id it is."""
_KIND_BITS = ~(0xF << _VERSION | 0x3 << _VARIANT)


def new_command_id() -> UUID:
    """Return the id of a new command: this millisecond, then 74 random bits."""
    moment = (time.time_ns() // 1_000_000).to_bytes(MOMENT_BYTES, "big")
    return _of_kind(7, moment + os.urandom(DRAWN_BYTES))


def event_id(command_id: UUID, number: int) -> UUID:
    """Return the id of a command's n-th event, from 0: the same whoever records it, and when.

    It begins as the command's does; 74 bits follow of the SHA-256 of both.
    """
    command = command_id.bytes
    drawn = sha256(command + number.to_bytes(4, "big")).digest()
    return _of_kind(8, command[:MOMENT_BYTES] + drawn[:DRAWN_BYTES])


def _of_kind(version: int, content: bytes) -> UUID:
    bits = int.from_bytes(content, "big") & _KIND_BITS
    return UUID(int=bits | version << _VERSION | 0x2 << _VARIANT)
