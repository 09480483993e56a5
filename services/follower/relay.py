"""Nudges incidents' workflows whenever the log has news of them."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import structlog

from domain.incident.decider import INCIDENTS
from domain.incident.obligations.obligations import workflow_view
from domain.values import Mode
from eventstore.postgres.errors import FollowerTooSlow, LogUnavailable
from eventstore.recorder.recorder import Recorder
from services.follower.nudge_queue import NudgeQueue
from services.follower.throttle import NudgeThrottle, live_first
from services.runtime.clocks import clocks
from services.runtime.snapshots import latest, snapshots_of_incidents

if TYPE_CHECKING:
    from domain.incident.obligations.obligations import WorkflowView
    from eventstore.log.log import Log
    from projections.checkpoints import Checkpoints
    from services.runtime.temporal.workflow_starter import WorkflowStarter

BOOKMARK = "relay"
"""Names how far Temporal has taken the news."""

LOG_PAUSE_S = 1.0
"""Before the log is asked again after it was away."""

log = structlog.get_logger()


class Relay:
    """Follows the log and tells Temporal: a nudge can come twice, and never not at all.

    An incident that was quiet is told at once. One that goes on is told of what came meanwhile,
    together and at a pace that Temporal can take, what changes how it stands before what does not:
    so that a flood of commands is recorded as fast as the log can, whatever the workflows do.
    """

    def __init__(self, log_: Log, lives: WorkflowStarter, bookmarks: Checkpoints) -> None:
        self._log = log_
        self._lives = lives
        self._bookmarks = bookmarks
        self._incidents = Recorder(
            log_, INCIDENTS, clock=clocks.now, snapshots=snapshots_of_incidents(log_)
        )
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
            except* FollowerTooSlow:
                log.info("relay fell behind", position=self.position)
            except* LogUnavailable as error:
                log.warning("the log is away", because=str(error.exceptions[0]))
                await asyncio.sleep(LOG_PAUSE_S)

    async def _follow(self) -> None:
        async with asyncio.TaskGroup() as both:
            self.position = await self._bookmarks.read_bookmark(BOOKMARK)
            news = NudgeQueue(self.position)
            both.create_task(self._hear(news))
            both.create_task(self._tell(news))

    async def _hear(self, news: NudgeQueue) -> None:
        async with aclosing(self._log.follow(self.position)) as pages:
            async for page in pages:
                if page:
                    news.add(latest(page), page[0].position, page[-1].position)

    async def _tell(self, news: NudgeQueue) -> None:
        routine = NudgeThrottle()
        while True:
            due = await news.due()
            standings = {one: await self._standing(one) for one in due}
            chosen = routine.choose(standings)
            in_order = live_first(chosen, standings)
            drills = {one for one in chosen if standings[one].mode is Mode.EXERCISE}
            await self._lives.tell_all({one: due[one] for one in in_order}, drills)
            news.told({one: due[one] for one in chosen})
            news.put_off(due.keys() - chosen)
            if news.told_up_to > self.position:
                await self._bookmarks.move_bookmark(BOOKMARK, news.told_up_to)
                self.position = news.told_up_to

    async def _standing(self, incident: str) -> WorkflowView:
        known = await self._incidents.known(incident)
        return workflow_view(incident, known.state, known.version)
