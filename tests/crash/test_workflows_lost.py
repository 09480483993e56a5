"""Temporal forgets everything, and operators end workflows: no deadline falls silent."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from eventstore.log.log import Log
from eventstore.queries.reconciliations import Comparison, Reconciliations
from services.api.server import WORKFLOWS
from services.client.client import open_channel
from services.demo import stage
from services.follower import executions
from services.follower.workflow_faults import Fault
from services.local.postgres import RUNTIME, Postgres
from services.local.stack import running
from services.runtime.exit_codes import Exit
from services.runtime.settings import settings
from services.runtime.temporal.client import connect
from services.runtime.temporal.workflow_starter import workflow_id
from tests.crash import checking
from tests.services.running import muster
from tests.upgrade.incidents import (
    SOON,
    alarmed,
    armed,
    cast_of,
    eventually,
    passed,
    prepare,
    states,
)
from tests.upgrade.released import ROOT

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from temporalio.client import Client

    from services.local.folder import Folder
    from services.local.stack import Stack

pytestmark = pytest.mark.processes

INCIDENTS = 110
ENDED_BY_HAND = 15
PACE = 2.0
"""At which two minutes to verify an alarm last one."""

MENDED_WITHIN_S = 30.0
BEGUN_WITHIN_S = 60.0
"""On a busy machine; the relay tells of some tens a second."""


def wipe_temporal(place: Folder) -> None:
    """Take Temporal's data away, and end it; its supervisor starts it again, with nothing."""
    for file in (place.temporal, *_beside(place.temporal)):
        file.unlink(missing_ok=True)
    stack = running(place)
    assert stack is not None
    os.kill(stack.parts["temporal"]["pid"], signal.SIGKILL)


def _beside(file: Path) -> list[Path]:
    return [file.with_name(f"{file.name}-{suffix}") for suffix in ("wal", "shm")]


async def client_of(stack: Stack) -> Client:
    return await connect(settings.Temporal(address=f"127.0.0.1:{stack.ports.temporal}"))


async def all_run(stack: Stack, ended: AbstractSet[str] = frozenset()) -> bool:
    """Tell whether each incident has a running workflow, and none a run that was ended."""
    runs = await executions.list_running(await client_of(stack))
    return len(runs) == INCIDENTS and not {run.run_id for run in runs.values()} & ended


async def end_some(stack: Stack, incidents: list[str]) -> set[str]:
    """Do what an operator can do with Temporal's own tools; return which runs are terminated."""
    client = await client_of(stack)
    runs = await executions.list_running(client)
    handles = [client.get_workflow_handle(workflow_id(one)) for one in incidents]
    terminated, cancelled = incidents[:ENDED_BY_HAND], handles[ENDED_BY_HAND : 2 * ENDED_BY_HAND]
    await asyncio.gather(*(one.terminate() for one in handles[:ENDED_BY_HAND]))
    await asyncio.gather(*(one.cancel() for one in cancelled))
    return {runs[incident].run_id for incident in terminated}


async def test_every_deadline_passes_whatever_becomes_of_the_workflows() -> None:
    with stage.folder(keep=False) as place:
        async with stage.stack(place, print) as stack, cast_of(stack) as cast:
            dsn = Postgres(place).dsn(RUNTIME)
            await prepare(cast, ROOT)
            alarms = [alarmed(cast, PACE) for _ in range(INCIDENTS)]
            incidents = list(await asyncio.gather(*alarms))
            deadlines = armed(await states(dsn), 2 * SOON)
            await eventually(lambda: all_run(stack), BEGUN_WITHIN_S)
            wipe_temporal(place)
            wiped = time.monotonic()
            await eventually(lambda: all_run(stack), MENDED_WITHIN_S)
            back_s = time.monotonic() - wiped
            ended = await end_some(stack, incidents)
            ended_at = time.monotonic()
            await eventually(lambda: all_run(stack, ended), MENDED_WITHIN_S)
            again_s = time.monotonic() - ended_at
            late_s = await passed(dsn, deadlines)
            await eventually(lambda: shows(stack, "moving", well=True), MENDED_WITHIN_S)
            follower = stack.parts["follower"]["pid"]
            os.kill(follower, signal.SIGSTOP)
            await say(dsn, Comparison(INCIDENTS, INCIDENTS - 1, {Fault.MISSING: 1}))
            await eventually(lambda: shows(stack, "standing still", well=False), MENDED_WITHIN_S)
            os.kill(follower, signal.SIGCONT)
            await eventually(lambda: shows(stack, "moving", well=True), MENDED_WITHIN_S)
            kinds = Counter(event.type for event in await checking.everything(dsn))
            checking.refuse_twice(await checking.everything(dsn))
    print(f"{INCIDENTS} moved {back_s:.1f} s after the loss, {again_s:.1f} s after some were ended")
    print(f"{len(deadlines)} deadlines passed, the last seen at most {late_s:.1f} s late")
    assert kinds["AlarmLeftUnverified"] == INCIDENTS


async def say(dsn: str, found: Comparison) -> None:
    """Say what a follower says that found this."""
    log = await Log.open(dsn)
    await Reconciliations(log).keep(found)
    await log.close()


async def shows(stack: Stack, state: str, *, well: bool) -> bool:
    """Tell whether `muster status`, the doctor and the health service show a state."""
    folder = str(stack.folder.root)
    answers = [
        await asyncio.to_thread(muster, command, "-o", "json", "--folder", folder)
        for command in ("status", "doctor")
    ]
    states = {json.loads(answer.out)["parts"]["workflows"]["state"] for answer in answers}
    codes = {answer.code == Exit.OK for answer in answers}
    async with open_channel(stack.api) as channel:
        asked = health_pb2.HealthCheckRequest(service=WORKFLOWS)
        health = await health_pb2_grpc.HealthStub(channel).Check(asked, timeout=10)
    serving = health.status == health_pb2.HealthCheckResponse.SERVING
    return (states, codes, serving) == ({state}, {well}, well)
