"""The process that follows the log: it keeps the views, and tells the workflows what happened."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack

import structlog

from eventstore.log import Log
from eventstore.migrations import check
from projections.engine import Stopped, ViewKeeper
from projections.views import VIEWS
from services import readiness
from services.settings import Settings

log_line = structlog.get_logger()


async def follow(settings: Settings) -> None:
    """Follow until the process is told to stop."""
    stopping = asyncio.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(wanted, stopping.set)
    dsn = settings.database.dsn.get_secret_value()
    await check(dsn)
    async with AsyncExitStack() as opened:
        log = await Log.open(dsn)
        opened.push_async_callback(log.close)
        keeper = await ViewKeeper.open(dsn, log, VIEWS, _report)
        opened.push_async_callback(keeper.close)
        work = asyncio.create_task(keeper.run(), name="views")
        log_line.info("serving", views=[view.name for view in VIEWS])
        readiness.announce()
        await _until(stopping, work)


async def _until(stopping: asyncio.Event, work: asyncio.Task[None]) -> None:
    """Wait for the end; what is under way is given up, since every step of it is whole or not."""
    told = asyncio.create_task(stopping.wait())
    await asyncio.wait({told, work}, return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    if stopping.is_set():
        work.cancel()
    await asyncio.wait({work})
    if not work.cancelled():
        work.result()


def _report(stopped: Stopped) -> None:
    """Say that a view stopped; the others go on."""
    because = f"{type(stopped.because).__name__}: {stopped.because}"
    log_line.error("view stopped", view=stopped.view, position=stopped.position, because=because)
