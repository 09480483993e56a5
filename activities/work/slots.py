"""A bound on how much is done at once, shared fairly between incidents and between hosts."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from activities.work.timeout import waiting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Container

Queues = OrderedDict[str, deque[asyncio.Future[None]]]


class Slots:
    """So many slots. One that becomes free goes to the incident whose turn it is, a live one first.

    However much one incident owes, another waits for a slot no longer than for its turn. Hosts have
    a bound each; those that are taken for hanging have half of the slots together, so that they
    can't keep the others waiting.
    """

    def __init__(
        self,
        most: int,
        *,
        most_per_host: int | None = None,
        hanging: Callable[[], Container[str]] = tuple,
    ) -> None:
        self._free = most
        self._most_per_host = most_per_host or most
        self._most_of_hanging = max(1, most // 2)
        self._hanging = hanging
        self._held: Counter[str] = Counter()
        """By host."""
        self._waiting: dict[bool, OrderedDict[str, Queues]] = {
            True: OrderedDict(),
            False: OrderedDict(),
        }
        """By whether they are live, by incident, by host, each in the order of their turns."""

    @asynccontextmanager
    async def one(self, incident: str, host: str = "", *, live: bool) -> AsyncIterator[None]:
        """Hold a slot. Waiting for it takes none of an attempt's time."""
        await self._turn(incident, host, live)
        try:
            yield
        finally:
            self._give_back(host)

    async def _turn(self, incident: str, host: str, live: bool) -> None:  # noqa: FBT001 - as asked
        turn = asyncio.get_running_loop().create_future()
        queues = self._waiting[live].setdefault(incident, OrderedDict())
        queues.setdefault(host, deque()).append(turn)
        self._hand_out()
        if turn.done():
            return
        try:
            with waiting():
                await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it came in the same moment
                self._give_back(host)
            else:
                self._remove(turn, incident, host, live=live)
            raise

    def _give_back(self, host: str) -> None:
        self._free += 1
        self._held[host] -= 1
        if not self._held[host]:
            del self._held[host]
        self._hand_out()

    def _hand_out(self) -> None:
        while self._free and self._hand_out_next():
            pass

    def _hand_out_next(self) -> bool:
        """Give a slot to the next whose host has room; return whether there was one."""
        for live, incidents in self._waiting.items():
            for incident, hosts in incidents.items():
                for host, queue in hosts.items():
                    turn = next((one for one in queue if not one.done()), None)
                    if turn is None or not self._has_room(host):
                        continue
                    self._free -= 1
                    self._held[host] += 1
                    turn.set_result(None)
                    hosts.move_to_end(host)
                    incidents.move_to_end(incident)
                    self._remove(turn, incident, host, live=live)
                    return True
        return False

    def _has_room(self, host: str) -> bool:
        if self._held[host] >= self._most_per_host:
            return False
        hanging = self._hanging()
        if host not in hanging:
            return True
        held = sum(most for one, most in self._held.items() if one in hanging)
        return held < self._most_of_hanging

    def _remove(self, turn: asyncio.Future[None], incident: str, host: str, *, live: bool) -> None:
        incidents = self._waiting[live]
        hosts = incidents[incident]
        hosts[host].remove(turn)
        if not hosts[host]:
            del hosts[host]
        if not hosts:
            del incidents[incident]
