"""Everything may stop at any time: what was open goes on where it stood."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from muster.v1.audit_service_pb2 import VerifyRequest
from muster.v1.common_pb2 import HAZARD_KIND_CROWDING, MODE_EXERCISE, CommandContext
from muster.v1.incident_commands_pb2 import ImposeMeasureRequest, ReportAlarmRequest

from activities.notification.channels.webhook_signatures import Secrets
from domain.values import Role
from eventstore.log.events import StoredEvent
from services.cli.session import events
from services.cli.session.connection import Connection
from services.demo import stage
from services.demo.case import meta_of
from services.demo.receiver import receiving
from services.demo.story import NORTH, PLAN, VENUE
from services.local.folder import Folder
from services.local.stack import Stack

pytestmark = pytest.mark.processes

DESK = "duty-manager"
CAST = {DESK: Role.OPERATOR}
PACE = 20.0
NOBODY_CALLS = Secrets(None, None)
"""Two minutes to verify an alarm are six seconds."""

PATIENCE_S = 40.0


@asynccontextmanager
async def serving(
    place: Folder, given: Mapping[str, str]
) -> AsyncIterator[tuple[Stack, dict[str, Connection]]]:
    """Run the stack in a folder, and let people in."""
    async with (
        stage.stack(place, lambda _: None) as running,
        stage.connections(running, given, "en") as cast,
    ):
        yield running, cast


@pytest.fixture
def place() -> Iterator[Folder]:
    with stage.folder(keep=False) as found:
        yield found


async def test_starting_again_resumes_open_incidents_and_late_deadlines_fire_once(
    place: Folder,
) -> None:
    given = stage.let_in(place, CAST)
    with receiving(NOBODY_CALLS) as hooks:
        async with serving(place, given) as (_, cast):
            await stage.prepare(cast, hooks)
            incident = await _alarm(cast[DESK])
        await asyncio.sleep(120 / PACE)  # the deadline passes while nothing runs
        async with serving(place, given) as (_, cast):
            auditor = cast[stage.AUDITOR]
            kinds = await _until(auditor, incident, "AlarmLeftUnverified")
            assert kinds.count("AlarmLeftUnverified") == 1
            assert kinds.count("ResponseActivated") == 1
            delivered = await _until(auditor, incident, "UnitDispatched")
            assert "NotificationOrdered" in delivered
            assert await _is_sound(auditor)


async def test_commands_are_recorded_while_temporal_is_away(place: Folder) -> None:
    given = stage.let_in(place, CAST)
    with receiving(NOBODY_CALLS) as hooks:
        async with serving(place, given) as (running, cast):
            await stage.prepare(cast, hooks)
            incident = await _alarm(cast[DESK])
            os.kill(running.parts["temporal"]["pid"], signal.SIGSTOP)
            try:
                request = ImposeMeasureRequest(
                    context=_new(), incident_id=incident, measure="rope", title="A rope"
                )
                receipt = await cast[DESK].incidents.ImposeMeasure(request, **cast[DESK].call)
                assert list(receipt.kinds) == ["MeasureImposed"]
                said = await _status(place)
            finally:
                os.kill(running.parts["temporal"]["pid"], signal.SIGCONT)
            assert "temporal" in said.lower()
            kinds = await _until(cast[stage.AUDITOR], incident, "ResponseActivated")
            assert kinds.count("AlarmLeftUnverified") == 1


async def _alarm(desk: Connection) -> str:
    request = ReportAlarmRequest(
        context=_new(),
        venue=VENUE,
        plan=PLAN,
        hazard=HAZARD_KIND_CROWDING,
        mode=MODE_EXERCISE,
        pace=PACE,
        zone=NORTH,
        source="camera 7",
    )
    receipt = await desk.incidents.ReportAlarm(request, **desk.call)
    return receipt.incident_id


async def _until(auditor: Connection, incident: str, kind: str) -> list[str]:
    """Wait until the incident has an event of a kind, and return the kinds of all of them."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            history = await events.of_incident(auditor, incident)
            kinds = [event.type for event in history]
            if kind in kinds:
                _fired_once(history)
                return kinds
            await asyncio.sleep(0.2)


def _fired_once(history: list[StoredEvent]) -> None:
    commands = [meta_of(event).get("command") for event in history]
    passed = [
        (one["deadline"], one["subject"], one["due_at"])
        for one in commands
        if one and one["kind"] == "LetDeadlinePass"
    ]
    assert len(passed) == len(set(passed))


async def _is_sound(auditor: Connection) -> bool:
    checks = auditor.audit.Verify(VerifyRequest())
    *_, last = [step async for step in checks]
    return last.sound


async def _status(place: Folder) -> str:
    """Return what `muster status` says, as a program would read it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "services.cli.main", "status", "--folder", str(place.root), "-o", "json"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        out, err = await process.communicate()
    assert b"Traceback" not in err
    return (out + err).decode()


def _new() -> CommandContext:
    return CommandContext(command_id=str(uuid4()))
