"""What one watcher knows of an incident: its events as they come, and where it stands."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from domain.decider import decode
from domain.incident.decider import INCIDENTS
from domain.incident.state.incident import Incident
from eventstore.log.events import StoredEvent

Look = Callable[[StoredEvent], bool]


class Case:
    """An incident as its events tell it, in the order of the log."""

    def __init__(self) -> None:
        self.events: list[StoredEvent] = []
        self.state: Incident = INCIDENTS.initial
        self.broken: BaseException | None = None
        """Why the watch ended, if it did."""
        self._news = asyncio.Condition()

    async def follow(self, batches: AsyncIterator[Sequence[StoredEvent]]) -> None:
        """Take every batch in, and tell whoever waits."""
        try:
            async for batch in batches:
                for event in batch:
                    self.take(event)
                await self._tell()
        except Exception as error:  # noqa: BLE001 - raised again for whoever waits
            self.broken = error
            await self._tell()

    def take(self, event: StoredEvent) -> None:
        """Take an event in. A gap or a repetition is a defect of whoever sent it."""
        if event.version != len(self.events) + 1:
            raise AssertionError(f"version {event.version} came after {len(self.events)}")
        fact = decode(INCIDENTS, event.type, event.schema_version, event.data)
        self.state = INCIDENTS.evolve(self.state, fact)
        self.events.append(event)

    async def until(self, look: Look, *, within: float) -> StoredEvent:
        """Wait until there is an event of this look; TimeoutError when there is none in time."""
        async with asyncio.timeout(within), self._news:
            while True:
                found = self.first(look)
                if found is not None:
                    return found
                self._still_watching()
                await self._news.wait()

    async def until_so(self, so: Callable[[Incident], bool], *, within: float) -> None:
        """Wait until it stands so; TimeoutError when it does not in time."""
        async with asyncio.timeout(within), self._news:
            while not so(self.state):
                self._still_watching()
                await self._news.wait()

    def first(self, look: Look) -> StoredEvent | None:
        """Return the earliest event of this look."""
        return next((event for event in self.events if look(event)), None)

    def all_of(self, kind: str, **fields: object) -> list[StoredEvent]:
        """Return the events of a kind, in order."""
        return [event for event in self.events if looks_like(kind, fields)(event)]

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    def _still_watching(self) -> None:
        if self.broken is not None:
            raise self.broken


def looks_like(kind: str, fields: dict[str, object]) -> Look:
    """Return what tells an event of a kind whose data has these fields."""

    def look(event: StoredEvent) -> bool:
        return event.type == kind and fields.items() <= data_of(event).items()

    return look


def data_of(event: StoredEvent) -> dict[str, Any]:
    """Return an event's fields."""
    data: dict[str, Any] = json.loads(event.data)
    return data


def meta_of(event: StoredEvent) -> dict[str, Any]:
    """Return who, why, and by which command."""
    meta: dict[str, Any] = json.loads(event.meta)
    return meta
