"""Time limits of many calls: each ends, also behind ones that were done in time."""

from __future__ import annotations

import asyncio

import pytest

from services.api.expiry import Expiry

SECONDS = 0.05


async def take(expiry: Expiry, done: asyncio.Event) -> str:
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
    expiry, done, never = Expiry(SECONDS), asyncio.Event(), asyncio.Event()
    done.set()
    waits = [done, never, done, never, never]
    answers = await asyncio.gather(*(take(expiry, one) for one in waits), return_exceptions=True)
    assert [type(answer) for answer in answers] == [
        str, TimeoutError, str, TimeoutError, TimeoutError,
    ]  # fmt: skip


async def test_one_that_begins_after_all_others_ended_ends_too() -> None:
    expiry, never = Expiry(SECONDS), asyncio.Event()
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await take(expiry, never)


async def test_nothing_is_kept_of_what_is_done() -> None:
    expiry, done = Expiry(SECONDS), asyncio.Event()
    done.set()
    await asyncio.gather(*(take(expiry, done) for _ in range(100)))
    assert not expiry._due  # noqa: SLF001 - it would grow with every call
