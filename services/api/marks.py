"""Opaque marks that callers hand back to go on where a watch was."""

from __future__ import annotations

import re
from zlib import crc32

_RESUME = re.compile(r"1([0-9a-f]{1,16})-([0-9a-f]{1,8})", re.ASCII)
"""The format, the position, and a sum that finds slips, not forgeries: it lets nobody in."""


class MarkInvalid(ValueError):  # noqa: N818 - a state
    """A mark that was not made here."""


def resume_token(position: int) -> str:
    """Return what continues a watch right after a position of the log."""
    return f"1{position:x}-{_sum(position):x}"


def resume_position(token: str) -> int:
    """Return the position that a resume token means. Raises MarkInvalid."""
    found = _RESUME.fullmatch(token)
    if found is None or _sum(int(found[1], 16)) != int(found[2], 16):
        raise MarkInvalid(token)
    return int(found[1], 16)


def _sum(position: int) -> int:
    return crc32(b"muster/resume/%d" % position)
