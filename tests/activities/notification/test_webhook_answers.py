"""What a receiver says is not read beyond its head, not unpacked, and not waited for for ever."""

from __future__ import annotations

import gzip
import time
import tracemalloc
from collections.abc import Iterator
from itertools import chain, count, repeat

import pytest

from activities.notification.channels import webhook
from activities.notification.outcome import Failed, Undelivered
from tests.activities.notification.receivers import talking
from tests.activities.scene import MESSAGE, rules

MIB = 2**20
TAKEN_BYTES_MAX = 16 * MIB
"""What the kernel's buffers may take of an answer that nobody reads."""

MEMORY_BYTES_MAX = 2 * MIB
PATIENCE_S = 20.0
"""On a busy machine, for what would not end by itself."""

UNHURRIED = rules(timeout_s=3 * PATIENCE_S)
HURRIED = rules(timeout_s=1.0)
OK = b"HTTP/1.1 200 OK\r\n"
ZEROS = gzip.compress(bytes(64 * MIB))


def answer(head: bytes, body: Iterator[bytes]) -> Iterator[bytes]:
    yield OK + head + b"\r\n"
    yield from body


ENDLESS = {
    "plain": (b"Content-Type: text/plain\r\n", repeat(b"x" * 65_536)),
    "as long as it says": (b"Content-Length: 99999999999\r\n", repeat(b"x" * 65_536)),
    "in chunks": (
        b"Transfer-Encoding: chunked\r\n",
        repeat(b"10000\r\n" + b"x" * 65_536 + b"\r\n"),
    ),
    "packed": (b"Content-Encoding: gzip\r\n", repeat(ZEROS)),
    "said to be packed": (b"Content-Encoding: gzip\r\n", repeat(b"no gzip at all")),
}


@pytest.mark.parametrize("kind", ENDLESS)
async def test_a_body_without_end_is_neither_read_nor_unpacked(kind: str) -> None:
    head, body = ENDLESS[kind]
    async with talking(answer(head, body)) as talker:
        tracemalloc.start()
        begun = time.monotonic()
        await webhook.send(UNHURRIED, talker.url, MESSAGE)
        took_s = time.monotonic() - begun
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert took_s < PATIENCE_S
    assert talker.sent < TAKEN_BYTES_MAX
    assert most < MEMORY_BYTES_MAX


async def test_no_packed_answer_is_asked_for() -> None:
    async with talking(answer(b"Content-Length: 0\r\n", iter(()))) as talker:
        await webhook.send(rules(), talker.url, MESSAGE)
    assert b"accept-encoding: identity\r\n" in talker.heads[0].lower()


async def test_a_body_that_never_comes_is_not_waited_for() -> None:
    async with talking(answer(b"Content-Length: 10\r\n", iter((b"", b""))), 30.0) as talker:
        begun = time.monotonic()
        await webhook.send(UNHURRIED, talker.url, MESSAGE)
    assert time.monotonic() - begun < PATIENCE_S


def endless_head() -> Iterator[bytes]:
    yield OK
    for number in count():
        yield f"X-{number}: ".encode() + b"y" * 1_000 + b"\r\n"


async def test_a_head_without_end_is_given_up() -> None:
    async with talking(endless_head()) as talker:
        with pytest.raises(Undelivered):
            await webhook.send(rules(), talker.url, MESSAGE)
    assert talker.sent < TAKEN_BYTES_MAX


@pytest.mark.parametrize(
    "said",
    [
        repeat(b"HTTP/1.1 100 Continue\r\n\r\n"),
        chain([OK], repeat(b"X: y\r\n")),
        repeat(b""),
    ],
    ids=["only interim answers", "a line at a time", "nothing"],
)
async def test_a_slow_answer_ends_with_the_time_for_all_of_it(said: Iterator[bytes]) -> None:
    async with talking(said, 0.2) as talker:
        begun = time.monotonic()
        with pytest.raises(Undelivered, match="no answer within 1 s"):
            await webhook.send(HURRIED, talker.url, MESSAGE)
    assert time.monotonic() - begun < PATIENCE_S


async def test_what_is_no_http_is_no_delivery() -> None:
    async with talking(iter((b"220 mail.test ESMTP\r\n",))) as talker:
        with pytest.raises((Undelivered, Failed)):
            await webhook.send(rules(), talker.url, MESSAGE)
