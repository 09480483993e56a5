"""How a store is driven: questions come as lines of JSON, each is answered by one.

The standard library only: some drivers run where nothing of Muster is installed.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from statistics import median
from typing import Any
from uuid import uuid4

EVENT_BYTES = 220
"""Of JSON that every event holds, in every store."""

SAMPLES_MAX = 20_000

AppendAsync = Callable[[str, int, int], Awaitable[object]]
"""Appends to a stream, at the version that it has, so many events."""

Append = Callable[[str, int, int], object]


def payload() -> str:
    """Return what every event holds."""
    empty = json.dumps({"zone": "north-entrance", "text": ""})
    return json.dumps({"zone": "north-entrance", "text": "x" * (EVENT_BYTES - len(empty))})


def questions() -> Iterator[dict[str, Any]]:
    """Yield what is asked, until nobody asks any more."""
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        yield json.loads(line)


def answer(found: dict[str, float]) -> None:
    """Answer one question."""
    print(json.dumps(found), flush=True)


async def serve_async(append: AppendAsync, read: Callable[[], AsyncIterator[int]]) -> None:
    """Answer questions about a store whose clients are tasks."""
    for asked in questions():  # nothing else goes on between two questions
        if asked["do"] == "append":
            answer(await _append_async(append, asked))
        else:
            answer(await _read_async(read))


def serve_threads(append: Append, read: Callable[[], Iterator[int]]) -> None:
    """Answer questions about a store whose clients are threads."""
    for asked in questions():
        if asked["do"] == "append":
            answer(_append_threads(append, asked))
        else:
            begun = time.perf_counter()
            count = sum(read())
            answer({"events": count, "seconds": time.perf_counter() - begun})


async def _append_async(append: AppendAsync, asked: dict[str, Any]) -> dict[str, float]:
    took: list[float] = []
    begun = time.perf_counter()
    ends = begun + asked["seconds"]

    async def write() -> int:
        stream, version = str(uuid4()), 0
        while (now := time.perf_counter()) < ends:
            await append(stream, version, asked["batch"])
            version += asked["batch"]
            took.append(time.perf_counter() - now)
        return version

    counts = await asyncio.gather(*(write() for _ in range(asked["writers"])))
    return _told(sum(counts), time.perf_counter() - begun, took)


async def _read_async(read: Callable[[], AsyncIterator[int]]) -> dict[str, float]:
    begun = time.perf_counter()
    count = sum([page async for page in read()])
    return {"events": count, "seconds": time.perf_counter() - begun}


def _append_threads(append: Append, asked: dict[str, Any]) -> dict[str, float]:
    took: list[float] = []
    counts: list[int] = []
    begun = time.perf_counter()
    ends = begun + asked["seconds"]

    def write() -> None:
        stream, version = str(uuid4()), 0
        while (now := time.perf_counter()) < ends:
            append(stream, version, asked["batch"])
            version += asked["batch"]
            took.append(time.perf_counter() - now)
        counts.append(version)

    threads = [threading.Thread(target=write) for _ in range(asked["writers"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return _told(sum(counts), time.perf_counter() - begun, took)


def _told(events: int, seconds: float, took: list[float]) -> dict[str, float]:
    p50 = median(took[-SAMPLES_MAX:]) * 1_000
    return {"events": events, "seconds": seconds, "latency_ms": p50}
