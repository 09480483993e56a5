"""The work that an incident owes, as its workflow sees to it: one activity while there is any."""

from __future__ import annotations

import asyncio

import pytest

from domain.values import Mode, Phase
from tests.workflows.conftest import Stage, eventually
from tests.workflows.world import World, notify

A_MOMENT = 0.3
"""Long enough for a wrong thing to happen."""


async def test_a_request_to_cancel_in_the_middle_of_work_does_not_end_it(
    stage: Stage, world: World, incident: str
) -> None:
    world.pace.clear()
    async with stage.worker(world.activities):
        await stage.lives.tell(incident, world.opened(incident, outstanding=(notify(1),)))
        await eventually(lambda: world.works[incident])
        await stage.life(incident).cancel()
        await asyncio.sleep(A_MOMENT)
        world.pace.set()
        await eventually(lambda: not world.outstanding[incident])
    assert (world.works[incident], world.times(notify(1))) == (1, 1)


async def test_work_is_begun_once_however_often_it_is_nudged(
    stage: Stage, world: World, incident: str
) -> None:
    works = tuple(notify(number) for number in range(1, 9))
    world.pace.clear()
    async with stage.worker(world.activities):
        for _ in range(5):
            version = world.opened(incident, outstanding=works)
            await stage.lives.tell(incident, version)
            await stage.knows(incident, version)
        world.pace.set()
        await eventually(lambda: not world.outstanding[incident])
        await stage.knows(incident, world.standings[incident].version)
    assert [world.times(work) for work in works] == [1] * len(works)
    assert world.works[incident] == 1


async def test_work_that_is_owed_while_some_is_done_needs_no_second_order(
    stage: Stage, world: World, incident: str
) -> None:
    world.pace.clear()
    async with stage.worker(world.activities):
        await stage.lives.tell(incident, world.opened(incident, outstanding=(notify(1),)))
        await eventually(lambda: world.works[incident])
        version = world.say(incident, outstanding=(notify(1), notify(2)))
        await stage.lives.tell(incident, version)
        await stage.knows(incident, version)
        world.pace.set()
        await eventually(lambda: not world.outstanding[incident])
    assert world.works[incident] == 1
    assert [world.times(notify(number)) for number in (1, 2)] == [1, 1]


async def test_work_that_is_owed_after_some_was_done_is_done(
    stage: Stage, world: World, incident: str
) -> None:
    async with stage.worker(world.activities):
        for number in range(1, 4):
            version = world.opened(incident, outstanding=(notify(number),))
            await stage.lives.tell(incident, version)
            await stage.knows(incident, version + 1)
    assert [world.times(notify(number)) for number in range(1, 4)] == [1, 1, 1]
    assert world.most_at_once[incident] == 1


async def test_an_incident_lives_on_after_its_close_until_nothing_is_owed(
    stage: Stage, world: World, incident: str
) -> None:
    world.pace.clear()
    async with stage.worker(world.activities):
        await stage.lives.tell(incident, world.opened(incident, outstanding=(notify(1),)))
        await eventually(lambda: world.works[incident])
        version = world.say(incident, phase=Phase.CLOSED)
        await stage.lives.tell(incident, version)
        await stage.knows(incident, version)
        await asyncio.sleep(A_MOMENT)
        assert await stage.is_alive(incident)
        world.pace.set()
        assert await stage.life(incident).result() == Phase.CLOSED
    assert not world.outstanding[incident]


async def test_what_an_incident_owes_when_it_is_closed_is_done_once_somebody_works_again(
    stage: Stage, world: World, incident: str
) -> None:
    async with stage.worker(world.activities[:2]):
        version = world.opened(incident, phase=Phase.CLOSED, outstanding=(notify(1),))
        await stage.lives.tell(incident, version)
        await stage.knows(incident, version)
    assert await stage.is_alive(incident)
    async with stage.worker(world.activities):
        assert await stage.life(incident).result() == Phase.CLOSED
    assert world.times(notify(1)) == 1


@pytest.mark.parametrize(("mode", "keys"), [(Mode.LIVE, (1, 2)), (Mode.EXERCISE, (4, 5))])
async def test_an_emergency_goes_before_an_exercise_and_its_clock_before_its_work(
    stage: Stage, world: World, incident: str, mode: Mode, keys: tuple[int, int]
) -> None:
    async with stage.worker(world.activities):
        version = world.opened(incident, mode=mode, outstanding=(notify(1),))
        await stage.lives.tell(incident, version, mode)
        await stage.knows(incident, version + 1)
        events = (await stage.life(incident).fetch_history()).events
    (scheduled,) = [
        event.activity_task_scheduled_event_attributes
        for event in events
        if event.HasField("activity_task_scheduled_event_attributes")
    ]
    started = events[0].workflow_execution_started_event_attributes
    assert scheduled.activity_type.name == "work"
    assert (started.priority.priority_key, scheduled.priority.priority_key) == keys
