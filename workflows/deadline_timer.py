"""One timer, for the earliest deadline."""

from __future__ import annotations

import asyncio
from datetime import datetime

from temporalio import workflow


class DeadlineTimer:
    """Rings when a moment comes. Moved later it still rings at the earlier one: set it again then.

    So a duty that is answered in time costs no timer of its own.
    """

    def __init__(self) -> None:
        self.rang = False
        self._set_for: datetime | None = None
        self._waiting: asyncio.Task[None] | None = None

    def set_for(self, moment: datetime | None) -> None:
        """Ring at a moment, at once if it is over; for None, leave what was set."""
        self.rang = False
        if moment is None:
            return
        if moment <= workflow.now():
            self.rang = True
        elif self._waiting is None or self._set_for is None or moment < self._set_for:
            self._wait_for(moment)

    def _wait_for(self, moment: datetime) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        self._set_for = moment
        self._waiting = asyncio.create_task(self._ring_at(moment))

    async def _ring_at(self, moment: datetime) -> None:
        await workflow.sleep(moment - workflow.now(), summary="the next deadline")
        self.rang = True
        self._waiting = None
