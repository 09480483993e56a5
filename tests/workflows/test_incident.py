from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from domain.values import Phase, ResponseLevel
from tests.workflows.conftest import Stage, eventually
from tests.workflows.world import World, due, notify
from workflows.search_attributes import LEVEL, MODE, PHASE, PLAN, VENUE

A_MOMENT = 0.3
"""Long enough for a wrong thing to happen."""


def in_hours(hours: float) -> datetime:
    return datetime.now(UTC) + timedelta(hours=hours)


async def test_an_incident_lives_from_its_first_alarm_to_its_close(
    stage: Stage, world: World, incident: str
) -> None:
    async with stage.worker(world.activities):
        for phase in (Phase.NORMAL, Phase.WARNING, Phase.RESPONSE, Phase.AFTERMATH, Phase.CLOSED):
            await stage.lives.tell(incident, world.opened(incident, phase=phase))
        assert await stage.life(incident).result() == Phase.CLOSED


async def test_a_warning_that_is_cancelled_stands_down(
    stage: Stage, world: World, incident: str
) -> None:
    async with stage.worker(world.activities):
        await stage.lives.tell(incident, world.opened(incident, phase=Phase.WARNING))
        await stage.lives.tell(incident, world.say(incident, phase=Phase.STOOD_DOWN))
        assert await stage.life(incident).result() == Phase.STOOD_DOWN


async def test_a_life_that_is_over_is_not_begun_again(
    stage: Stage, world: World, incident: str
) -> None:
    async with stage.worker(world.activities):
        version = world.opened(incident, phase=Phase.CLOSED)
        await stage.lives.tell(incident, version)
        await stage.life(incident).result()
        before = await stage.run_of(incident)
        await stage.lives.tell(incident, version)
        assert await stage.run_of(incident) == before


async def test_a_life_that_an_operator_ended_is_begun_again(
    stage: Stage, world: World, incident: str
) -> None:
    async with stage.worker(world.activities):
        version = world.opened(incident)
        await stage.lives.tell(incident, version)
        await stage.knows(incident, version)
        await stage.life(incident).terminate("by mistake")
        await stage.lives.tell(incident, world.say(incident))
        await stage.knows(incident, version + 1)


async def test_a_deadline_passes_once_and_not_before_its_time(
    stage: Stage, world: World, incident: str
) -> None:
    deadline = due(in_hours(4))
    async with stage.worker(world.activities):
        version = world.opened(incident, next_deadline=deadline)
        await stage.lives.tell(incident, version)
        await stage.knows(incident, version)
        await stage.temporal.fast_forward(stage.life(incident), timedelta(hours=3))
        await asyncio.sleep(A_MOMENT)
        assert world.passed == []
        await stage.temporal.fast_forward(stage.life(incident), timedelta(hours=2))
        await eventually(lambda: world.passed)
        await stage.lives.tell(incident, world.say(incident))
        await asyncio.sleep(A_MOMENT)
        assert world.passed == [(incident, deadline)]


async def test_a_deadline_that_came_while_no_worker_ran_passes_once(
    stage: Stage, world: World, incident: str
) -> None:
    deadline = due(in_hours(4))
    async with stage.worker(world.activities):
        version = world.opened(incident, next_deadline=deadline)
        await stage.lives.tell(incident, version)
        await stage.knows(incident, version)
    skipping = asyncio.create_task(
        stage.temporal.fast_forward(stage.life(incident), timedelta(hours=9))
    )
    await asyncio.sleep(A_MOMENT)
    async with stage.worker(world.activities):
        await skipping
        await eventually(lambda: world.passed)
        await asyncio.sleep(A_MOMENT)
    assert world.passed == [(incident, deadline)]


async def test_a_deadline_that_was_over_before_its_life_began_passes_at_once(
    stage: Stage, world: World, incident: str
) -> None:
    deadline = due(in_hours(-30))
    async with stage.worker(world.activities):
        await stage.lives.tell(incident, world.opened(incident, next_deadline=deadline))
        await eventually(lambda: world.passed)
    assert world.passed == [(incident, deadline)]


async def test_a_duty_answered_in_time_does_not_pass_and_the_next_one_does(
    stage: Stage, world: World, incident: str
) -> None:
    first, second = due(in_hours(1)), due(in_hours(6), "close-entrance")
    async with stage.worker(world.activities):
        await stage.lives.tell(incident, world.opened(incident, next_deadline=first))
        await eventually(lambda: world.read)
        version = world.say(incident, next_deadline=second)
        await stage.lives.tell(incident, version)
        await stage.knows(incident, version)
        await stage.temporal.fast_forward(stage.life(incident), timedelta(hours=2))
        await asyncio.sleep(A_MOMENT)
        assert world.passed == []
        await stage.temporal.fast_forward(stage.life(incident), timedelta(hours=5))
        await eventually(lambda: world.passed)
    assert world.passed == [(incident, second)]


async def test_a_deadline_outlasts_a_log_that_is_away(
    stage: Stage, world: World, incident: str
) -> None:
    deadline = due(in_hours(1))
    async with stage.worker(world.activities):
        version = world.opened(incident, next_deadline=deadline)
        await stage.lives.tell(incident, version)
        await stage.knows(incident, version)
        world.log_is_away = True
        skipping = asyncio.create_task(
            stage.temporal.fast_forward(stage.life(incident), timedelta(hours=2))
        )
        await asyncio.sleep(2 * A_MOMENT)
        await stage.lives.tell(incident, world.say(incident))
        assert world.passed == []
        world.log_is_away = False
        await skipping
        await eventually(lambda: world.passed)
        await stage.knows(incident, world.standings[incident].version)
    assert world.passed == [(incident, deadline)]


