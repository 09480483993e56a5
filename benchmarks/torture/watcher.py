"""A process that follows the log: `python -m benchmarks.torture.watcher JOURNAL`.

It notes every page it is shown, and after a kill goes on behind the last page that it noted.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvloop

from benchmarks.torture.journal import Journal
from benchmarks.torture.writer import DSN_VARIABLE, PAUSE_S, opened
from eventstore.log.events import StoredEvent
from eventstore.log.log import Log
from eventstore.postgres.errors import FollowerTooSlow, LogUnavailable

UNIX = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Watcher:
    """A follower that remembers in its journal how far it came."""

    def __init__(self, log: Log, journal: Journal) -> None:
        self._log = log
        self._journal = journal
        pages = [saw for entry in journal.past if isinstance(saw := entry.get("saw"), list)]
        self._after = int(pages[-1][-1][0]) if pages else 0

    async def run(self) -> None:
        """Follow, again and again, until killed."""
        while True:
            try:
                async for page in self._log.follow(self._after):
                    self._journal.note({"saw": [seen(event) for event in page]})
                    self._after = page[-1].position
            except (FollowerTooSlow, LogUnavailable):
                await asyncio.sleep(PAUSE_S)
            except Exception as error:  # noqa: BLE001 - whatever else comes is a finding
                self._journal.note({"wrong": f"{type(error).__name__}: {error}"})
                await asyncio.sleep(PAUSE_S)


def seen(event: StoredEvent) -> tuple[int, str, str, int]:
    """Return what is noted of an event."""
    recorded = (event.recorded_at - UNIX) // MICROSECOND
    return event.position, str(event.event_id), event.hash.hex(), recorded


async def watch(journal_path: Path) -> None:
    """Follow until killed."""
    async with AsyncExitStack() as stack:
        journal = stack.enter_context(Journal(journal_path))
        log = await opened(os.environ[DSN_VARIABLE])
        stack.push_async_callback(log.close)
        await Watcher(log, journal).run()


if __name__ == "__main__":
    uvloop.run(watch(Path(sys.argv[1])))
