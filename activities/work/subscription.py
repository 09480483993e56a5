"""Tells whoever works for an incident that its log has grown."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog

from eventstore.postgres.errors import LogUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from eventstore.log.log import Log

LOOK_S = 0.05
"""Between two looks at the log, while anybody works."""

PAUSE_S = 1.0
"""Before a log that is away is looked at again."""

log = structlog.get_logger()


class LogSubscription:
    """Looks at the log while anybody works, once for all: a look costs a third of a millisecond.

    A listener would be as quick, but reads every event and keeps the last thousands in memory.
    """

    def __init__(self, log_: Log) -> None:
        self._log = log_
        self._position: int | None = None
        self._watched: dict[str, asyncio.Event] = {}
        self._somebody = asyncio.Event()

    @contextmanager
    def of(self, incident: str) -> Iterator[asyncio.Event]:
        """Return what is set when an incident changes. One at a time may ask for an incident."""
        changed = self._watched[f"incident/{incident}"] = asyncio.Event()
        self._somebody.set()
        try:
            yield changed
        finally:
            del self._watched[f"incident/{incident}"]
            if not self._watched:
                self._somebody.clear()
                self._position = None

    async def follow(self) -> None:
        """Look, endlessly."""
        while True:
            await self._somebody.wait()
            pause = LOOK_S
            try:
                await self._look()
            except LogUnavailable as error:
                log.warning("the log is away", because=str(error))
                pause = PAUSE_S
            await asyncio.sleep(pause)

    async def _look(self) -> None:
        if self._position is None:  # what happened before is seen by whoever reads now
            position = await self._log.head()
            self._wake(self._watched)
        else:
            grown = await self._log.grown(self._position)
            position = max(grown.values(), default=self._position)
            self._wake(grown)
        self._position = position if self._watched else None

    def _wake(self, streams: Iterable[str]) -> None:
        for stream in tuple(streams):
            if stream in self._watched:
                self._watched[stream].set()