async def test_a_nearer_deadline_comes_first(stage: Stage, world: World, incident: str) -> None:
    far, near = due(in_hours(8)), due(in_hours(1), "close-entrance")
    async with stage.worker(world.activities):
        await stage.lives.tell(incident, world.opened(incident, next_deadline=far))
        await eventually(lambda: world.read)
        version = world.say(incident, next_deadline=near)
        await stage.lives.tell(incident, version)
        await stage.knows(incident, version)
        await stage.temporal.fast_forward(stage.life(incident), timedelta(hours=2))
        await eventually(lambda: world.passed)
    assert world.passed == [(incident, near)]


async def test_a_deadline_that_stays_armed_is_said_again_and_again_with_pauses(
    stage: Stage, world: World, incident: str
) -> None:
    stuck = due(in_hours(-1))
    world.stuck.add(stuck)
    async with stage.worker(world.activities):
        await stage.lives.tell(incident, world.opened(incident, next_deadline=stuck))
        await eventually(lambda: len(world.passed) == 3)
        await asyncio.sleep(A_MOMENT)
        assert len(world.passed) == 3
        world.stuck.clear()
        await eventually(lambda: world.standings[incident].next_deadline is None)


async def test_news_while_a_deadline_stays_armed_does_not_hurry_it(
    stage: Stage, world: World, incident: str
) -> None:
    stuck = due(in_hours(-1))
    world.stuck.add(stuck)
    async with stage.worker(world.activities):
        await stage.lives.tell(incident, world.opened(incident, next_deadline=stuck))
        await eventually(lambda: len(world.passed) == 3)
        for _ in range(3):
            version = world.say(incident)
            await stage.lives.tell(incident, version)
            await stage.knows(incident, version)
        assert len(world.passed) == 3


async def test_what_is_due_after_one_that_stays_armed_passes_in_its_time(
    stage: Stage, world: World, incident: str
) -> None:
    stuck, other = due(in_hours(-2)), due(in_hours(-1), "close-entrance")
    world.stuck.add(stuck)
    async with stage.worker(world.activities):
        await stage.lives.tell(incident, world.opened(incident, next_deadline=stuck))
        await eventually(lambda: len(world.passed) == 3)
        await stage.lives.tell(incident, world.say(incident, next_deadline=other))
        await eventually(lambda: (incident, other) in world.passed)


async def test_a_request_to_cancel_silences_no_deadline(
    stage: Stage, world: World, incident: str
) -> None:
    deadline = due(in_hours(1))
    async with stage.worker(world.activities):
        version = world.opened(incident, next_deadline=deadline)
        await stage.lives.tell(incident, version)
        await stage.knows(incident, version)
        await stage.life(incident).cancel()
        await stage.lives.tell(incident, world.say(incident))
        await stage.knows(incident, version + 1)
        await stage.temporal.fast_forward(stage.life(incident), timedelta(hours=2))
        await eventually(lambda: world.passed)
        assert await stage.is_alive(incident)
    assert world.passed == [(incident, deadline)]


async def test_a_long_life_goes_on_in_new_runs_and_loses_nothing(
    stage: Stage, world: World, incident: str
) -> None:
    deadline = due(in_hours(4))
    async with stage.worker(world.activities):
        version = world.opened(incident, next_deadline=deadline)
        await stage.lives.tell(incident, version)
        first = await stage.run_of(incident)
        for number in range(1, 25):
            left = (*world.outstanding[incident], notify(number))
            version = world.say(incident, outstanding=left)
            await stage.lives.tell(incident, version)
            await stage.knows(incident, version)
        await eventually(lambda: not world.outstanding[incident])
        assert await stage.run_of(incident) != first
        await stage.temporal.fast_forward(stage.life(incident), timedelta(hours=5))
        await eventually(lambda: world.passed)
    assert world.passed == [(incident, deadline)]
    assert [world.times(notify(number)) for number in range(1, 25)] == [1] * 24


async def test_operators_see_where_an_incident_stands(
    stage: Stage, world: World, incident: str
) -> None:
    async with stage.worker(world.activities):
        version = world.opened(incident, level=ResponseLevel.II)
        await stage.lives.tell(incident, version)
        await stage.knows(incident, version)
        shown = (await stage.life(incident).describe()).typed_search_attributes
    assert [shown.get(key) for key in (PHASE, VENUE, PLAN, MODE)] == [
        "response",
        "mall",
        "general",
        "live",
    ]
    assert shown.get(LEVEL) == 2


async def test_news_that_change_nothing_for_operators_show_nothing_new(
    stage: Stage, world: World, incident: str
) -> None:
    async with stage.worker(world.activities):
        for _ in range(3):
            version = world.opened(incident)
            await stage.lives.tell(incident, version)
            await stage.knows(incident, version)
        history = await stage.life(incident).fetch_history()
    shown = [
        event
        for event in history.events
        if event.HasField("upsert_workflow_search_attributes_event_attributes")
    ]
    assert len(shown) == 1
