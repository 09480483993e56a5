"""A bound on how much is done at once, shared fairly between incidents."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Queues = OrderedDict[str, deque[asyncio.Future[None]]]


class Slots:
    """So many slots. One that becomes free goes to the incident whose turn it is, a live one first.

    However much one incident owes, another waits for a slot no longer than for its turn.
    """

    def __init__(self, most: int) -> None:
        self._free = most
        self._waiting: dict[bool, Queues] = {True: OrderedDict(), False: OrderedDict()}
        """By whether they are live, then by incident, in the order of their turns."""

    @asynccontextmanager
    async def one(self, incident: str, *, live: bool) -> AsyncIterator[None]:
        """Hold a slot."""
        if self._free and not any(self._waiting.values()):
            self._free -= 1
        else:
            await self._turn(incident, live)
        try:
            yield
        finally:
            self._free += 1
            self._hand_out()

    async def _turn(self, incident: str, live: bool) -> None:  # noqa: FBT001 - as asked
        turn = asyncio.get_running_loop().create_future()
        self._waiting[live].setdefault(incident, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it came in the same moment
                self._free += 1
                self._hand_out()
            raise

    def _hand_out(self) -> None:
        while self._free and (turn := self._next()):
            self._free -= 1
            turn.set_result(None)

    def _next(self) -> asyncio.Future[None] | None:
        """Return whose turn it is; who gave up is passed over."""
        for queues in self._waiting.values():
            while queues:
                incident, queue = queues.popitem(last=False)
                turn = queue.popleft()
                if queue:
                    queues[incident] = queue
                if not turn.done():
                    return turn
        return None
