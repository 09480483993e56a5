"""What is late shows in the health service and in metrics; commands are served all the same."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from muster.v1 import common_pb2

from domain.decider import encode
from domain.incident.events.duties import (
    Message,
    NotificationOrdered,
    ReportExpected,
    ReportNoLongerExpected,
)
from eventstore.log.events import Appended, NewEvent
from eventstore.log.log import Log
from services.api.lateness import DEADLINES, OWED_WORK
from services.runtime import metrics
from services.runtime.settings.settings import Overdue
from tests.api.conftest import Service, impose, opened, publish, running, settings_of
from tests.api.test_server import NOT_SERVING, SERVING, health

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from domain.values import Event
    from tests.conftest import Database

PATIENCE_S = 30.0
BOUNDS = Overdue(deadline_seconds=2.5, owed_seconds=2.5)
AN_HOUR = timedelta(hours=1)
EXERCISE = {"mode": common_pb2.MODE_EXERCISE}
OFF = ReportNoLongerExpected(report="first")
TOLD = NotificationOrdered(
    notification="n99", to="duty-officer", message=Message.TASK_ASSIGNED, about="task/guide"
)


def late() -> ReportExpected:
    return ReportExpected(report="first", due_at=datetime.now(UTC) - AN_HOUR)


@pytest.fixture
async def hurried(database: Database, tmp_path: Path) -> AsyncIterator[Service]:
    """Run a service that is soon alarmed."""
    chosen = settings_of(database, tmp_path).model_copy(update={"overdue": BOUNDS})
    async with running(chosen) as service:
        await publish(service)
        yield service


async def happened(database: Database, receipt: common_pb2.Receipt, *facts: Event) -> None:
    """Let facts be in the log after a command."""
    log, at = await Log.open(database.dsn), datetime.now(UTC)
    new = [NewEvent(uuid4(), one.kind, one.schema_version, at, encode(one), "{}") for one in facts]
    answer = await log.append(receipt.stream, receipt.version, new)
    await log.close()
    assert isinstance(answer, Appended)


async def until(service: Service, name: str, wanted: int) -> None:
    async with asyncio.timeout(PATIENCE_S), grpc.aio.insecure_channel(service.address) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        watch = stub.Watch(health_pb2.HealthCheckRequest(service=name))
        while (await watch.read()).status != wanted:
            pass


def measured(gauge: Any, mode: str) -> float:
    (family,) = gauge.collect()
    return float(next(one.value for one in family.samples if one.labels == {"mode": mode}))


@pytest.mark.usefixtures("views")
async def test_a_late_deadline_is_told_until_it_passed_and_commands_go_on(
    hurried: Service, database: Database
) -> None:
    assert await health(hurried.address, DEADLINES) == SERVING
    receipt = await opened(hurried)
    await happened(database, receipt, late())
    await until(hurried, DEADLINES, NOT_SERVING)
    assert measured(metrics.DEADLINE_OVERDUE, "live") >= AN_HOUR.total_seconds()
    assert measured(metrics.INCIDENTS_OVERDUE, "live") == 1
    assert await health(hurried.address, "muster.v1.IncidentService") == SERVING
    commander = await hurried.client("commander")
    taken = await commander.incidents.ImposeMeasure(impose(receipt.incident_id, "m1"))
    await happened(database, taken, OFF)
    await until(hurried, DEADLINES, SERVING)


@pytest.mark.usefixtures("views")
async def test_work_that_is_owed_for_long_is_told_apart_from_deadlines(
    hurried: Service, database: Database
) -> None:
    await happened(database, await opened(hurried), TOLD)
    await until(hurried, OWED_WORK, NOT_SERVING)
    assert await health(hurried.address, DEADLINES) == SERVING
    assert measured(metrics.OWED, "live") >= BOUNDS.owed_seconds


@pytest.mark.usefixtures("views")
async def test_an_exercise_that_is_late_is_measured_and_alarms_nobody(
    hurried: Service, database: Database
) -> None:
    await happened(database, await opened(hurried, **EXERCISE), late(), TOLD)
    async with asyncio.timeout(PATIENCE_S):
        while not measured(metrics.OWED, "exercise") > BOUNDS.owed_seconds:
            await asyncio.sleep(0.1)
    assert measured(metrics.DEADLINE_OVERDUE, "exercise") >= AN_HOUR.total_seconds()
    assert await health(hurried.address, DEADLINES) == SERVING
    assert await health(hurried.address, OWED_WORK) == SERVING


async def test_a_follower_that_does_not_run_is_told(hurried: Service) -> None:
    assert (await opened(hurried)).kinds
    await until(hurried, DEADLINES, NOT_SERVING)
    assert await health(hurried.address, "muster.v1.IncidentService") == SERVING
