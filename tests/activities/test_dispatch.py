"""Sending units: the nearest suitable one, once, to one incident; and none is ever lost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from activities.dispatch import Dispatcher
from domain.incident.closing import TerminateResponse
from domain.incident.decider import INCIDENTS
from domain.incident.obligations.obligations import WorkOrder
from domain.incident.resources import CancelResourceRequest, ReleaseUnit
from domain.incident.state.incident import Incident, RequestStatus
from domain.resource.unit import (
    UNITS,
    PutOutOfService,
    Reservation,
    ReserveUnit,
    Unit,
    UnitStatus,
)
from eventstore.recorder.recorder import Recorder
from projections.queries.fleet import FleetView
from tests.activities.scene import asked, now

if TYPE_CHECKING:
    from domain.decider import CommandEnvelope, Refused
    from eventstore.recorder.recorder import Receipt
    from tests.activities.scene import Scene

CANCELLED = CancelResourceRequest(request="guards")
DEATHS = range(1, 7)
"""How often a door is used by the longest of these stories."""


class Killed(BaseException):
    """The worker was killed."""


class Doom:
    """Kills a worker the n-th time it records something: before, or after it was kept."""

    def __init__(self, uses: int, *, kept: bool) -> None:
        self.uses = uses
        self.kept = kept

    async def around(self, recording: Any) -> Any:
        self.uses -= 1
        if self.uses == 0 and not self.kept:
            recording.close()
            raise Killed
        answer = await recording
        if self.uses == 0:
            raise Killed
        return answer


class DoomedIncidents(Recorder[Incident]):
    """The door of a worker that is killed."""

    doom: Doom

    async def record(self, key: str, asked: CommandEnvelope) -> Receipt | Refused:
        answer: Receipt | Refused = await self.doom.around(super().record(key, asked))
        return answer


class DoomedUnits(Recorder[Unit]):
    """The door of a worker that is killed."""

    doom: Doom

    async def record(self, key: str, asked: CommandEnvelope) -> Receipt | Refused:
        answer: Receipt | Refused = await self.doom.around(super().record(key, asked))
        return answer


class SlowUnits(Recorder[Unit]):
    """A door that keeps its first visitor waiting after all was done."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.reserved = asyncio.Event()

    async def record(self, key: str, asked: CommandEnvelope) -> Receipt | Refused:
        answer = await super().record(key, asked)
        if not self.reserved.is_set():
            self.reserved.set()
            await asyncio.Event().wait()
        return answer


def doomed(scene: Scene, uses: int, *, kept: bool) -> Dispatcher:
    """Return a hand of a worker that is killed at the n-th use of a door."""
    doom = Doom(uses, kept=kept)
    incidents = DoomedIncidents(
        scene.log,
        INCIDENTS,
        clock=now,
        surroundings=scene.plans.surroundings,
    )
    units = DoomedUnits(scene.log, UNITS, clock=now)
    incidents.doom = units.doom = doom
    return Dispatcher(incidents, units, scene.plans, FleetView(scene.log))


async def test_the_nearest_unit_is_sent(scene: Scene) -> None:
    await scene.unit("far", x=900.0)
    await scene.unit("near", x=-20.0)
    order = await scene.request(await scene.opened())
    await scene.dispatcher().dispatch(order)
    assert await scene.sent(order) == ("near",)
    assert (await scene.kept("near")).reserved_for == Reservation(order.incident, "guards")
    assert (await scene.kept("far")).status is UnitStatus.AVAILABLE


async def test_near_means_near_to_the_zone_that_asks(scene: Scene) -> None:
    await scene.unit("at-the-door", x=0.0)
    await scene.unit("by-the-hall", x=300.0)
    order = await scene.request(await scene.opened(), zone="hall")
    await scene.dispatcher().dispatch(order)
    assert await scene.sent(order) == ("by-the-hall",)


