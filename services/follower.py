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
from projections.bookmarks import Bookmarks
from services import readiness
from services.lives import Lives
from services.relay import Relay
from services.settings import Settings
from services.temporal_client import connect

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
        bookmarks = await Bookmarks.open(dsn)
        opened.push_async_callback(bookmarks.close)
        views = asyncio.create_task(keeper.run(), name="views")
        relay = asyncio.create_task(_relay(settings, log, bookmarks), name="relay")
        log_line.info("serving", views=[view.name for view in VIEWS])
        readiness.announce()
        await _until(stopping, {views, relay})


async def _relay(settings: Settings, log: Log, bookmarks: Bookmarks) -> None:
    """Tell the workflows, as soon as Temporal can be reached; the views don't wait for it."""
    client = await connect(settings.temporal)
    await Relay(log, Lives(client, settings.worker), bookmarks).run()


async def _until(stopping: asyncio.Event, work: set[asyncio.Task[None]]) -> None:
    """Wait for the end; what is under way is given up, since every step of it is whole or not."""
    told = asyncio.create_task(stopping.wait())
    done, _ = await asyncio.wait({told, *work}, return_when=asyncio.FIRST_COMPLETED)
    for task in (told, *work):
        task.cancel()
    await asyncio.gather(told, *work, return_exceptions=True)
    for task in done - {told}:
        task.result()


def _report(stopped: Stopped) -> None:
    """Say that a view stopped; the others go on."""
    because = f"{type(stopped.because).__name__}: {stopped.because}"
    log_line.error("view stopped", view=stopped.view, position=stopped.position, because=because)
