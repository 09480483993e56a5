"""Who gets a slot: in turns between incidents, a live one before any exercise."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from activities.work.shared_reads import BatchedReads, SharedReads
from activities.work.slots import Slots
from activities.work.timeout import time_limit

if TYPE_CHECKING:
    from collections.abc import Sequence


async def held(slots: Slots, incident: str, order: list[str], *, live: bool = True) -> None:
    async with slots.one(incident, live=live):
        order.append(incident)
        await asyncio.sleep(0)


async def test_an_incident_with_much_to_do_leaves_every_second_turn_to_another() -> None:
    slots, order = Slots(1), list[str]()
    many = [held(slots, "many", order) for _ in range(10)]
    await asyncio.gather(*many, held(slots, "few", order), held(slots, "few", order))
    assert order[:6] == ["many", "many", "few", "many", "few", "many"]


async def test_a_live_incident_goes_before_every_exercise() -> None:
    slots, order = Slots(1), list[str]()
    drill = [held(slots, "drill", order, live=False) for _ in range(10)]
    await asyncio.gather(*drill, held(slots, "live", order), held(slots, "live", order))
    assert order[:4] == ["drill", "live", "live", "drill"]


async def test_no_more_than_the_bound_are_held_and_none_is_lost_by_who_gives_up() -> None:
    slots, order = Slots(2), list[str]()
    waiting = [asyncio.create_task(held(slots, f"{n % 5}", order)) for n in range(50)]
    await asyncio.sleep(0)
    for task in waiting[10:40:2]:
        task.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.gather(*waiting, return_exceptions=True)
    both = asyncio.Barrier(2)

    async def meet() -> None:
        async with slots.one("a", live=True):
            await both.wait()

    async with asyncio.timeout(5):
        await asyncio.gather(meet(), meet())


async def test_a_read_is_shared_by_those_who_asked_before_it_began() -> None:
    begun: list[str] = []
    goes_on = asyncio.Event()

    async def read(key: str) -> int:
        begun.append(key)
        number = len(begun)
        await goes_on.wait()
        return number

    reads = SharedReads(read)
    first = asyncio.create_task(reads.get("a"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    later = [asyncio.create_task(reads.get("a")) for _ in range(5)]
    await asyncio.sleep(0)
    goes_on.set()
    assert await first == 1
    assert await asyncio.gather(*later) == [2] * 5
    assert await reads.get("a") == 3


async def test_a_read_that_fails_fails_for_those_who_asked_and_no_others() -> None:
    failing = True

    async def read(_: str) -> str:
        if failing:
            raise ConnectionError
        return "read"

    reads = SharedReads(read)
    found = await asyncio.gather(reads.get("a"), reads.get("a"), return_exceptions=True)
    assert all(isinstance(one, ConnectionError) for one in found)
    failing = False
    assert await reads.get("a") == "read"


async def test_what_is_asked_while_a_read_is_under_way_is_read_together_afterwards() -> None:
    begun: list[tuple[str, ...]] = []
    goes_on = asyncio.Event()

    async def read(keys: Sequence[str]) -> dict[str, int]:
        begun.append(tuple(keys))
        number = len(begun)
        await goes_on.wait()
        return dict.fromkeys(keys, number)

    reads = BatchedReads(read)
    first = asyncio.create_task(reads.get("a"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    later = [asyncio.create_task(reads.get(key)) for key in "abacb"]
    await asyncio.sleep(0)
    goes_on.set()
    assert await first == 1
    assert await asyncio.gather(*later) == [2] * 5
    assert begun == [("a",), ("a", "b", "c")]


async def test_what_one_read_found_broken_fails_for_nobody_else() -> None:
    failing = True

    async def read(keys: Sequence[str]) -> dict[str, str | Exception]:
        if failing:
            raise ConnectionError
        return {key: ValueError() if key == "broken" else key for key in keys}

    reads = BatchedReads[str, str](read)
    asked = "good", "broken"
    found = await asyncio.gather(*map(reads.get, asked), return_exceptions=True)
    assert [type(one) for one in found] == [ConnectionError] * 2
    failing = False
    good, broken = await asyncio.gather(*map(reads.get, asked), return_exceptions=True)
    assert (good, type(broken)) == ("good", ValueError)


async def test_waiting_for_a_slot_takes_none_of_the_time_of_an_attempt() -> None:
    slots, is_free, began = Slots(1), asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with slots.one("first", live=True):
            await is_free.wait()

    async def attempt() -> None:
        async with time_limit(0.1), slots.one("second", live=True):
            began.set()
            await asyncio.Event().wait()

    holding, attempting = asyncio.create_task(hold()), asyncio.create_task(attempt())
    await asyncio.wait([attempting], timeout=0.3)
    assert not attempting.done()
    is_free.set()
    await holding
    with pytest.raises(TimeoutError):
        await attempting
    assert began.is_set()


async def test_a_host_has_no_more_than_its_share() -> None:
    slots, order, is_over = Slots(4, most_per_host=2), list[str](), asyncio.Event()

    async def call(host: str) -> None:
        async with slots.one("incident", host, live=True):
            order.append(host)
            await is_over.wait()

    tasks = [asyncio.create_task(call(host)) for host in "aaaaab"]
    await asyncio.sleep(0)
    assert order == ["a", "a", "b"]
    is_over.set()
    await asyncio.gather(*tasks)
    assert sorted(order) == list("aaaaab")


async def test_hosts_that_hang_leave_half_of_the_slots_to_the_others() -> None:
    hanging = set("abcd")
    slots, order, is_over = Slots(4, hanging=lambda: hanging), list[str](), asyncio.Event()

    async def call(host: str) -> None:
        async with slots.one("incident", host, live=True):
            order.append(host)
            await is_over.wait()

    tasks = [asyncio.create_task(call(host)) for host in "abcdef"]
    await asyncio.sleep(0)
    assert order == ["a", "b", "e", "f"]
    is_over.set()
    await asyncio.gather(*tasks)
    assert sorted(order) == list("abcdef")
