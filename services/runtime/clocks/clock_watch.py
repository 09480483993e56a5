"""Reads and compares the clocks of a process, of PostgreSQL and of Temporal, and says so aloud."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Final

import structlog

from eventstore.postgres.clock import DatabaseClock
from services.runtime.clocks.clocks import (
    AGREED,
    HERE,
    POSTGRESQL,
    REMEMBERED,
    TEMPORAL,
    ClocksDiffer,
    Comparison,
    Reading,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from temporalio.client import Client

    from services.runtime.settings.settings import Settings

READ_TIMEOUT_S: Final = 3.0
"""For one clock. One that can't be read is not compared: that it is away is said elsewhere."""

STEP_LOOK_S: Final = 1.0
"""How often to look whether this process's own clock was set."""

AGAIN_S: Final = 5.0
"""Between two comparisons at least, however often a clock is set; also while one can't be read."""

log = structlog.get_logger()


class ClockWatch:
    """Compares the clocks, again and again, and says when they differ."""

    def __init__(
        self,
        settings: Settings,
        client: Client | None,
        show: Callable[[Comparison], None],
        *,
        without: frozenset[str] = frozenset(),
    ) -> None:
        self._settings = settings
        self._client = client
        self._show = show
        self._without = without
        """Clocks that this process has nothing to do with."""
        self.latest = Comparison((), settings.clocks.max_difference_seconds)

    async def compare(self) -> Comparison:
        """Read every clock; a process that agrees with the others goes by its own from here on."""
        (database, newest), temporal = await self._read_database(), await self._read_temporal()
        found = tuple(one for one in (database, temporal) if one is not None)
        remembered = Reading(REMEMBERED, -AGREED.strayed_s, 0.0)
        readings = (Reading(HERE, 0.0, 0.0), *(found or (remembered,)))
        ahead_s = 0.0 if newest is None else newest - max(one.ahead_s for one in readings)
        bound_s = self._settings.clocks.max_difference_seconds
        self.latest = Comparison(readings, bound_s, max(0.0, ahead_s))
        if self.latest.agree and found:
            AGREED.agree()
        self._show(self.latest)
        return self.latest

    async def run(self) -> None:
        """Compare, endlessly: as often as the settings say, and when our own clock is set."""
        while True:
            await self._next()
            try:
                await self._compare_aloud()
            except Exception as error:  # noqa: BLE001 - an alarm that ends is none
                log.error("the clocks were not compared", because=type(error).__name__)  # noqa: TRY400 - told, not traced

    async def _compare_aloud(self) -> None:
        was_well = self.latest.are_well
        latest = await self.compare()
        if not latest.are_well:
            log.error("the clocks are wrong", why=latest.complaint())
        elif not was_well:
            log.info("the clocks are right again", seen=latest.described())

    async def _next(self) -> None:
        every_s = self._settings.clocks.compare_every_seconds
        pause_s = min(AGAIN_S, every_s) if self.latest.unread - self._without else every_s
        begun = time.monotonic()
        while (waited_s := time.monotonic() - begun) < pause_s:
            set_by_s = abs(AGREED.strayed_s)
            if set_by_s > self._settings.clocks.max_difference_seconds and waited_s > AGAIN_S:
                return
            await asyncio.sleep(min(STEP_LOOK_S, pause_s))

    async def _read_database(self) -> tuple[Reading | None, float | None]:
        """Read PostgreSQL's clock, and how far ahead of ours the newest event was recorded."""
        dsn = self._settings.database.dsn.get_secret_value()
        with suppress(Exception):  # that the database is away is said elsewhere
            async with asyncio.timeout(READ_TIMEOUT_S), DatabaseClock(dsn) as clock:
                reading, newest = await _read(POSTGRESQL, clock.now), await clock.newest()
                ahead_s = None if newest is None else (newest - datetime.now(UTC)).total_seconds()
                return reading, ahead_s
        return None, None

    async def _read_temporal(self) -> Reading | None:
        """Read Temporal's clock; connecting, and importing its client, is no part of that."""
        if TEMPORAL in self._without:
            return None
        client = await asyncio.to_thread(import_module, "services.runtime.temporal.client")
        temporal = await asyncio.to_thread(import_module, "services.runtime.temporal.clock")
        with suppress(Exception):  # that Temporal is away is said elsewhere
            async with asyncio.timeout(READ_TIMEOUT_S):
                if self._client is None:
                    self._client = await client.connect_once(self._settings.temporal)
            return await _read(TEMPORAL, lambda: temporal.now_at(self._client))
        return None


@asynccontextmanager
async def watched(
    settings: Settings,
    client: Client | None = None,
    show: Callable[[Comparison], None] = lambda _: None,
) -> AsyncIterator[ClockWatch]:
    """Compare the clocks for as long as the context lasts. Raises ClocksDiffer at its start."""
    watch = ClockWatch(settings, client, show)
    first = await watch.compare()
    if not first.agree:
        raise ClocksDiffer(first.complaint())
    async with _running(watch):
        yield watch


@asynccontextmanager
async def watched_by_notary(
    settings: Settings, show: Callable[[Comparison], None] = lambda _: None
) -> AsyncIterator[ClockWatch]:
    """Compare this process's clock with PostgreSQL's, and say when they differ.

    A notary starts all the same: nothing that it signs has a time in it, and a log that nobody
    signs is the greater harm. It has nothing to do with Temporal.
    """
    watch = ClockWatch(settings, None, show, without=frozenset({TEMPORAL}))
    await watch.compare()
    async with _running(watch):
        yield watch


@asynccontextmanager
async def _running(watch: ClockWatch) -> AsyncIterator[None]:
    if not watch.latest.are_well:
        log.error("the clocks are wrong", why=watch.latest.complaint())
    watching = asyncio.create_task(watch.run(), name="clocks")
    try:
        yield
    finally:
        watching.cancel()
        AGREED.forget()


async def _read(clock: str, ask: Callable[[], Awaitable[datetime]]) -> Reading | None:
    """Read a clock between two looks at ours; None if it can't be read."""
    try:
        async with asyncio.timeout(READ_TIMEOUT_S):
            begun, begun_s = datetime.now(UTC), time.monotonic()
            there = await ask()
            half_s = (time.monotonic() - begun_s) / 2
    except Exception as error:  # noqa: BLE001 - that it is away is said elsewhere; others are compared
        log.info("a clock can't be read", clock=clock, because=type(error).__name__)
        return None
    return Reading(clock, (there - begun).total_seconds() - half_s, half_s)
