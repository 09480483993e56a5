"""Reads that many ask for at the same time, made once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

K = TypeVar("K")
V = TypeVar("V")


class SharedReads(Generic[K, V]):
    """Answers each question with a read that began after it was asked, shared by all who wait.

    Nobody is given anything older than what he would have read himself.
    """

    def __init__(self, read: Callable[[K], Awaitable[V]]) -> None:
        self._read = read
        self._under_way: dict[K, asyncio.Task[V]] = {}
        self._next: dict[K, asyncio.Task[V]] = {}

    async def get(self, key: K) -> V:
        """Return what is read now. Raises what reading raises."""
        reading = self._next.get(key)
        if reading is None:
            reading = asyncio.create_task(self._after(key, self._under_way.get(key)))
            if key in self._under_way:
                self._next[key] = reading
            else:
                self._under_way[key] = reading
        return await asyncio.shield(reading)

    async def _after(self, key: K, earlier: asyncio.Task[V] | None) -> V:
        if earlier is not None:
            await asyncio.wait([earlier])
            self._under_way[key] = self._next.pop(key)
        try:
            return await self._read(key)
        finally:
            del self._under_way[key]
