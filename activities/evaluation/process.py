"""The process that evaluates: another one in its place when it was killed."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self, TypeVar

import structlog

from activities.work.slots import Slots

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

AT_ONCE: Final = 1
"""Each evaluation is a process's whole attention; an incident has one."""

NICENESS: Final = 10
"""Of the process: nobody's life hangs on a report."""

log = structlog.get_logger()


class EvaluationProcess:
    """Runs what it is given in a process of its own, which begins with the first of it.

    A pool of the standard library stays broken for good once its process was killed: another one
    takes its place.
    """

    def __init__(self) -> None:
        self._pool = _pool()
        self._slots = Slots(AT_ONCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def run(self, make: Callable[[], T], incident: str, *, live: bool) -> T:
        """Have a function run there, in its turn; once more if the process is killed meanwhile.

        Cancelled, it kills the process, which would go on and hold up the others.
        """
        async with self._slots.one(incident, live=live):
            try:
                return await self._run(make)
            except BrokenProcessPool:
                log.warning("the process that evaluates was killed; another one begins")
                return await self._run(make)

    async def _run(self, make: Callable[[], T]) -> T:
        process: int | None = None
        try:
            process = await asyncio.wrap_future(self._pool.submit(os.getpid))
            return await asyncio.wrap_future(self._pool.submit(make))
        except BrokenProcessPool:
            self._replace()
            raise
        except asyncio.CancelledError:
            if process is not None:
                log.warning("an evaluation was given up; its process is killed")
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
                self._replace()
            raise

    def _replace(self) -> None:
        self._pool.shutdown(wait=False)
        self._pool = _pool()

    def close(self) -> None:
        """End the process, once what is under way is done."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _pool() -> ProcessPoolExecutor:
    spawn = multiprocessing.get_context("spawn")  # a fork would share our connections
    return ProcessPoolExecutor(AT_ONCE, mp_context=spawn, initializer=os.nice, initargs=(NICENESS,))