async def test_only_a_suitable_unit_in_service_is_sent(scene: Scene) -> None:
    await scene.unit("ambulance", kind="ambulance")
    await scene.unit("broken", x=1.0)
    await scene.unit("fit", x=2.0)
    await scene.units.record("broken", asked(PutOutOfService(cause="a flat tyre")))
    order = await scene.request(await scene.opened())
    await scene.dispatcher().dispatch(order)
    assert await scene.sent(order) == ("fit",)


async def test_a_request_for_two_gets_two(scene: Scene) -> None:
    await scene.unit("one", x=1.0)
    await scene.unit("two", x=2.0)
    order = await scene.request(await scene.opened(), quantity=2)
    await scene.dispatcher().dispatch(order)
    assert await scene.sent(order) == ("one", "two")
    assert (await scene.state(order.incident)).requests["guards"].status is RequestStatus.FILLED


async def test_that_none_is_to_be_had_is_said_once(scene: Scene) -> None:
    await scene.unit("one")
    order = await scene.request(await scene.opened(), quantity=2)
    await asyncio.gather(*(scene.dispatcher().dispatch(order) for _ in range(2)))
    assert await scene.sent(order) == ("one",)
    (unavailable,) = await scene.facts(f"incident/{order.incident}", "ResourceUnavailable")
    assert unavailable == '{"request":"guards","missing":1}'


async def test_two_incidents_never_get_the_same_unit(scene: Scene) -> None:
    for number in range(3):
        await scene.unit(f"unit-{number}", x=float(number))
    orders = [await scene.request(await scene.opened()) for _ in range(5)]
    await asyncio.gather(*(scene.dispatcher().dispatch(order) for order in orders))
    sent = [unit for order in orders for unit in await scene.sent(order)]
    assert sorted(sent) == ["unit-0", "unit-1", "unit-2"]
    for order in orders:
        for unit in await scene.sent(order):
            assert (await scene.kept(unit)).reserved_for == Reservation(order.incident, "guards")


async def test_two_workers_with_the_same_order_send_one_unit(scene: Scene) -> None:
    for number in range(3):
        await scene.unit(f"unit-{number}", x=float(number))
    order = await scene.request(await scene.opened())
    await asyncio.gather(*(scene.dispatcher().dispatch(order) for _ in range(3)))
    (sent,) = await scene.sent(order)
    kept = [
        name for name in ("unit-0", "unit-1", "unit-2") if (await scene.kept(name)).reserved_for
    ]
    assert kept == [sent]


async def test_a_released_unit_is_given_back_and_sent_to_another(scene: Scene) -> None:
    await scene.unit("only")
    first = await scene.request(await scene.opened())
    await scene.dispatcher().dispatch(first)
    await scene.ask(first.incident, ReleaseUnit(unit="only"))
    await scene.dispatcher().give_back(WorkOrder(incident=first.incident, subject="only"))
    assert (await scene.kept("only")).status is UnitStatus.AVAILABLE
    assert "only" not in (await scene.state(first.incident)).units
    second = await scene.request(await scene.opened())
    await scene.dispatcher().dispatch(second)
    assert await scene.sent(second) == ("only",)


async def test_a_unit_at_work_is_not_given_back_by_a_late_order(scene: Scene) -> None:
    await scene.unit("only")
    order = await scene.request(await scene.opened())
    await scene.dispatcher().dispatch(order)
    await scene.dispatcher().give_back(WorkOrder(incident=order.incident, subject="only"))
    assert (await scene.kept("only")).reserved_for == Reservation(order.incident, "guards")


async def test_a_unit_that_was_here_before_is_not_counted_again(scene: Scene) -> None:
    await scene.unit("only")
    incident = await scene.opened()
    order = await scene.request(incident, quantity=2)
    with pytest.raises(Killed):
        await doomed(scene, 2, kept=True).dispatch(order)
    await scene.ask(incident, ReleaseUnit(unit="only"))
    await scene.dispatcher().give_back(WorkOrder(incident=incident, subject="only"))
    await scene.dispatcher().dispatch(order)
    assert (await scene.kept("only")).status is UnitStatus.AVAILABLE
    assert (await scene.state(incident)).requests["guards"].status is RequestStatus.UNAVAILABLE


