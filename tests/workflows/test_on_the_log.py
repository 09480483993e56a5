from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from activities.record import RecordActivities
from domain.incident.events.duties import ReportExpected
from domain.incident.measures import ImposeMeasure
from domain.incident.obligations.obligations import workflow_view
from domain.incident.warning import VerifyAlarm
from domain.values import Phase
from projections.checkpoints import Checkpoints
from services.follower.recovery import Recovery, StandingStill
from services.follower.relay import BOOKMARK, Relay
from services.runtime.temporal.workflow_starter import WorkflowStarter
from tests.workflows.case import ALARM, Case
from tests.workflows.conftest import PATIENCE_S, Stage, eventually, start_temporal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.conftest import Database

VERIFY_WITHIN = timedelta(minutes=3)
GENUINE = VerifyAlarm(genuine=True)
FALSE = VerifyAlarm(genuine=False)
UNHEARD_OF = ReportExpected(report="unheard-of", due_at=datetime.now(UTC) - VERIFY_WITHIN)
"""A report that the plan does not know: that it was missed can't be decided."""

A_MOMENT = 0.3


@pytest.fixture
async def bookmarks(database: Database) -> AsyncIterator[Checkpoints]:
    opened = await Checkpoints.open(database.dsn)
    yield opened
    await opened.close()


@asynccontextmanager
async def running(relay: Relay) -> AsyncIterator[None]:
    task = asyncio.create_task(relay.run())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_an_alarm_that_nobody_verifies_begins_the_response_once(
    stage: Stage, case: Case, bookmarks: Checkpoints, incident: str
) -> None:
    async with stage.worker(case.activities), running(Relay(case.log, stage.lives, bookmarks)):
        opened = await case.ask(incident, ALARM)
        await eventually(lambda: stage.is_alive(incident))
        await stage.knows(incident, opened.version)
        case.ahead = VERIFY_WITHIN * 2
        await stage.temporal.fast_forward(stage.life(incident), VERIFY_WITHIN * 2)
        await eventually(lambda: case.told)
        await stage.stands(incident, Phase.RESPONSE)
    assert (await case.kinds(incident)).count("ResponseActivated") == 1


async def test_the_clock_says_the_same_once_however_often_it_is_asked(
    case: Case, incident: str
) -> None:
    await case.ask(incident, ALARM)
    before = await case.incidents.known(incident)
    deadline = workflow_view(incident, before.state, before.version).next_deadline
    assert deadline is not None
    case.ahead = VERIFY_WITHIN
    other = Case(case.log)
    first = await case.record.let_deadline_pass(incident, deadline)
    again = await RecordActivities(other.incidents, case.now).let_deadline_pass(incident, deadline)
    assert first == again
    assert first.version > before.version


async def test_a_temporal_clock_ahead_of_ours_passes_nothing_early(
    stage: Stage, case: Case, bookmarks: Checkpoints, incident: str
) -> None:
    async with stage.worker(case.activities), running(Relay(case.log, stage.lives, bookmarks)):
        opened = await case.ask(incident, ALARM)
        await eventually(lambda: stage.is_alive(incident))
        await stage.knows(incident, opened.version)
        await stage.temporal.fast_forward(stage.life(incident), VERIFY_WITHIN * 2)  # it alone
        await asyncio.sleep(A_MOMENT)
        assert "AlarmLeftUnverified" not in await case.kinds(incident)
        case.ahead = VERIFY_WITHIN
        await stage.temporal.fast_forward(stage.life(incident), VERIFY_WITHIN)
        await stage.stands(incident, Phase.RESPONSE)
    assert (await case.kinds(incident)).count("AlarmLeftUnverified") == 1


