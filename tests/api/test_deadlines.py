"""Time limits of many calls: each ends, also behind ones that were done, or ended, before."""

from __future__ import annotations

import asyncio

import pytest

from services.api.errors.failures import Failure
from services.api.interceptors.admission import Bound, Room
from services.api.interceptors.deadlines import Deadlines

SECONDS = 0.05
PATIENCE_S = 10.0


async def take(expiry: Deadlines, done: asyncio.Event) -> str:
    """Wait for something as long as the limit allows."""
    limit = asyncio.timeout(None)
    try:
        async with limit:
            expiry.begin(limit)
            await done.wait()
    finally:
        expiry.leave(limit)
    return "done"


async def test_what_takes_too_long_ends_and_what_is_done_does_not() -> None:
    expiry, done, never = Deadlines(SECONDS), asyncio.Event(), asyncio.Event()
    done.set()
    waits = [done, never, done, never, never]
    answers = await asyncio.gather(*(take(expiry, one) for one in waits), return_exceptions=True)
    assert [type(answer) for answer in answers] == [
        str, TimeoutError, str, TimeoutError, TimeoutError,
    ]  # fmt: skip


async def test_one_that_begins_after_all_others_ended_ends_too() -> None:
    expiry, never = Deadlines(SECONDS), asyncio.Event()
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await take(expiry, never)


async def test_nothing_is_kept_of_what_is_done() -> None:
    expiry, done = Deadlines(SECONDS), asyncio.Event()
    done.set()
    await asyncio.gather(*(take(expiry, done) for _ in range(100)))
    assert not expiry._due  # noqa: SLF001 - it would grow with every call


async def test_a_limit_that_was_ended_just_before_keeps_no_other_from_its_end() -> None:
    expiry, never = Deadlines(SECONDS), asyncio.Event()
    early = asyncio.timeout(None)

    async def ended_early() -> None:
        async with early:
            expiry.begin(early)
            await never.wait()

    async with asyncio.timeout(PATIENCE_S):
        first = asyncio.create_task(ended_early())
        others = [asyncio.create_task(take(expiry, never)) for _ in range(2)]
        await asyncio.sleep(0)
        early.reschedule(asyncio.get_running_loop().time())
        busy_until(asyncio.get_running_loop().time() + 2 * SECONDS)
        answers = await asyncio.gather(first, *others, return_exceptions=True)
    assert [type(answer) for answer in answers] == [TimeoutError] * 3


async def test_a_call_finds_room_also_while_the_one_before_it_runs_out_of_time() -> None:
    room, message = Room("waiting", Bound(of_all=2, of_each=1)), asyncio.Future[None]()

    async def newcomer() -> str:
        try:
            await message
        except asyncio.CancelledError:  # the other one's: the limit's end, before it is noticed
            async with room.hold("peer", None):
                return "held"
        return "answered"

    async def one_before() -> None:
        async with room.hold("peer", SECONDS):
            await message

    async with asyncio.timeout(PATIENCE_S):
        answers = await asyncio.gather(newcomer(), one_before(), return_exceptions=True)
    assert answers[0] == "held"
    assert isinstance(answers[1], Failure)
    assert answers[1].reason == "MESSAGE_NOT_SENT"
    assert len(room) == 0


async def test_a_call_pushed_out_just_before_its_time_keeps_no_other_held() -> None:
    room, never = Room("waiting", Bound(of_all=9, of_each=1)), asyncio.Event()

    async def hold(peer: str, seconds: float | None) -> None:
        async with room.hold(peer, seconds):
            await never.wait()

    async with asyncio.timeout(PATIENCE_S):
        calls = [asyncio.create_task(hold(peer, SECONDS)) for peer in ("a", "b")]
        await asyncio.sleep(0)
        newest = asyncio.create_task(hold("a", None))
        await asyncio.sleep(0)
        busy_until(asyncio.get_running_loop().time() + 2 * SECONDS)
        answers = await asyncio.gather(*calls, return_exceptions=True)
    newest.cancel()
    assert [one.reason for one in answers if isinstance(one, Failure)] == [
        "OVERLOADED",
        "MESSAGE_NOT_SENT",
    ]


def busy_until(moment: float) -> None:
    """Keep the loop from anything else, as much work does."""
    while asyncio.get_running_loop().time() < moment:
        pass
