"""Opaque marks that callers hand back to go on where a watch was."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

if TYPE_CHECKING:
    from uuid import UUID

_RESUME = re.compile(
    r"(?:1(?P<bare>[0-9a-f]{1,16})|2(?P<position>[0-9a-f]{1,16})-(?P<event>[0-9a-f]{8}))"
    r"-(?P<sum>[0-9a-f]{1,8})",
    re.ASCII,
)
"""The format, the position, the event there, and a sum that finds slips, not forgeries."""

EVENT_DIGITS = 8
"""Of the end of the event's id, which is drawn: enough to tell another log from this one."""


class MarkInvalid(ValueError):  # noqa: N818 - a state
    """A mark that was not made here."""


class Mark(NamedTuple):
    """Right after a position of the log, and how the id of the event there ends if it is said."""

    position: int
    event: str = ""

    def is_of(self, event_id: UUID) -> bool:
        """Tell whether the event at the position is the one that was meant."""
        return event_id.hex.endswith(self.event)


def resume_token(position: int, event_id: UUID | None = None) -> str:
    """Return what continues a watch right after a position of the log, where this event is."""
    if event_id is None:
        return f"1{position:x}-{_sum(Mark(position)):x}"
    mark = Mark(position, event_id.hex[-EVENT_DIGITS:])
    return f"2{position:x}-{mark.event}-{_sum(mark):x}"


def resume_mark(token: str) -> Mark:
    """Return what a resume token means. Raises MarkInvalid."""
    found = _RESUME.fullmatch(token)
    if found is None:
        raise MarkInvalid(token)
    mark = Mark(int(found["bare"] or found["position"], 16), found["event"] or "")
    if _sum(mark) != int(found["sum"], 16):
        raise MarkInvalid(token)
    return mark


def resume_position(token: str) -> int:
    """Return the position that a resume token means. Raises MarkInvalid."""
    return resume_mark(token).position


def _sum(mark: Mark) -> int:
    return crc32(f"muster/resume/{mark.position}{mark.event and f'/{mark.event}'}".encode())
