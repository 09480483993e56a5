"""Gives every open incident its life back, from the log alone: for when Temporal lost its data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from domain.incident.decider import INCIDENTS
from domain.incident.events.aftermath import IncidentClosed
from domain.incident.events.opening import IncidentStoodDown
from eventstore.log import Log
from services.lives import Lives
from services.news import latest
from services.temporal_client import come_to_rest, connect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from services.settings import Settings

PAGE_EVENTS = 5_000
TOLD_AT_ONCE = 256
"""Incidents between two reports of progress."""

ENDS: Final = frozenset(
    shape.model_fields["kind"].default for shape in (IncidentClosed, IncidentStoodDown)
)
"""The facts after which an incident needs no life."""


class Progress(NamedTuple):
    """How far a recovery is."""

    position: int
    """Read up to here in the log, of `head`."""
    head: int
    told: int
    """Incidents, of `known` that are open; how many is certain once the log is read."""
    known: int

    def __str__(self) -> str:
        """Say it in a line."""
        if self.position < self.head:
            return f"read {self.position} of {self.head} events: {self.known} open incidents so far"
        return f"{self.told} of {self.known} open incidents have their life back"


async def recover(settings: Settings, say: Callable[[str], object]) -> int:
    """Give every open incident its life back; return how many there are."""
    log = await Log.open(settings.database.dsn.get_secret_value())
    try:
        lives = Lives(await connect(settings.temporal), settings.worker)
        known = 0
        async for progress in revive(log, lives):
            say(str(progress))
            known = progress.known
        await come_to_rest()
        return known
    finally:
        await log.close()


async def revive(log: Log, lives: Lives) -> AsyncIterator[Progress]:
    """Begin or nudge the life of each open incident, reporting progress; safe to do any time."""
    head = await log.head()
    still_open: dict[str, int] = {}
    position = 0
    while page := await log.read(position, limit=PAGE_EVENTS, category=INCIDENTS.category):
        position = page[-1].position
        still_open |= latest(page)
        for event in page:
            if event.type in ENDS:
                still_open.pop(event.stream.partition("/")[2], None)
        yield Progress(position, max(head, position), 0, len(still_open))
    waiting = list(still_open.items())
    for told in range(0, len(waiting), TOLD_AT_ONCE):
        some = waiting[told : told + TOLD_AT_ONCE]
        await lives.tell_all(dict(some))
        yield Progress(head, head, told + len(some), len(waiting))
