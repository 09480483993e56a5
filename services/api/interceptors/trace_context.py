"""The trace that a call belongs to, as W3C Trace Context says it; what is none is dropped."""

from __future__ import annotations

import re

_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII
)


def traceparent(said: str | None) -> str | None:
    """Return a valid `traceparent`, else None: it is kept for good, and is no place for texts."""
    return said if said is not None and _TRACEPARENT.fullmatch(said) else None
