"""Prometheus metrics of the processes, on a port of their own if the settings name one."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Final

from prometheus_client import REGISTRY, Counter, Gauge, start_http_server

from domain.values import Mode
from eventstore.postgres.errors import LogUnavailable
from projections.queries import overdue
from projections.queries.overdue import Age
from services.runtime.failures import PortTaken

if TYPE_CHECKING:
    from eventstore.log.log import Log
    from eventstore.queries.reconciliations import Comparison
    from projections.checkpoints import Checkpoints
    from projections.queries.overdue import Overdue
    from services.runtime.settings.settings import Metrics

LOOK_S: Final = 5.0
"""How often a follower looks how far it is."""

HEAD = Gauge("muster_log_position", "Position of the log's newest event.", registry=None)
POSITION = Gauge(
    "muster_follower_position",
    "Position up to which a follower has come.",
    ["follower"],
    registry=None,
)
INCIDENTS = Gauge("muster_open_incidents", "Incidents that the log says are open.", registry=None)
RUNNING = Gauge(
    "muster_running_workflows", "Open incidents that have a running workflow.", registry=None
)
FAULTS = Gauge(
    "muster_workflow_faults",
    "Open incidents whose workflow does not move, by what is wrong, as last compared.",
    ["fault"],
    registry=None,
)
MENDED = Counter(
    "muster_workflows_begun_anew",
    "Workflows that were begun anew from the log, by what was wrong.",
    ["fault"],
    registry=None,
)
REFUSED = Counter(
    "muster_workflow_news_refused",
    "News of incidents that Temporal refused; told again after the next comparison.",
    registry=None,
)
COMPARED = Gauge(
    "muster_workflows_compared_timestamp_seconds",
    "When open incidents were last compared with running workflows.",
    registry=None,
)

DEADLINE_OVERDUE = Gauge(
    "muster_deadline_overdue_seconds",
    "By how much the oldest armed deadline is in the past, at least; NaN while nobody can tell.",
    ["mode"],
    registry=None,
)
OWED = Gauge(
    "muster_owed_seconds",
    "Since when the oldest notification or other work is owed, at least; NaN as above.",
    ["mode"],
    registry=None,
)
INCIDENTS_OVERDUE = Gauge(
    "muster_incidents_overdue",
    "Incidents with a deadline that is armed and in the past, as far as the view has seen.",
    ["mode"],
    registry=None,
)
UNSEEN = Gauge(
    "muster_view_unseen_seconds",
    "Age of the oldest event that the view of incidents has not seen.",
    registry=None,
)
LATENESS: Final = (DEADLINE_OVERDUE, OWED, INCIDENTS_OVERDUE, UNSEEN)


def serve(chosen: Metrics) -> None:
    """Serve what this process counts of itself, if a port is given. Raises PortTaken."""
    if chosen.at is None:
        return
    try:
        start_http_server(chosen.at, chosen.host)
    except OSError as error:
        raise _taken(chosen) from error


def serve_worker(chosen: Metrics) -> None:
    """Serve what Temporal's client counts; to be called before it connects. Raises PortTaken."""
    if chosen.at is None:
        return
    from temporalio.runtime import (  # noqa: PLC0415 - half a second that the others don't need
        PrometheusConfig,
        Runtime,
        TelemetryConfig,
    )

    where = PrometheusConfig(bind_address=f"{chosen.host}:{chosen.at}", durations_as_seconds=True)
    try:
        Runtime.set_default(Runtime(telemetry=TelemetryConfig(metrics=where)))
    except ValueError as error:
        raise _taken(chosen) from error


async def keep_looking(log: Log, bookmarks: Checkpoints) -> None:
    """Say how far the log and its followers are, endlessly; while it is away, how far they were."""
    for one in (HEAD, POSITION, INCIDENTS, RUNNING, FAULTS, MENDED, REFUSED, COMPARED):
        REGISTRY.register(one)
    count_lateness()
    while True:
        try:
            await look(log, bookmarks)
            show(await overdue.look(log))
        except (LogUnavailable, OSError):
            show(None)
        await asyncio.sleep(LOOK_S)


def count_lateness() -> None:
    """Have this process serve what is late."""
    for gauge in LATENESS:
        REGISTRY.register(gauge)
    show(None)


def show(seen: Overdue | None) -> None:
    """Say what is late; None while nobody can tell."""
    UNSEEN.set(math.nan if seen is None else seen.unseen_seconds)
    for mode in Mode:
        late = Age(math.nan) if seen is None else seen.deadlines[mode]
        owed = Age(math.nan) if seen is None else seen.owed[mode]
        DEADLINE_OVERDUE.labels(mode).set(late.seconds)
        OWED.labels(mode).set(owed.seconds)
        INCIDENTS_OVERDUE.labels(mode).set(math.nan if seen is None else late.incidents)


async def look(log: Log, bookmarks: Checkpoints) -> None:
    """Say once how far everybody is. Raises LogUnavailable."""
    HEAD.set(await log.head())
    for follower, position in (await bookmarks.positions()).items():
        POSITION.labels(follower).set(position)


def compared(found: Comparison) -> None:
    """Say what was found when open incidents were compared with running workflows."""
    INCIDENTS.set(found.open)
    RUNNING.set(found.running)
    FAULTS.clear()
    for fault, count in found.faults.items():
        FAULTS.labels(fault).set(count)
    COMPARED.set_to_current_time()


def mended(fault: str) -> None:
    """Count a workflow that was begun anew."""
    MENDED.labels(fault).inc()


def refused() -> None:
    """Count news that Temporal refused."""
    REFUSED.inc()


def _taken(chosen: Metrics) -> PortTaken:
    return PortTaken(
        f"metrics can't be served on {chosen.host}:{chosen.at} (metrics.host, metrics.port): "
        "the port is taken or the host is not this machine's; choose another"
    )
