"""Working off what an incident owes: all of it, each once at a time, the urgent beside the rest."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from temporalio.testing import ActivityEnvironment

from activities.work import backlog, work
from domain.incident.closing import CloseIncident, TerminateResponse
from domain.incident.obligations.obligations import WorkKind
from domain.incident.tasks import AcknowledgeTask
from domain.values import Mode
from eventstore.postgres.backoff import Backoff
from tests.activities.attempts import Hands, owed, until_begun, working
from tests.activities.scene import CAI

if TYPE_CHECKING:
    from tests.activities.scene import Scene

A_MOMENT_S = 0.3


async def test_all_that_is_owed_is_done_once_and_then_it_ends(scene: Scene, hands: Hands) -> None:
    incident = await scene.opened()
    ordered = await owed(scene, incident)
    async with working(hands, incident) as (task,):
        stands = await task
    assert hands.begun == Counter(ordered)
    assert stands.owed == ()
    assert stands.version == (await scene.incidents.known(incident)).version


@pytest.mark.parametrize("mode", list(Mode))
async def test_who_does_the_work_knows_whether_it_is_an_exercise(
    scene: Scene, hands: Hands, mode: Mode
) -> None:
    async with working(hands, await scene.opened(mode)) as (task,):
        await task
    assert hands.modes == {mode}


async def test_nothing_owed_ends_at_once(hands: Hands) -> None:
    async with working(hands, "unknown") as (task,):
        assert (await task).version == 0
    assert not hands.begun


async def test_what_is_owed_while_it_works_is_taken_up_and_urgent_work_waits_for_no_other(
    scene: Scene, hands: Hands
) -> None:
    incident = await scene.opened()
    await scene.unit("g1")
    delivery = hands.hold(WorkKind.NOTIFY)
    async with working(hands, incident) as (task,):
        await until_begun(hands, (await owed(scene, incident))[0])
        order = await scene.request(incident)
        await until_begun(hands, order.subject)
        while not await scene.sent(order):
            await asyncio.sleep(0.01)
        assert await owed(scene, incident)
        delivery.set()
        assert (await task).owed == ()


async def test_what_fails_is_put_back_and_keeps_nothing_else_waiting(
    scene: Scene, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(backlog.AT_ONCE_MAX, WorkKind.NOTIFY, 1)
    monkeypatch.setattr(backlog, "PUT_BACK", Backoff(0.05, 60.0))
    incident = await scene.opened()
    first, *others = await owed(scene, incident)
    hands.failing.add(first)
    async with working(hands, incident) as (task,):
        await until_begun(hands, first, times=3)
        assert await owed(scene, incident) == [first]
        hands.failing.clear()
        assert (await task).owed == ()
    assert others
    assert [hands.begun[one] for one in others] == [1] * len(others)


async def test_the_pause_before_work_that_failed_grows_to_a_bound(
    scene: Scene, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "PUT_BACK", Backoff(0.1, 60.0))
    incident = await scene.opened()
    first, *_ = await owed(scene, incident)
    hands.failing.add(first)
    async with working(hands, incident):
        await until_begun(hands, first, times=3)
        begun = asyncio.get_running_loop().time()
        await until_begun(hands, first, times=4)
    assert 0.2 <= asyncio.get_running_loop().time() - begun < 1.0


async def test_work_that_says_it_is_done_while_it_is_owed_is_not_gone_round_with(
    scene: Scene, hands: Hands
) -> None:
    incident = await scene.opened()
    await scene.ask(incident, TerminateResponse(overrule=True))
    async with working(hands, incident) as (task,):
        await until_begun(hands, "case")
        await asyncio.sleep(A_MOMENT_S)
        assert hands.begun["case"] == 1
        await scene.ask(incident, CloseIncident(overrule=True))
        assert (await task).owed == ()


async def test_an_answer_lets_go_of_what_is_under_way(
    scene: Scene, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "LET_GO_S", 0.05)
    incident = await scene.opened()
    hands.hold(WorkKind.NOTIFY)
    order = await scene.owed_to("cai", incident)
    async with working(hands, incident):
        await until_begun(hands, order.subject)
        await scene.ask(incident, AcknowledgeTask(task="guide"), CAI)
        while hands.at_once[order.subject]:
            await asyncio.sleep(0.01)
    assert hands.begun[order.subject] == 1


async def test_two_attempts_in_one_process_take_turns(scene: Scene, hands: Hands) -> None:
    incident = await scene.opened()
    delivery = hands.hold(WorkKind.NOTIFY)
    async with working(hands, incident, attempts=2) as tasks:
        await until_begun(hands, (await owed(scene, incident))[0])
        await asyncio.sleep(A_MOMENT_S)
        delivery.set()
        await asyncio.gather(*tasks)
    assert hands.most_at_once == 1
    assert set(hands.begun.values()) == {1}


async def test_a_worker_that_stops_finishes_what_is_under_way_and_begins_nothing_more(
    scene: Scene, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(backlog.AT_ONCE_MAX, WorkKind.NOTIFY, 1)
    incident = await scene.opened()
    first, *others = await owed(scene, incident)
    delivery = hands.hold(WorkKind.NOTIFY)
    environment = ActivityEnvironment()
    async with working(hands, incident, environment=environment) as (task,):
        await until_begun(hands, first)
        environment.worker_shutdown()
        await asyncio.sleep(A_MOMENT_S)
        delivery.set()
        assert (await task).owed == (WorkKind.NOTIFY,)
    assert await owed(scene, incident) == others


async def test_a_cancelled_attempt_leaves_nothing_under_way(scene: Scene, hands: Hands) -> None:
    incident = await scene.opened()
    hands.hold(WorkKind.NOTIFY)
    async with working(hands, incident) as (task,):
        await until_begun(hands, (await owed(scene, incident))[0])
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not any(hands.at_once.values())
    assert await owed(scene, incident)


async def test_an_attempt_makes_room_for_another_after_a_stint(
    scene: Scene, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "STINT_S", 0.2)
    monkeypatch.setattr(backlog, "PUT_BACK", Backoff(0.1, 60.0))
    incident = await scene.opened()
    hands.failing.update(await owed(scene, incident))
    async with working(hands, incident) as (task,):
        assert (await task).owed == (WorkKind.NOTIFY,)


async def test_signs_of_life_say_how_much_there_is_to_do(
    scene: Scene, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "HEARTBEAT_S", 0.02)
    incident = await scene.opened()
    ordered = await owed(scene, incident)
    hands.hold(WorkKind.NOTIFY)
    environment = ActivityEnvironment()
    signs: list[object] = []
    environment.on_heartbeat = lambda *details: signs.extend(details)
    async with working(hands, incident, environment=environment):
        await until_begun(hands, ordered[-1])
        expected = {"notify": {"under_way": len(ordered), "waiting": 0, "put_back": 0}}
        while expected not in signs:
            await asyncio.sleep(0.01)


async def test_urgent_work_is_begun_while_a_message_outlasts_the_stint(
    scene: Scene, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "STINT_S", 0.1)
    incident = await scene.opened()
    await scene.unit("g1")
    delivery = hands.hold(WorkKind.NOTIFY)
    async with working(hands, incident) as (task,):
        await until_begun(hands, (await owed(scene, incident))[0])
        await asyncio.sleep(A_MOMENT_S)
        order = await scene.request(incident)
        await until_begun(hands, order.subject)
        delivery.set()
        await task
    assert await scene.sent(order) == ("g1",)


@pytest.mark.parametrize("ticks", range(4))
async def test_a_cancellation_that_comes_as_something_changes_is_obeyed(ticks: int) -> None:
    changed = asyncio.Event()
    waiting = asyncio.create_task(work._until(changed, math.inf))  # noqa: SLF001 - the wait is the point
    await asyncio.sleep(0.01)
    changed.set()
    for _ in range(ticks):
        await asyncio.sleep(0)
    obeyed = waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled() is obeyed
