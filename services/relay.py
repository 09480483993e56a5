"""Nudges incidents' workflows whenever the log has news of them."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import structlog

from domain.incident.decider import INCIDENTS
from eventstore.failures import FollowerTooSlow, LogUnavailable, passes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.events import StoredEvent
    from eventstore.log import Log
    from projections.bookmarks import Bookmarks
    from services.lives import Lives

BOOKMARK = "relay"
"""Names how far Temporal has taken the news."""

LOG_PAUSE_S = 1.0
"""Before the log is asked again after it was away."""

log = structlog.get_logger()


class Relay:
    """Follows the log and tells Temporal: a nudge can come twice, and never not at all."""

    def __init__(self, log_: Log, lives: Lives, bookmarks: Bookmarks) -> None:
        self._log = log_
        self._lives = lives
        self._bookmarks = bookmarks
        self.position = 0
        """Up to where Temporal has taken the news."""

    async def lag(self) -> int:
        """Return how many events Temporal has not heard of. Raises LogUnavailable."""
        return max(0, await self._log.head() - self.position)

    async def run(self) -> None:
        """Relay, endlessly. Raises ValueError if the bookmark is of another log."""
        while True:
            try:
                await self._follow()
            except FollowerTooSlow:
                log.info("relay fell behind", position=self.position)
            except Exception as error:
                if not (isinstance(error, LogUnavailable) or passes(error)):
                    raise
                log.warning("the log is away", because=str(error))
                await asyncio.sleep(LOG_PAUSE_S)

    async def _follow(self) -> None:
        self.position = await self._bookmarks.read_bookmark(BOOKMARK)
        async with aclosing(self._log.follow(self.position)) as pages:
            async for page in pages:
                await self._lives.tell_all(latest(page))
                self.position = page[-1].position
                await self._bookmarks.move_bookmark(BOOKMARK, self.position)


def latest(page: Sequence[StoredEvent]) -> dict[str, int]:
    """Return the last version of each incident on a page."""
    start = f"{INCIDENTS.category}/"
    return {
        event.stream.removeprefix(start): event.version
        for event in page
        if event.stream.startswith(start)
    }
