"""Access by venue, for callers who may act at some venues only."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from domain.lru import LruCache
from services.api.errors.failures import Failure

if TYPE_CHECKING:
    from domain.values import Actor
    from eventstore.log.events import StoredEvent
    from eventstore.log.log import Log

PLACES_MAX = 20_000
"""Incidents whose venue is remembered."""

CATEGORY = "incident"


class VenueAccess:
    """The venue of each incident. It is in the first event and never changes."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._venues: LruCache[str, str] = LruCache(PLACES_MAX)

    async def venue(self, stream: str) -> str | None:
        """Return where an incident happens; None if there is no such incident."""
        if (known := self._venues.get(stream)) is not None:
            return known
        async for page in self._log.read_stream(stream, up_to=1):
            return self._keep(page[0])
        return None

    async def refuse_elsewhere(self, actor: Actor, stream: str) -> None:
        """Refuse to show an incident of another venue. Raises Failure."""
        if actor.venues is None:
            return
        venue = await self.venue(stream)
        if venue is not None and not actor.may_act_at(venue):
            raise Failure("VENUE_NOT_PERMITTED", {"venue": venue}, subject=stream)

    async def shown_to(self, actor: Actor, event: StoredEvent) -> bool:
        """Tell whether an actor may read an event: plans all, incidents those of their venues."""
        if actor.venues is None or event.category == "plan":
            return True
        if event.category != CATEGORY:
            return False
        venue = self._keep(event) if event.version == 1 else await self.venue(event.stream)
        return venue is not None and actor.may_act_at(venue)

    async def incident_shown_to(self, actor: Actor, stream: str) -> str | None:
        """Return which incident a stream is, if it is one that an actor may read."""
        category, _, key = stream.partition("/")
        venue = await self.venue(stream) if category == CATEGORY else None
        return key if venue is not None and actor.may_act_at(venue) else None

    def _keep(self, first: StoredEvent) -> str:
        venue = str(json.loads(first.data)["venue"])
        self._venues[first.stream] = venue
        return venue
