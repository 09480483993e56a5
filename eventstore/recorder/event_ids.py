"""Ids that come near each other when what they name does: RFC 9562, versions 7 and 8.

The log keeps an index of all event ids. Ids drawn at random would each touch a page of it that is
nowhere near the last one; these begin with a moment, so that a command's events, and those of its
time, stand side by side.

A command is recognised by the ids of its events. Those of callers' commands are of version 8, those
of the system's own (the clock, the activities) of version 7: whatever command id a caller chooses,
no event of theirs ever takes an id that the system is going to need.
"""

from __future__ import annotations

import os
import time
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID

from domain.values import Role

if TYPE_CHECKING:
    from datetime import datetime

    from domain.decider import CommandEnvelope

MOMENT_BYTES = 6
DRAWN_BYTES = 16 - MOMENT_BYTES
SYSTEM_EVENT = b"muster/system-event/v1\x00"
SYSTEM_COMMAND = b"muster/system-command/v1\x00"
"""Hashed first, so that no text of one kind is ever one of another."""

EVENT_IDS = 1_024
"""Remembered, since a command's are needed again for its receipt."""

_VERSION, _VARIANT = 76, 62
"""How far to the left the bits stand that say what kind of id it is."""
_KIND_BITS = ~(0xF << _VERSION | 0x3 << _VARIANT)


def new_command_id() -> UUID:
    """Return the id of a new command: this millisecond, then 74 random bits."""
    moment = (time.time_ns() // 1_000_000).to_bytes(MOMENT_BYTES, "big")
    return _of_kind(7, moment + os.urandom(DRAWN_BYTES))


@lru_cache(maxsize=EVENT_IDS)
def event_id(command_id: UUID, number: int) -> UUID:
    """Return the id of a command's n-th event, from 0: the same whoever records it, and when.

    It begins as the command's does; 74 bits follow of the SHA-256 of both.
    """
    command = command_id.bytes
    drawn = sha256(command + number.to_bytes(4, "big")).digest()
    return _of_kind(8, command[:MOMENT_BYTES] + drawn[:DRAWN_BYTES])


def event_id_of(asked: CommandEnvelope, number: int) -> UUID:
    """Return the id of a command's n-th event, in the space of whoever asked it.

    No token carries the system's role (`services.runtime.token_file`), so no caller reaches its
    space.
    """
    if Role.SYSTEM in asked.actor.roles:
        return system_event_id(asked.command_id, number)
    return event_id(asked.command_id, number)


def system_event_id(command_id: UUID, number: int) -> UUID:
    """Return the id of the n-th event of a command of the system's own, from 0."""
    command = command_id.bytes
    drawn = sha256(SYSTEM_EVENT + command + number.to_bytes(4, "big")).digest()
    return _of_kind(7, command[:MOMENT_BYTES] + drawn[:DRAWN_BYTES])


def system_command_id(moment: datetime, name: str) -> UUID:
    """Return the id of a command of the system's own: the same for every attempt to say it."""
    began = max(0, int(moment.timestamp() * 1_000)).to_bytes(8, "big")[-MOMENT_BYTES:]
    drawn = sha256(SYSTEM_COMMAND + began + name.encode()).digest()
    return _of_kind(8, began + drawn[:DRAWN_BYTES])


def _of_kind(version: int, content: bytes) -> UUID:
    bits = int.from_bytes(content, "big") & _KIND_BITS
    return UUID(int=bits | version << _VERSION | 0x2 << _VARIANT)
