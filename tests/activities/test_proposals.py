"""Proposals of units that are wrong: what a unit's own stream says decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.incident.resources import CancelResourceRequest
from domain.incident.state.incident import RequestStatus
from domain.resource.unit import PutOutOfService, Reservation, ReserveUnit
from tests.activities.scene import asked

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from activities.fleet import Sought
    from tests.activities.scene import Scene


class Proposals:
    """A fleet that says what it was told to, right or wrong."""

    def __init__(
        self,
        *near: Sequence[str],
        kept: Sequence[str] = (),
        reservations: Sequence[Reservation] = (),
    ) -> None:
        self.near = [*near]
        self.kept = kept
        self.reserved = reservations
        self.besides: list[set[str]] = []

    async def nearest(self, _sought: Sought, besides: Collection[str]) -> Sequence[str]:
        self.besides.append(set(besides))
        return self.near.pop(0) if self.near else ()

    async def kept_for(self, _reservation: Reservation) -> Collection[str]:
        return self.kept

    async def reservations(self, _sought: Sought) -> Collection[Reservation]:
        return self.reserved


async def test_a_unit_that_is_not_to_be_had_is_left_and_the_next_is_tried(scene: Scene) -> None:
    for unit in ("taken", "broken", "free"):
        await scene.unit(unit)
    keep = ReserveUnit(incident="another", request="guards")
    await scene.units.record("taken", asked(keep))
    await scene.units.record("broken", asked(PutOutOfService(cause="a flat tyre")))
    order = await scene.request(await scene.opened())
    fleet = Proposals(["taken", "broken"], ["free"])
    await scene.dispatcher(fleet).dispatch(order)
    assert await scene.sent(order) == ("free",)
    assert fleet.besides == [set(), {"taken", "broken"}]
    assert (await scene.kept("taken")).reserved_for == Reservation("another", "guards")


async def test_a_unit_is_only_sent_once_it_is_kept_for_the_request(scene: Scene) -> None:
    await scene.unit("wrong")
    await scene.unit("right")
    order = await scene.request(await scene.opened())
    await scene.dispatcher(Proposals(["right"], kept=["wrong"])).dispatch(order)
    assert await scene.sent(order) == ("right",)
    assert (await scene.kept("wrong")).reserved_for is None


async def test_what_is_wrongly_said_to_be_kept_for_what_is_over_is_not_waited_for(
    scene: Scene,
) -> None:
    await scene.unit("free")
    over = await scene.request(await scene.opened())
    await scene.ask(over.incident, CancelResourceRequest(request="guards"))
    order = await scene.request(await scene.opened())
    fleet = Proposals(kept=["free"], reservations=[Reservation(over.incident, "guards")])
    await scene.dispatcher(fleet).dispatch(order)
    request = (await scene.state(order.incident)).requests["guards"]
    assert request.status is RequestStatus.UNAVAILABLE
