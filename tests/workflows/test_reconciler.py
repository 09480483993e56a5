"""Whatever becomes of an open incident's workflow, its deadlines pass, each once."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import PauseActivityRequest

from domain.incident.warning import VerifyAlarm
from domain.values import Phase
from eventstore.queries.reconciliations import Reconciliations
from services.follower import executions
from services.follower.reconciler import Reconciler
from services.follower.recovery import Recovery
from services.follower.workflow_faults import Fault
from services.runtime.temporal.workflow_starter import VERSION_MEMO, WorkflowStarter, workflow_id
from tests.workflows.case import ALARM, Case
from tests.workflows.conftest import Stage, eventually, start_temporal
from tests.workflows.reconciliation import (
    MENDED_WITHIN_S,
    NEWER,
    OLDER,
    Asks,
    listed,
    open_incidents,
    other_program,
    passed,
    run_of,
    running,
    stage,
)

__all__ = ["stage"]
from workflows.version import WORKFLOW_VERSION

if TYPE_CHECKING:
    from temporalio.testing import WorkflowEnvironment


FALSE = VerifyAlarm(genuine=False)
A_MOMENT = 0.2
MANY = 120


async def test_a_workflow_that_somebody_ends_begins_anew(stage: Stage, case: Case) -> None:
    incidents = await open_incidents(case, 4)
    cancelled, terminated = incidents[:2], incidents[2:]
    async with stage.worker(case.activities):
        for incident in incidents:
            await stage.lives.begin(incident)
            await stage.stands(incident, Phase.NORMAL)
        before = {one: (await run_of(stage, one)).run_id for one in incidents}
        await asyncio.gather(*(stage.life(one).cancel() for one in cancelled))
        await asyncio.gather(*(stage.life(one).terminate() for one in terminated))
        async with running(Reconciler(case.log, stage.lives)):
            await passed(case, incidents)
        after = {one: (await run_of(stage, one)).run_id for one in incidents}
    assert not {one for one in terminated if before[one] == after[one]}


async def test_a_workflow_that_timed_out_begins_anew(stage: Stage, case: Case) -> None:
    (incident,) = await open_incidents(case, 1)
    reconciler = Reconciler(case.log, stage.lives)
    async with other_program(stage, WORKFLOW_VERSION):
        timed = await stage.client.start_workflow(
            "Incident",
            incident,
            id=workflow_id(incident),
            task_queue=stage.lives.queue,
            memo={VERSION_MEMO: WORKFLOW_VERSION},
            execution_timeout=timedelta(seconds=1),
        )
        await eventually(lambda: _ended(stage, incident))
    async with stage.worker(case.activities):
        assert (await reconciler.compare()).faults == {Fault.ENDED: 1}
        await stage.stands(incident, Phase.NORMAL)
        assert (await reconciler.compare()).is_well
        assert (await run_of(stage, incident)).run_id != timed.result_run_id


async def _ended(stage: Stage, incident: str) -> bool:
    return not (await run_of(stage, incident)).is_running


async def test_a_workflow_that_cannot_go_on_begins_anew(stage: Stage, case: Case) -> None:
    incidents = await open_incidents(case, 5)
    async with other_program(stage, WORKFLOW_VERSION) as same_number:
        for incident in incidents:
            await same_number.begin(incident)
        await asyncio.sleep(A_MOMENT)
    async with stage.worker(case.activities), running(Reconciler(case.log, stage.lives)):
        for incident in incidents:
            await stage.lives.tell(incident, 1)  # now its task fails, again and again
        await passed(case, incidents)


async def test_a_workflow_whose_activity_is_paused_begins_anew(stage: Stage, case: Case) -> None:
    (incident,) = await open_incidents(case, 1)
    async with other_program(stage, WORKFLOW_VERSION, Asks) as same_number:
        await same_number.begin(incident)
        await eventually(lambda: _is_asking(stage, incident))
        await listed(stage, [incident])
        first = await run_of(stage, incident)
        of_it = WorkflowExecution(workflow_id=workflow_id(incident), run_id=first.run_id)
        await stage.client.workflow_service.pause_activity(
            PauseActivityRequest(namespace=stage.client.namespace, execution=of_it, id="1")
        )
        found = await Reconciler(case.log, stage.lives).compare()
        assert found.faults == {Fault.PAUSED: 1}
        assert (await run_of(stage, incident)).run_id != first.run_id


async def _is_asking(stage: Stage, incident: str) -> bool:
    return bool((await stage.life(incident).describe()).raw_description.pending_activities)


async def test_all_begin_anew_within_half_a_minute_when_temporal_lost_everything(
    case: Case,
) -> None:
    incidents = await open_incidents(case, MANY)
    async with await start_temporal() as empty:
        stage = Stage(empty, cached=1_000)
        reconcilers = [
            Reconciler(case.log, WorkflowStarter(stage.client, stage.queues)) for _ in range(3)
        ]
        async with stage.worker(case.activities), running(*reconcilers):
            async with asyncio.timeout(MENDED_WITHIN_S):
                await listed(stage, incidents)
            await passed(case, incidents)
        runs = [run.id async for run in stage.client.list_workflows("WorkflowType = 'Incident'")]
    assert Counter(runs) == Counter(map(workflow_id, incidents))  # one each, ended by nobody


async def test_two_programs_at_once_leave_each_deadline_passed_once(
    stage: Stage, case: Case
) -> None:
    incidents = await open_incidents(case, 20)
    async with other_program(stage, OLDER) as older:
        for incident in incidents:
            await older.begin(incident)
        followers = [Reconciler(case.log, one) for one in (older, stage.lives, stage.lives)]
        async with stage.worker(case.activities), running(*followers):
            await passed(case, incidents)
        assert {(await run_of(stage, one)).version for one in incidents} == {WORKFLOW_VERSION}
    runs = [run.id async for run in stage.client.list_workflows("WorkflowType = 'Incident'")]
    assert {runs.count(workflow_id(one)) for one in incidents} == {2}  # the old one, and one new


async def test_an_older_workflow_stays_with_its_workers_until_ours_are_there(
    stage: Stage, case: Case
) -> None:
    (incident,) = await open_incidents(case, 1)
    reconciler = Reconciler(case.log, stage.lives)
    async with other_program(stage, OLDER) as older:
        await older.begin(incident)
        await asyncio.sleep(A_MOMENT)
        assert (await reconciler.compare()).is_well
        assert (await run_of(stage, incident)).version == OLDER
        async with stage.worker(case.activities):
            await eventually(lambda: executions.is_attended(stage.client, stage.lives.queue))
            assert (await reconciler.compare()).faults == {Fault.OUTDATED: 1}
            await stage.stands(incident, Phase.NORMAL)
            assert (await reconciler.compare()).is_well


async def test_a_newer_workflow_stays_with_its_workers(stage: Stage, case: Case) -> None:
    (incident,) = await open_incidents(case, 1)
    async with stage.worker(case.activities), other_program(stage, NEWER) as newer:
        await newer.begin(incident)
        await listed(stage, [incident])
        await eventually(lambda: executions.is_attended(stage.client, newer.queue))
        assert (await Reconciler(case.log, stage.lives).compare(also_newer=True)).is_well
    assert (await run_of(stage, incident)).version == NEWER


async def test_a_newer_workflow_without_workers_comes_back_when_somebody_says_so(
    stage: Stage, case: Case
) -> None:
    (incident,) = await open_incidents(case, 1)
    reconciler = Reconciler(case.log, stage.lives)
    async with stage.worker(case.activities):
        await WorkflowStarter(stage.client, stage.queues, NEWER).begin(incident)
        await listed(stage, [incident])
        assert (await reconciler.compare()).faults == {Fault.NEWER: 1}
        assert (await run_of(stage, incident)).version == NEWER
        recovery = Recovery(case.log, stage.lives, lambda _: None)
        assert await recovery.run(MENDED_WITHIN_S, also_newer=True) == 1
        await stage.stands(incident, Phase.NORMAL)
        assert (await reconciler.compare()).is_well
    assert (await run_of(stage, incident)).version == WORKFLOW_VERSION


async def test_a_workflow_on_a_queue_of_other_settings_comes_to_the_right_one(
    stage: Stage, temporal: WorkflowEnvironment, case: Case
) -> None:
    (incident,) = await open_incidents(case, 1)
    await Stage(temporal, cached=0).lives.begin(incident)
    await listed(stage, [incident])
    reconciler = Reconciler(case.log, stage.lives)
    assert (await reconciler.compare()).faults == {Fault.UNATTENDED: 1}
    async with stage.worker(case.activities):
        await eventually(lambda: executions.is_attended(stage.client, stage.lives.queue))
        assert (await reconciler.compare()).faults == {Fault.MISPLACED: 1}
        await stage.stands(incident, Phase.NORMAL)


async def test_a_workflow_that_is_well_is_never_touched(stage: Stage, case: Case) -> None:
    incidents = await open_incidents(case, 20, ALARM)
    reconcilers = [Reconciler(case.log, stage.lives) for _ in range(3)]
    async with stage.worker(case.activities):
        for incident in incidents:
            await stage.lives.begin(incident)
        before = {one: (await run_of(stage, one)).run_id for one in incidents}
        found = [await one.compare() for _ in range(5) for one in reconcilers]
    assert all(one.is_well for one in found)
    assert {one: (await run_of(stage, one)).run_id for one in incidents} == before


async def test_workflows_without_workers_show_and_stay(stage: Stage, case: Case) -> None:
    incidents = await open_incidents(case, 3, ALARM)
    for incident in incidents:
        await stage.lives.begin(incident)
    await listed(stage, incidents)
    before = {one: (await run_of(stage, one)).run_id for one in incidents}
    found = await Reconciler(case.log, stage.lives).compare()
    assert (found.open, found.running, found.faults) == (3, 3, {Fault.UNATTENDED: 3})
    assert {one: (await run_of(stage, one)).run_id for one in incidents} == before
    kept = await Reconciliations(case.log).latest()
    assert kept is not None
    assert (kept.faults, kept.is_well, kept.is_stale) == ({"unattended": 3}, False, False)


async def test_an_incident_that_has_just_opened_is_not_missed_yet(stage: Stage, case: Case) -> None:
    reconciler = Reconciler(case.log, stage.lives)
    async with stage.worker(case.activities):
        await reconciler.compare()
        await open_incidents(case, 1)
        assert (await reconciler.compare()).is_well
        assert (await reconciler.compare()).faults == {Fault.MISSING: 1}


async def test_an_incident_that_ended_is_seen_to_its_end_once(stage: Stage, case: Case) -> None:
    (incident,) = await open_incidents(case, 1, ALARM)
    await case.ask(incident, FALSE)
    reconciler = Reconciler(case.log, stage.lives)
    async with stage.worker(case.activities):
        assert (await reconciler.compare()).faults == {Fault.MISSING: 1}
        assert await stage.life(incident).result() == Phase.STOOD_DOWN
        first = (await run_of(stage, incident)).run_id
        assert (await reconciler.compare()).is_well
        assert (await reconciler.compare()).is_well
        assert (await run_of(stage, incident)).run_id == first
