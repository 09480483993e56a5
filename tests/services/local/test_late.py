"""A deadline that can't pass, on a whole stack: every place where an operator looks says so."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import urllib.request
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import psutil
import pytest
from muster.v1 import common_pb2
from muster.v1.plan_service_pb2 import PlanDocument

from activities.record import command_id_of
from compiler import driver
from domain.decider import encode
from domain.incident.events.duties import ReportExpected
from domain.incident.events.opening import IncidentOpened
from domain.incident.obligations.deadlines import LetDeadlinePass
from domain.incident.state.incident import DeadlineKind
from domain.plan.model.plan import PlanRef
from domain.values import HazardKind, Mode
from eventstore.log.events import Appended, NewEvent
from eventstore.log.log import Log
from services.client.client import Client, connected
from services.client.plan_publication import bring_into_force
from services.demo import stage
from services.local.postgres import RUNTIME, Postgres
from services.local.stack import PROCESSES, Stack, running
from services.runtime.exit_codes import Exit
from tests.api.conftest import PLAN, alarm, impose
from tests.services.local.test_stack import FREE, PATIENCE_S, asked, eventually, free_ports
from tests.services.running import muster

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from domain.values import Event

pytestmark = pytest.mark.processes

METRICS_PORT = free_ports()
REFUSED_CLOCK = re.compile(r'^muster_own_commands_refused{.*actor="clock".*} [1-9]', re.MULTILINE)
PACE = 60.0
"""An alarm is to be verified within two minutes by the plan, so within two seconds."""
NO_PLAN = PlanRef(id="gone", version=1, hash="0" * 64)
"""An incident of a plan that is in no log: nothing about it can be decided."""


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    given = {"MUSTER_METRICS__PORT": str(METRICS_PORT), "MUSTER_OVERDUE__DEADLINE_SECONDS": "2"}
    with stage.folder(keep=False) as place:
        up = muster("up", "-d", "--folder", str(place.root), *FREE, given=given)
        assert up.code == Exit.OK, up.text
        found = running(place)
        assert found
        yield found
        muster("down", "--folder", str(place.root))


def metrics(process: str, first_port: int = METRICS_PORT) -> str:
    port = first_port + PROCESSES.index(process)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return str(answer.read(), "utf-8")


async def happened(stack: Stack, *facts: Event) -> None:
    """Let facts be in the log of a stack, whatever a decision would say."""
    log, at = await Log.open(Postgres(stack.folder).dsn(RUNTIME)), datetime.now(UTC)
    new = [NewEvent(uuid4(), one.kind, one.schema_version, at, encode(one), "{}") for one in facts]
    assert isinstance(await log.append(f"incident/{uuid4()}", 0, new), Appended)
    await log.close()


def opened(mode: Mode) -> IncidentOpened:
    return IncidentOpened(venue="shop", hazard=HazardKind.FIRE, plan=NO_PLAN, mode=mode, pace=1.0)


def past() -> ReportExpected:
    return ReportExpected(report="first", due_at=datetime.now(UTC) - timedelta(hours=1))


def state(stack: Stack, command: str, part: str) -> str:
    _, seen = asked(command, stack.folder)
    return str(seen["parts"][part]["state"])


def test_what_deadlines_hang_on_gives_way_to_nobody(stack: Stack) -> None:
    nice = {name: psutil.Process(part["pid"]).nice() for name, part in stack.parts.items()}
    assert {name for name, value in nice.items() if value > nice["api"]} == {"notary"}


def test_a_caller_who_knows_the_source_keeps_no_deadline_from_firing(stack: Stack) -> None:
    asyncio.run(attacked(stack))


async def attacked(stack: Stack) -> None:
    """Record something harmless under every id that the clock is about to use, and wait."""
    async with alarmed(stack) as (log, operator, incident):
        (reported,) = [one async for one in facts(log, incident, "AlarmReported")]
        passing = LetDeadlinePass(
            deadline=DeadlineKind.ALARM_VERIFICATION,
            subject="alarm",
            due_at=datetime.fromisoformat(json.loads(reported)["verify_by"]),
        )
        named = command_id_of(incident, passing)
        taken = await operator.incidents.ImposeMeasure(impose(incident, "tape", command_id=named))
        assert list(taken.kinds) == ["MeasureImposed"]
        await left_unverified(log, incident)


@asynccontextmanager
async def alarmed(stack: Stack) -> AsyncIterator[tuple[Log, Client, str]]:
    """Report an alarm as an exercise, a plan being in force."""
    log = await Log.open(Postgres(stack.folder).dsn(RUNTIME))
    async with (
        connected(stack.api, stack.token("planner")) as planner,
        connected(stack.api, stack.token("administrator")) as approver,
        connected(stack.api, stack.token("operator")) as operator,
        asyncio.timeout(PATIENCE_S),
    ):
        document = PlanDocument(yaml=driver.shipped()[PLAN])
        await bring_into_force(document, planner, approver)
        drill = alarm(mode=common_pb2.MODE_EXERCISE, pace=PACE)
        yield log, operator, (await operator.incidents.ReportAlarm(drill)).incident_id
    await log.close()


async def left_unverified(log: Log, incident: str) -> None:
    """Wait until nobody verified an alarm in time."""
    while not [one async for one in facts(log, incident, "AlarmLeftUnverified")]:
        await asyncio.sleep(0.1)


async def facts(log: Log, incident: str, kind: str) -> AsyncIterator[str]:
    async for page in log.read_stream(f"incident/{incident}"):
        for event in page:
            if event.type == kind:
                yield event.data


def test_a_late_exercise_is_shown_and_alarms_nobody(stack: Stack) -> None:
    asyncio.run(happened(stack, opened(Mode.EXERCISE), past()))
    assert eventually(lambda: state(stack, "status", "deadlines of exercises") == "late")
    assert state(stack, "status", "deadlines") == "in time"
    assert asked("status", stack.folder)[0] == Exit.OK


def test_a_worker_that_stands_still_is_no_follower_that_does(stack: Stack) -> None:
    worker = stack.parts["worker"]["pid"]
    os.kill(worker, signal.SIGSTOP)
    try:
        asyncio.run(happened(stack, opened(Mode.LIVE), past()))
        assert eventually(lambda: asked("status", stack.folder)[0] == Exit.UNAVAILABLE)
    finally:
        os.kill(worker, signal.SIGCONT)


def test_a_deadline_that_cannot_pass_is_said_by_status_doctor_and_metrics(stack: Stack) -> None:
    asyncio.run(happened(stack, opened(Mode.LIVE), past()))
    assert eventually(lambda: state(stack, "status", "deadlines") == "late")
    code, found = asked("doctor", stack.folder)
    assert (code, found["parts"]["deadlines"]["state"]) == (Exit.UNAVAILABLE, "late")
    assert "report/first" in found["parts"]["deadlines"]["what"]
    assert eventually(lambda: REFUSED_CLOCK.search(metrics("worker")) is not None)
    assert eventually(lambda: 'muster_deadline_overdue_seconds{mode="live"} 3' in metrics("api"))
    assert 'muster_incidents_overdue{mode="live"}' in metrics("follower")
