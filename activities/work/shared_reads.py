"""Reads that many ask for at the same time, made once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

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


class BatchedReads(Generic[K, V]):
    """Answers each question with a read that began after it was asked, many different in one.

    While one read is under way, the next batch collects. A value that is an exception is raised
    to the callers of its key only.
    """

    def __init__(self, read: Callable[[Sequence[K]], Awaitable[Mapping[K, V | Exception]]]) -> None:
        self._read = read
        self._asked: dict[K, asyncio.Future[V]] = {}
        self._reading: asyncio.Task[None] | None = None

    async def get(self, key: K) -> V:
        """Return what is read now. Raises what reading raises, or what it found."""
        answer = self._asked.get(key)
        if answer is None:
            answer = self._asked[key] = asyncio.get_running_loop().create_future()
        if self._reading is None:
            self._reading = asyncio.create_task(self._read_on())
        return await asyncio.shield(answer)

    async def _read_on(self) -> None:
        try:
            while self._asked:
                asked, self._asked = self._asked, {}
                for key, found in (await self._found(tuple(asked))).items():
                    if isinstance(found, Exception):
                        asked[key].set_exception(found)
                    else:
                        asked[key].set_result(found)
        finally:
            self._reading = None

    async def _found(self, keys: Sequence[K]) -> Mapping[K, V | Exception]:
        try:
            return await self._read(keys)
        except Exception as error:  # noqa: BLE001 - raised to everybody who asked
            return dict.fromkeys(keys, error)