async def test_a_deadline_that_cannot_pass_keeps_no_other_of_its_incident_waiting(
    stage: Stage, case: Case, bookmarks: Checkpoints, incident: str
) -> None:
    async with stage.worker(case.activities), running(Relay(case.log, stage.lives, bookmarks)):
        opened = await case.ask(incident, ALARM)
        await case.happened(incident, opened.version, UNHEARD_OF)
        await eventually(lambda: stage.is_alive(incident))
        await stage.knows(incident, opened.version + 1)
        await asyncio.sleep(A_MOMENT)  # it was tried and is stuck
        last = await case.ask(incident, ImposeMeasure(measure="tape", title="Tape"))
        await stage.knows(incident, last.version)
        case.ahead = VERIFY_WITHIN * 2
        await stage.temporal.fast_forward(stage.life(incident), VERIFY_WITHIN * 2)
        await stage.stands(incident, Phase.RESPONSE)
    assert (await case.kinds(incident)).count("AlarmLeftUnverified") == 1


async def test_a_false_alarm_ends_the_life_that_it_began(
    stage: Stage, case: Case, bookmarks: Checkpoints, incident: str
) -> None:
    async with stage.worker(case.activities), running(Relay(case.log, stage.lives, bookmarks)):
        await case.ask(incident, ALARM)
        await eventually(lambda: stage.is_alive(incident))
        await case.ask(incident, FALSE)
        assert await stage.life(incident).result() == Phase.STOOD_DOWN


async def test_the_bookmark_waits_until_temporal_has_taken_the_news(
    stage: Stage, case: Case, bookmarks: Checkpoints, incident: str
) -> None:
    async with await start_temporal() as gone:
        nowhere = gone.client
    opened = await case.ask(incident, ALARM)
    away = Relay(case.log, WorkflowStarter(nowhere, stage.queues), bookmarks)
    async with running(away):
        await asyncio.sleep(A_MOMENT)
        assert await away.lag() == opened.position
    assert await bookmarks.read_bookmark(BOOKMARK) == 0
    back = Relay(case.log, stage.lives, bookmarks)
    async with stage.worker(case.activities), running(back):
        await eventually(lambda: stage.is_alive(incident))
        await eventually(lambda: back.position >= opened.position)


async def test_every_open_incident_lives_again_after_temporal_lost_its_data(case: Case) -> None:
    over, still_open = str(uuid4()), [str(uuid4()) for _ in range(5)]
    for incident in (over, *still_open):
        await case.ask(incident, ALARM)
    await case.ask(over, FALSE)
    said: list[str] = []
    async with await start_temporal() as empty:
        stage = Stage(empty, cached=100)
        async with stage.worker(case.activities):
            assert await Recovery(case.log, stage.lives, said.append).run(PATIENCE_S) == 5
            for incident in still_open:
                assert (await stage.standing(incident)).phase is Phase.NORMAL
    assert said[:2] == [
        "open incidents: 5, with a running workflow: 0",
        "at fault: 6 missing",
    ]
    assert said[-1] == "moved on: 5 of 5"


async def test_a_recovery_lists_the_workflows_that_do_not_move_on(
    stage: Stage, case: Case, incident: str
) -> None:
    await case.ask(incident, ALARM)
    recovery = Recovery(case.log, stage.lives, lambda _: None)
    with pytest.raises(StandingStill, match=f"1 of 1 open incidents .*\n  {incident}: "):
        await recovery.run(A_MOMENT)
    async with stage.worker(case.activities):
        assert await recovery.run(PATIENCE_S) == 1


async def test_a_deadline_missed_while_temporal_was_gone_passes_when_it_is_back(
    case: Case, incident: str
) -> None:
    await case.ask(incident, ALARM)
    async with await start_temporal() as empty:
        stage = Stage(empty, cached=0)
        async with stage.worker(case.activities):
            await Recovery(case.log, stage.lives, lambda _: None).run(PATIENCE_S)
            case.ahead = VERIFY_WITHIN * 2
            await stage.temporal.fast_forward(stage.life(incident), VERIFY_WITHIN * 2)
            await stage.stands(incident, Phase.RESPONSE)
    assert (await case.kinds(incident)).count("AlarmLeftUnverified") == 1
