"""The work that an incident owes: each piece under way once, until it is done or owed no more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from domain.incident.outstanding import Work
from workflows.ports import Life, carry_out

WORK_AT_ONCE_MAX = 100
"""Pieces of one incident's work that are with the hands at once; the others wait."""


class Hands:
    """What is being done. `report` is told the incident's version after each piece."""

    def __init__(self, life: Life, report: Callable[[int], None]) -> None:
        self._life = life
        self._report = report
        self._free = asyncio.Semaphore(WORK_AT_ONCE_MAX)
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._done: set[str] = set()
        """Done, and not yet seen to be owed no more."""

    @property
    def are_busy(self) -> bool:
        """Tell whether anything is under way."""
        return bool(self._under_way)

    def take_on(self, owed: Sequence[Work]) -> None:
        """Begin what is owed and not begun, and let go of what is owed no more."""
        keys = {work.key for work in owed}
        for key, task in self._under_way.items():
            if key not in keys:
                task.cancel()
        self._done &= keys
        for work in owed:
            if work.key not in self._under_way and work.key not in self._done:
                self._begin(work)

    async def finish(self, patience: timedelta) -> None:
        """Wait for what is under way, but not for ever."""
        try:
            await workflow.wait_condition(lambda: not self.are_busy, timeout=patience)
        except TimeoutError:
            workflow.logger.warning("left undone: %s", ", ".join(self._under_way))

    def _begin(self, work: Work) -> None:
        task = asyncio.create_task(self._do(work))
        self._under_way[work.key] = task
        task.add_done_callback(lambda _: self._under_way.pop(work.key, None))

    async def _do(self, work: Work) -> None:
        try:
            async with self._free:
                version = await carry_out(self._life, work)
        except ActivityError as error:
            if not is_cancelled_exception(error):  # it is tried again when the incident moves on
                workflow.logger.exception("%s failed for good", work.key)
            return
        self._done.add(work.key)
        self._report(version)
