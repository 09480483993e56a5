"""Looks host names up, as the system does, each once at a time: one that hangs holds up no other.

`getaddrinfo` alone knows all that the system goes by, such as /etc/hosts, and has no end of its
own: it keeps a thread until the name servers were waited for in vain.
"""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from functools import partial
from typing import Any, Final

from activities.work.slots import Slots

THREADS_MAX: Final = 256
"""Names that are looked up at once: as many as webhooks are sent. Of those that hang, half."""

HANGS_AFTER_S: Final = 1.0
"""A name that takes longer is taken for hanging until a look-up of it is quicker."""

Found = list[tuple[Any, ...]]


class Resolver:
    """Finds the addresses of hosts. Of one event loop."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="resolver")
        self._hanging: set[str] = set()
        self._slots = Slots(THREADS_MAX, hanging=lambda: self._hanging)
        self._under_way: dict[tuple[str, int], asyncio.Task[Found]] = {}

    async def addresses(self, host: str, port: int) -> Found:
        """Return what `getaddrinfo` finds. Raises OSError, UnicodeError.

        Cancelling one caller does not cancel the look-up that others share.
        """
        looking = self._under_way.get((host, port))
        if looking is None:
            looking = asyncio.create_task(self._look_up(host, port), context=Context())
            self._under_way[host, port] = looking
            looking.add_done_callback(partial(self._end, host, port))
        return await asyncio.shield(looking)

    async def _look_up(self, host: str, port: int) -> Found:
        look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        loop = asyncio.get_running_loop()
        async with self._slots.one("", host, live=True):
            slow = loop.call_later(HANGS_AFTER_S, self._hanging.add, host)
            begun = loop.time()
            try:
                return await loop.run_in_executor(self._threads, look_up)
            finally:
                slow.cancel()
                if loop.time() - begun < HANGS_AFTER_S:
                    self._hanging.discard(host)

    def _end(self, host: str, port: int, looking: asyncio.Task[Found]) -> None:
        del self._under_way[host, port]
        if not looking.cancelled():
            looking.exception()  # perhaps nobody waits any more to be told
