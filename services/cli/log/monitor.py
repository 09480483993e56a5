"""`muster monitor`: follow a log from outside."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from activities.notification.channels.webhook_signatures import SecretsUnusable
from services.cli.output.answers import Output
from services.cli.output.failure import Failure
from services.cli.session.session import Session
from services.client.checkpoints.grpc_source import ServiceSource
from services.client.checkpoints.log_contact import LogContact
from services.client.checkpoints.store import CheckpointStore, StoreUnusable
from services.monitor import metrics
from services.monitor.delivery import delivery_of
from services.monitor.events import EventVerification
from services.monitor.observation import UNREACHABLE, Look, Observation
from services.monitor.state import MonitorFolder, MonitorUnusable
from services.runtime import logs
from services.runtime.exit_codes import Exit
from services.runtime.failures import PortTaken
from services.runtime.settings import settings as configuration

if TYPE_CHECKING:
    from services.runtime.settings.settings import Settings


async def monitor(
    session: Session,
    *,
    events: Annotated[
        bool, typer.Option("--events", help="Verify every event, too, and the tree over them.")
    ] = False,
    once: Annotated[
        bool, typer.Option("--once", help="Look once, and say by the exit code how it is.")
    ] = False,
) -> None:
    """Follow a log from outside: verify each checkpoint, send them elsewhere, alarm if it forks."""
    settings = _settings()
    folder = MonitorFolder(settings.monitor.folder)
    try:
        with folder.held():
            metrics.serve(settings.metrics)
            observation = _observation(session, settings, folder, every_event=events)
            try:
                await _follow(observation, session, settings, once=once)
            finally:
                observation.events.close()
    except (StoreUnusable, MonitorUnusable, SecretsUnusable, PortTaken, sqlite3.Error) as error:
        raise Failure(Exit.USAGE, "MONITOR_UNUSABLE", str(error)) from None
    alarms = observation.state.alarms
    if set(alarms) == {UNREACHABLE}:
        raise Failure(Exit.UNAVAILABLE, "LOG_UNREACHABLE", alarms[UNREACHABLE])
    if alarms:
        said = session.output.said("日志有未了的警报", "alarms stand about the log")
        raise Failure(Exit.LOG_DIVERGES, "LOG_ALARM", said, alarms)


async def _follow(
    observation: Observation, session: Session, settings: Settings, *, once: bool
) -> None:
    """Look again and again, until SIGTERM or Ctrl-C."""
    stopping = asyncio.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(wanted, stopping.set)
    while not stopping.is_set():
        look = await observation.look()
        metrics.show(look, len(observation.state.waiting))
        _show(session.output, observation, look, once=once)
        if once:
            return
        try:
            async with asyncio.timeout(settings.monitor.every_seconds):
                await stopping.wait()
        except TimeoutError:
            continue


def _observation(
    session: Session, settings: Settings, folder: MonitorFolder, *, every_event: bool
) -> Observation:
    connection, store = session.connection, CheckpointStore(folder.checkpoints)
    source = ServiceSource(connection)
    contact = LogContact(source, store, connection.server, session.log_key)
    return Observation(
        contact,
        EventVerification.open(connection, folder.events),
        delivery_of(settings),
        folder,
        settings.monitor,
        every_event,
        folder.read(),
    )


def _show(output: Output, observation: Observation, look: Look, *, once: bool) -> None:
    """Say what is new."""
    if not (look.new or once):
        return
    answer = {
        "server": observation.contact.server,
        "size": look.size,
        "events_verified": look.events,
        "alarms": look.alarms,
    }
    if output.as_json:
        output.line(answer)
        return
    said = output.said("个事件的检查点已核对", "events: checkpoint verified")
    line = f"{observation.contact.server}  {look.size} {said}"
    if observation.every_event:
        line += f", +{look.events} " + output.said("个事件逐一核对", "events verified one by one")
    output.console.print(Text(line, overflow="fold"))


def _settings() -> Settings:
    try:
        settings = configuration.load()
    except configuration.SettingsInvalid as error:
        raise Failure(Exit.USAGE, "SETTINGS_INVALID", str(error)) from None
    logs.configure(settings.log, "monitor")
    return settings
