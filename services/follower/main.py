"""The follower: keeps projections up to date, and nudges workflows with what happened."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack
from importlib import import_module
from typing import TYPE_CHECKING, Any

import structlog

from eventstore.log.log import Log
from eventstore.postgres.migrations import check
from eventstore.privacy.erasure import Eraser
from projections.checkpoints import Checkpoints
from projections.registry import VIEWS
from projections.runner import ProjectionRunner
from projections.view import Stopped
from services.follower.relay import Relay
from services.runtime import metrics, readiness
from services.runtime.clocks import clock_metrics, clock_watch
from services.runtime.settings.settings import Settings
from services.runtime.snapshots import SnapshotWriter

if TYPE_CHECKING:
    from services.runtime.temporal.workflow_starter import WorkflowStarter

log_line = structlog.get_logger()


async def follow(settings: Settings) -> None:
    """Follow until the process is told to stop. Neither follower waits for the other."""
    stopping = asyncio.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(wanted, stopping.set)
    dsn = settings.database.dsn.get_secret_value()
    await readiness.may_begin()
    await check(dsn)
    metrics.serve(settings.metrics)
    async with AsyncExitStack() as opened:
        await opened.enter_async_context(clock_watch.watched(settings, show=clock_metrics.show))
        log = await Log.open(dsn)
        opened.push_async_callback(log.close)
        keeper = await ProjectionRunner.open(dsn, log, VIEWS, _report)
        opened.push_async_callback(keeper.close)
        bookmarks = await Checkpoints.open(dsn)
        opened.push_async_callback(bookmarks.close)
        eraser = await Eraser.open(dsn, log, settings.vault.shares_folder)
        opened.push_async_callback(eraser.close)
        reaching = asyncio.create_task(_reach(settings), name="temporal")
        followers = [
            asyncio.create_task(eraser.run(), name="eraser"),
            asyncio.create_task(keeper.run(), name="views"),
            asyncio.create_task(SnapshotWriter(log, bookmarks).run(), name="snapshots"),
            asyncio.create_task(_relay(reaching, log, bookmarks), name="relay"),
            asyncio.create_task(_reconcile(reaching, log), name="reconciler"),
        ]
        if settings.metrics.port is not None:
            looking = metrics.keep_looking(log, bookmarks)
            followers.append(asyncio.create_task(looking, name="metrics"))
        log_line.info("serving", views=[view.name for view in VIEWS])
        readiness.announce()
        await _until(stopping, followers)


async def _reach(settings: Settings) -> WorkflowStarter:
    """Reach the workflows, once Temporal is there; the views don't wait for it."""
    lives = await asyncio.to_thread(import_module, "services.runtime.temporal.workflow_starter")
    temporal = await asyncio.to_thread(import_module, "services.runtime.temporal.client")
    client = await temporal.connect(settings.temporal)
    reached: WorkflowStarter = lives.WorkflowStarter(client, settings.worker)
    return reached


async def _relay(reaching: asyncio.Task[WorkflowStarter], log: Log, bookmarks: Checkpoints) -> None:
    """Tell the workflows what happened."""
    try:
        await Relay(log, await reaching, bookmarks).run()
    finally:
        await import_module("services.runtime.temporal.client").come_to_rest()


async def _reconcile(reaching: asyncio.Task[WorkflowStarter], log: Log) -> None:
    """See to it that every open incident has a workflow that moves."""
    lives = await reaching
    module = await asyncio.to_thread(import_module, "services.follower.reconciler")
    await module.Reconciler(log, lives).run()


async def _until(stopping: asyncio.Event, followers: Sequence[asyncio.Task[None]]) -> None:
    """Wait for the end; what is under way is given up, since every step of it is whole or not.

    A follower that fails ends the process, so that whoever started it starts it again.
    """
    told = asyncio.create_task(stopping.wait())
    waiting: set[asyncio.Task[Any]] = {told, *followers}
    while not told.done() and len(waiting) > 1:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if any(one.exception() is not None for one in done):
            break
    for one in (told, *followers):
        one.cancel()
    ends = await asyncio.gather(*followers, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            raise end


def _report(stopped: Stopped) -> None:
    """Say that a view stopped; the table `muster_view.checkpoint` has the whole text of why."""
    because = type(stopped.because).__name__
    log_line.error("view stopped", view=stopped.view, position=stopped.position, because=because)
