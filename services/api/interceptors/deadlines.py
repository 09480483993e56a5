"""Time limits of many calls at once, with one timer for all: most calls end long before."""

from __future__ import annotations

import asyncio


class Deadlines:
    """Ends what takes longer than a fixed time.

    A limit is one of `asyncio.timeout(None)`; it is ended as if it had been given the time itself.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._due: dict[asyncio.Timeout, float] = {}
        """The limits in the order in which they end, each with when it does."""
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, limit: asyncio.Timeout) -> None:
        """Let a limit end when the time is over."""
        loop = asyncio.get_running_loop()
        self._due[limit] = due = loop.time() + self._seconds
        if self._timer is None:
            self._timer = loop.call_at(due, self._end)

    def leave(self, limit: asyncio.Timeout) -> None:
        """Forget a limit: what it was for is done."""
        self._due.pop(limit, None)

    def _end(self) -> None:
        """End what is due, and come back for the next."""
        loop = asyncio.get_running_loop()
        now, self._timer = loop.time(), None
        while self._due:
            limit, due = next(iter(self._due.items()))
            if due > now:
                self._timer = loop.call_at(due, self._end)
                return
            del self._due[limit]
            end_now(limit)


def end_now(limit: asyncio.Timeout) -> bool:
    """End a limit at once; return False for one that is not entered, or is ending already."""
    try:
        limit.reschedule(asyncio.get_running_loop().time())
    except (RuntimeError, AssertionError):  # all that asyncio.Timeout says of its state in public
        return False
    return True
