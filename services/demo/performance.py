"""One performance: the stack, the people, the story, the proof; nothing is left afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from secrets import token_hex
from uuid import uuid4

from muster.v1.incident_service_pb2 import WatchIncidentsResponse

from activities.notification.channels.webhook_signatures import Secrets
from domain.values import Role
from eventstore.log.events import StoredEvent
from services.cli.session import events
from services.cli.session.connection import Connection
from services.demo import stage
from services.demo.case import Case
from services.demo.play import Audience, Play
from services.demo.receiver import Received, receiving
from services.local.folder import Folder
from services.local.stack import KEY_BYTES, Stack
from services.runtime.vocabulary import Language

PACE = 30.0
"""Drill minutes in half a wall minute: two seconds are a minute of the drill."""


@dataclass(frozen=True)
class Performance:
    """Everything that is there while a story is played."""

    place: Folder
    stack: Stack
    cast: Mapping[str, Connection]
    received: Received
    case: Case
    incident: str

    def play(self, audience: Audience, pace: float = PACE) -> Play:
        """Return the play for a story."""
        return Play(self.cast, self.case, audience, self.incident, pace)

    @property
    def auditor(self) -> Connection:
        """Return who looks on and verifies."""
        return self.cast[stage.AUDITOR]


@asynccontextmanager
async def performance(
    place: Folder,
    cast: Mapping[str, Role],
    case: Case,
    *,
    language: Language = "en",
    tell: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[Performance]:
    """Start a stack of its own, let everybody in, prepare, and watch from the first event on."""
    given = stage.let_in(place, cast)
    place.secret(place.keys / "webhooks", token_hex(KEY_BYTES).encode())
    with receiving(Secrets(place.keys / "webhooks", None)) as received:
        async with (
            stage.stack(place, tell) as running,
            stage.connections(running, given, language) as connections,
        ):
            await stage.prepare(connections, received)
            incident = str(uuid4())
            async with watching(connections[stage.AUDITOR], case, incident):
                yield Performance(place, running, connections, received, case, incident)


@asynccontextmanager
async def watching(connection: Connection, case: Case, incident: str) -> AsyncIterator[None]:
    """Follow what happens to an incident, from before it begins."""
    began = asyncio.Event()
    task = asyncio.create_task(_follow(connection, case, incident, began))
    beginning = asyncio.create_task(began.wait())
    try:
        await asyncio.wait({task, beginning}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        yield
    finally:
        for one in (task, beginning):
            one.cancel()
        await asyncio.gather(task, beginning, return_exceptions=True)


async def _follow(connection: Connection, case: Case, incident: str, began: asyncio.Event) -> None:
    """Watch all incidents, for this one is not there yet."""
    steps = connection.watch(include_snapshot=True)

    async def noted() -> AsyncIterator[WatchIncidentsResponse]:
        async for step in steps:
            began.set()
            yield step

    async def of_this_one() -> AsyncIterator[list[StoredEvent]]:
        async for batch in events.batches(noted()):
            yield [event for event in batch if event.stream == f"incident/{incident}"]

    await case.follow(of_this_one())
