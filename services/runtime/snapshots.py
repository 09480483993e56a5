"""Snapshots of long incidents: which they are, and who makes them, beside everything else."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

import structlog

from domain.incident.decider import INCIDENTS
from domain.incident.snapshot import FOLD_VERSION, STATE_CODEC
from eventstore.log.events import StoredEvent
from eventstore.postgres.errors import FollowerTooSlow, LogUnavailable
from eventstore.recorder.snapshots import EVERY_VERSIONS, Snapshots

if TYPE_CHECKING:
    from domain.incident.state.incident import Incident
    from eventstore.log.log import Log
    from projections.checkpoints import Checkpoints

BOOKMARK = "snapshots"
PAUSE_S = 1.0
"""Before the log is asked again after it was away."""

LEFT_BEHIND_EVENTS = 1_000
"""How far its bookmark may be behind: what comes again is found to be made already."""

log = structlog.get_logger()


def snapshots_of_incidents(log_: Log) -> Snapshots[Incident]:
    """Return the snapshots that a fold of an incident may begin with."""
    return Snapshots(log_, INCIDENTS, STATE_CODEC, FOLD_VERSION)


class SnapshotWriter:
    """Follows the log, and makes a snapshot of each incident whenever it has grown by so much."""

    def __init__(self, log_: Log, bookmarks: Checkpoints) -> None:
        self._log = log_
        self._bookmarks = bookmarks
        self._snapshots = snapshots_of_incidents(log_)

    async def run(self) -> None:
        """Follow, endlessly."""
        while True:
            try:
                await self._follow(await self._bookmarks.read_bookmark(BOOKMARK))
            except FollowerTooSlow:
                log.info("snapshots fell behind")
            except LogUnavailable as error:
                log.warning("the log is away", because=str(error))
                await asyncio.sleep(PAUSE_S)

    async def _follow(self, position: int) -> None:
        async with aclosing(self._log.follow(min(position, await self._log.head()))) as pages:
            async for page in pages:
                if not page:
                    continue
                for incident, version in latest(page).items():
                    if version % EVERY_VERSIONS < len(page):  # it passed, or may have passed, one
                        await self._snapshots.catch_up(incident, version)
                if page[-1].position - position >= LEFT_BEHIND_EVENTS:
                    position = page[-1].position
                    await self._bookmarks.move_bookmark(BOOKMARK, position)


def latest(page: Sequence[StoredEvent]) -> dict[str, int]:
    """Return the last version of each incident on a page."""
    start = f"{INCIDENTS.category}/"
    return {
        event.stream.removeprefix(start): event.version
        for event in page
        if event.stream.startswith(start)
    }
