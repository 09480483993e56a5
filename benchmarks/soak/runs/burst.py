"""A thousand incidents that are due at one instant."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from muster.v1 import common_pb2
from muster.v1 import incident_commands_pb2 as ask

from benchmarks.hall import PLAN
from benchmarks.soak.checker import look, middle
from benchmarks.soak.deadlines import START, Passed, happened, read
from benchmarks.soak.openings import warning
from benchmarks.soak.scene import Scene, scene
from benchmarks.torture.outcome import Tell

PER_S = 30.0
"""How many incidents are opened in a second, so that nothing is left to do when they are due."""

QUIET_WITHIN_S = 90.0
DUE_IN, FOR_EACH = timedelta(seconds=10), timedelta(milliseconds=65)
"""How long before the instant they are told of it: until what that orders is over, too."""

PASSED_WITHIN_S = 90.0
LOOK_EVERY_S = 2.0


async def burst(incidents: int, tell: Tell) -> dict[str, Any]:
    """Let a deadline of each incident come at the same instant; return how late they pass."""
    async with scene(PLAN) as at:
        openings = (warning(PLAN["id"]) for _ in range(incidents))
        opened = await at.ask_all("commander", openings, per_s=PER_S)
        tell(f"{incidents} incidents are open")
        quiet = await at.until_told(within_s=QUIET_WITHIN_S)
        due_at = datetime.now(UTC) + DUE_IN + incidents * FOR_EACH
        names = [receipt.incident_id for receipt in opened]
        await at.ask_all("commander", (_task(name, due_at) for name in names), per_s=PER_S)
        quiet &= await at.until_told(within_s=(due_at - datetime.now(UTC)).total_seconds())
        if not quiet:
            tell("DISTURBED: notifications were still owed when the instant came")
        await asyncio.sleep(max(0.0, (due_at - datetime.now(UTC)).total_seconds()))
        used = at.cpu_s()
        passed = await _passed(at, incidents)
        cpu_s = at.cpu_s(used)
    late = [one.late_s for one in passed]
    unfired = incidents - len(late)
    return {
        "burst_1000_late_p50_s": middle(late),
        "burst_1000_late_max_s": PASSED_WITHIN_S if unfired else round(max(late), 3),
        "burst_passed": len(late),
        "burst_quiet_before": quiet,
        "burst_cpu_s": cpu_s,
        "deadlines_unfired": unfired,
    }


async def _passed(at: Scene, incidents: int) -> list[Passed]:
    """Return the deadlines that passed, once they all have or much time is over."""
    found: list[Passed] = []
    try:
        async with asyncio.timeout(PASSED_WITHIN_S):
            while len(found) < incidents:
                await asyncio.sleep(LOOK_EVERY_S)
                _, log = await look(at.dsn)
                each = [one.passed for one in read(happened(log)).values()]
                found = [one for some in each for one in some if one.key.kind == START]
    except TimeoutError:
        pass
    return found


def _task(incident: str, due_at: datetime) -> Message:
    task = ask.AssignTaskRequest(
        incident_id=incident,
        task="together",
        title=common_pb2.Text(en="Something"),
        post="boss",
        acknowledge_within=Duration(seconds=30 * 86_400),
    )
    task.start_within.FromTimedelta(due_at - datetime.now(UTC))
    return task