async def test_what_was_reserved_for_a_cancelled_request_is_given_back(scene: Scene) -> None:
    await scene.unit("only")
    order = await scene.request(await scene.opened())
    with pytest.raises(Killed):
        await doomed(scene, 1, kept=True).dispatch(order)
    assert (await scene.kept("only")).reserved_for is not None
    await scene.ask(order.incident, CANCELLED)
    await scene.dispatcher().dispatch(order)
    assert (await scene.kept("only")).status is UnitStatus.AVAILABLE


@pytest.mark.parametrize("end", [CANCELLED, TerminateResponse(overrule=True)])
async def test_a_unit_that_nobody_owes_any_more_is_there_for_the_next(
    scene: Scene, end: CancelResourceRequest | TerminateResponse
) -> None:
    await scene.unit("only")
    forgotten = await scene.request(await scene.opened())
    with pytest.raises(Killed):
        await doomed(scene, 1, kept=True).dispatch(forgotten)
    await scene.ask(forgotten.incident, end)
    order = await scene.request(await scene.opened())
    await scene.dispatcher().dispatch(order)
    assert await scene.sent(order) == ("only",)


async def test_a_unit_that_is_about_to_be_sent_is_not_taken_away(scene: Scene) -> None:
    await scene.unit("only")
    waiting = await scene.request(await scene.opened())
    keep = ReserveUnit(incident=waiting.incident, request="guards")
    await scene.units.record("only", asked(keep))
    order = await scene.request(await scene.opened())
    await scene.dispatcher().dispatch(order)
    assert await scene.sent(order) == ()
    await scene.dispatcher().dispatch(waiting)
    assert await scene.sent(waiting) == ("only",)


async def test_a_reserved_unit_that_breaks_down_is_not_sent(scene: Scene) -> None:
    await scene.unit("first", x=1.0)
    await scene.unit("second", x=2.0)
    order = await scene.request(await scene.opened())
    with pytest.raises(Killed):
        await doomed(scene, 1, kept=True).dispatch(order)
    await scene.units.record("first", asked(PutOutOfService(cause="a flat tyre")))
    await scene.dispatcher().dispatch(order)
    assert await scene.sent(order) == ("second",)
    assert (await scene.kept("first")).reserved_for is None


async def test_a_hand_that_is_let_go_of_gives_back_what_it_reserved(scene: Scene) -> None:
    await scene.unit("only")
    order = await scene.request(await scene.opened())
    units = SlowUnits(scene.log, UNITS, clock=now)
    hand = Dispatcher(scene.door_of_incidents(), units, scene.plans, FleetView(scene.log))
    working = asyncio.create_task(hand.dispatch(order))
    await units.reserved.wait()
    await scene.ask(order.incident, CANCELLED)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert (await scene.kept("only")).status is UnitStatus.AVAILABLE


@pytest.mark.parametrize("kept", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("uses", DEATHS)
async def test_no_unit_is_lost_wherever_a_worker_dies(
    scene: Scene,
    uses: int,
    kept: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    await scene.unit("one", x=1.0)
    await scene.unit("two", x=2.0)
    order = await scene.request(await scene.opened(), quantity=2)
    mortal = doomed(scene, uses, kept=kept)
    await asyncio.gather(mortal.dispatch(order), return_exceptions=True)
    await scene.dispatcher().dispatch(order)
    assert await scene.sent(order) == ("one", "two")
    await _all_back(scene, order, mortal)
    assert (await scene.state(order.incident)).units.keys() == set()
    assert [(await scene.kept(unit)).reserved_for for unit in ("one", "two")] == [None, None]


async def _all_back(scene: Scene, order: WorkOrder, mortal: Dispatcher) -> None:
    for unit in ("one", "two"):
        await scene.ask(order.incident, ReleaseUnit(unit=unit))
        back = WorkOrder(incident=order.incident, subject=unit)
        await asyncio.gather(mortal.give_back(back), return_exceptions=True)
        await scene.dispatcher().give_back(back)
