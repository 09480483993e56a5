"""A barrier: what was read before it would outlive the primary.

After a crash of the primary, or when somebody cancelled a wait for the standby, the log shows what
perhaps no standby has. Whoever acknowledges something because it is there already comes by here.
"""

from __future__ import annotations

import asyncio
import time

from eventstore.postgres.connection import pauses
from eventstore.postgres.errors import LogClosed, LogUnavailable, is_transient
from eventstore.postgres.replicated_commit import PATIENCE_S, SETTLE, ReplicatedCommit


class Barrier:
    """Lets through, together, whoever asked before it was begun."""

    def __init__(self, dsn: str) -> None:
        self._committing = ReplicatedCommit(dsn)
        self._waiting: list[asyncio.Future[None]] = []
        self._work: asyncio.Task[None] | None = None
        self._closed = False

    async def close(self) -> None:
        """Disconnect; whoever waits is told so."""
        self._closed = True
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
        _tell(self._waiting, LogClosed("the log was closed"))
        await self._committing.close()

    async def passed(self) -> None:
        """Wait until all that was read before this is where commits are to be.

        Raises LogUnavailable.
        """
        if self._closed:
            raise LogClosed("the log was closed")
        through: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(through)
        if self._work is None:
            self._work = asyncio.create_task(self._let_through(), name="log barrier")
        await through

    async def _let_through(self) -> None:
        together: list[asyncio.Future[None]] = []
        try:
            while self._waiting:
                together, self._waiting = self._waiting, []
                _tell(together, await self._settle())
        finally:
            self._work = None
            _tell(together, LogClosed("the log was closed"))

    async def _settle(self) -> Exception | None:
        """Commit a record that comes after all others; return why that can't be done now."""
        began = time.monotonic()
        for pause in pauses():
            try:
                await self._committing.fetch(SETTLE, timeout_s=PATIENCE_S)
            except Exception as error:  # noqa: BLE001 - told to whoever waits
                await self._committing.close()
                if not is_transient(error):
                    return error
                if time.monotonic() - began > PATIENCE_S:
                    return LogUnavailable(str(error) or type(error).__name__)
            else:
                return None
            await asyncio.sleep(pause)
        raise AssertionError  # there is always a next pause


def _tell(waiting: list[asyncio.Future[None]], error: Exception | None) -> None:
    for one in waiting:
        if one.done():
            continue
        if error is None:
            one.set_result(None)
        else:
            one.set_exception(error)
