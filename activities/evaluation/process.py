"""The process that evaluates: another one in its place when it was killed."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

AT_ONCE: Final = 1
"""Each evaluation is a process's whole attention; an incident has one."""

NICENESS: Final = 10
"""Of the process: nobody's life hangs on a report."""


class EvaluationProcess(Executor):
    """Runs what it is given in a process of its own, which begins with the first of it.

    A pool of the standard library stays broken for good once its process was killed. What was under
    way fails with BrokenProcessPool then; what comes next begins a new one.
    """

    def __init__(self) -> None:
        self._pool = _pool()

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Have a function run there."""
        try:
            return self._pool.submit(fn, *args, **kwargs)
        except BrokenProcessPool:
            self._pool.shutdown(wait=False)
            self._pool = _pool()
            return self._pool.submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - as Executor has it
        """End the process."""
        self._pool.shutdown(wait, cancel_futures=cancel_futures)


def _pool() -> ProcessPoolExecutor:
    spawn = multiprocessing.get_context("spawn")  # a fork would share our connections
    return ProcessPoolExecutor(AT_ONCE, mp_context=spawn, initializer=os.nice, initargs=(NICENESS,))
