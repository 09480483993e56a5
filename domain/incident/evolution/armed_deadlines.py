"""Deadlines as facts arm and disarm them."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from rpds import HashTrieMap

from domain.incident.state.incident import DeadlineKey, DeadlineKind, Incident

Deadlines: TypeAlias = "HashTrieMap[DeadlineKey, datetime]"


def armed(was: Incident, kind: DeadlineKind, subject: str, at: datetime | None) -> Deadlines:
    """Return the deadlines with one more, if there is one."""
    return was.deadlines.insert(DeadlineKey(kind, subject), at) if at else was.deadlines


def disarmed(was: Incident, *keys: tuple[DeadlineKind, str]) -> Deadlines:
    """Return the deadlines without some that may be there or not."""
    deadlines = was.deadlines
    for key in keys:
        deadlines = deadlines.discard(DeadlineKey(*key))
    return deadlines
