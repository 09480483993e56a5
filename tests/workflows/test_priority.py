"""Emergencies go before exercises in whichever way their workflows were started."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from domain.incident.warning import VerifyAlarm
from domain.values import Phase
from services.follower.reconciler import Reconciler
from services.follower.recovery import Recovery
from services.follower.workflow_faults import Fault
from tests.workflows.case import ALARM, Case
from tests.workflows.conftest import PATIENCE_S, Stage
from tests.workflows.reconciliation import DRILL, OLDER, listed, other_program, stage
from workflows.ports import EXERCISE_CLOCK, LIVE_CLOCK

if TYPE_CHECKING:
    from domain.incident.warning import ReportAlarm

__all__ = ["stage"]

FALSE = VerifyAlarm(genuine=False)
CLOCKS = {"live": LIVE_CLOCK.priority_key, "drill": EXERCISE_CLOCK.priority_key}


async def opened(case: Case) -> dict[str, str]:
    """Open an emergency and an exercise."""
    incidents = {"live": str(uuid4()), "drill": str(uuid4())}
    await case.ask(incidents["live"], ALARM)
    await case.ask(incidents["drill"], DRILL)
    return incidents


async def priorities(stage: Stage, incidents: dict[str, str]) -> dict[str, int | None]:
    """Return the priority key that the latest run of each was started with."""
    return {name: await _priority(stage, incident) for name, incident in incidents.items()}


async def _priority(stage: Stage, incident: str) -> int | None:
    first = (await stage.life(incident).fetch_history()).events[0]
    return first.workflow_execution_started_event_attributes.priority.priority_key


async def test_a_reconciler_begins_missing_workflows_with_the_priority_of_their_mode(
    stage: Stage, case: Case
) -> None:
    incidents = await opened(case)
    async with stage.worker(case.activities):
        assert (await Reconciler(case.log, stage.lives).compare()).faults == {Fault.MISSING: 2}
        assert await priorities(stage, incidents) == CLOCKS


async def test_a_reconciler_replaces_workflows_with_the_priority_of_their_mode(
    stage: Stage, case: Case
) -> None:
    incidents = await opened(case)
    async with other_program(stage, OLDER) as older, stage.worker(case.activities):
        for incident in incidents.values():
            await older.begin(incident)
        await listed(stage, list(incidents.values()))
        assert (await Reconciler(case.log, stage.lives).compare()).faults == {Fault.OUTDATED: 2}
        assert await priorities(stage, incidents) == CLOCKS


async def test_a_recovery_starts_workflows_with_the_priority_of_their_mode(
    stage: Stage, case: Case
) -> None:
    recovery = Recovery(case.log, stage.lives, lambda _: None)
    async with stage.worker(case.activities):
        assert await recovery.run(PATIENCE_S) == 0
        incidents = await opened(case)  # not missed yet: the recovery's news starts them
        assert await recovery.run(PATIENCE_S) == 2
        assert await priorities(stage, incidents) == CLOCKS


@pytest.mark.parametrize(("alarm", "name"), [(ALARM, "live"), (DRILL, "drill")])
async def test_an_incident_that_ended_keeps_the_priority_of_its_mode(
    stage: Stage, case: Case, incident: str, alarm: ReportAlarm, name: str
) -> None:
    await case.ask(incident, alarm)
    await case.ask(incident, FALSE)
    async with stage.worker(case.activities):
        assert (await Reconciler(case.log, stage.lives).compare()).faults == {Fault.MISSING: 1}
        assert await stage.life(incident).result() == Phase.STOOD_DOWN
        assert await priorities(stage, {name: incident}) == {name: CLOCKS[name]}
