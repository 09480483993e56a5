"""Servers of somebody else's, which may say more than anybody wants to hear."""

from __future__ import annotations

import gzip
import time
import tracemalloc
from collections.abc import Iterator
from itertools import repeat

import httpx2
import pytest

from services.notary.bounded_http import NoAnswer, post
from tests.activities.notification.receivers import talking

BYTES_MAX = 10_000
TIMEOUT_S = 1.0
MEMORY_BYTES_MAX = 2 * 2**20
OK = b"HTTP/1.1 200 OK\r\n"
PACKED = gzip.compress(b"x" * 1_000_000)


async def asked(url: str) -> bytes:
    async with httpx2.AsyncClient() as client:
        answer = await post(client, url, b"?", timeout_s=TIMEOUT_S, bytes_max=BYTES_MAX)
    return answer.body


def answer(head: bytes, body: Iterator[bytes]) -> Iterator[bytes]:
    yield OK + head + b"\r\n"
    yield from body


async def test_a_short_answer_is_taken_whole() -> None:
    async with talking(answer(b"Content-Length: 5\r\n", iter((b"he", b"llo")))) as talker:
        assert await asked(talker.url) == b"hello"


@pytest.mark.parametrize("head", [b"", b"Content-Length: 99999999999\r\n"])
async def test_a_long_one_is_given_up(head: bytes) -> None:
    async with talking(answer(head, repeat(b"x" * 65_536))) as talker:
        tracemalloc.start()
        with pytest.raises(NoAnswer, match="more than 10000 bytes"):
            await asked(talker.url)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert most < MEMORY_BYTES_MAX


async def test_a_packed_one_is_not_unpacked() -> None:
    head = f"Content-Encoding: gzip\r\nContent-Length: {len(PACKED)}\r\n".encode()
    async with talking(answer(head, iter((PACKED,)))) as talker:
        assert await asked(talker.url) == PACKED


async def test_a_slow_one_ends_with_the_time_for_all_of_it() -> None:
    async with talking(answer(b"", repeat(b"x")), 0.2) as talker:
        begun = time.monotonic()
        with pytest.raises(NoAnswer, match="no answer within 1 s"):
            await asked(talker.url)
    assert time.monotonic() - begun < 20 * TIMEOUT_S  # it would not end by itself


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://[::1", "nowhere"])
async def test_nobody_there_is_no_answer(url: str) -> None:
    with pytest.raises(NoAnswer):
        await asked(url)
