"""A process that writes: `python -m benchmarks.torture.writer JOURNAL NAME SEED LANES`.

Each lane is one caller as it should be: it asks, asks again with the same command id until it is
answered, and only then asks for something else. Now and then it asks for what was acknowledged
before. After a kill the next process of this name first asks again for what was left open.
On SIGTERM the lanes end what they began, and then the process ends.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid5

import uvloop

from benchmarks.torture.journal import Journal
from benchmarks.torture.ledger import BOOKS, CATEGORY, CLERK, Book, EnterLines
from domain.decider import CommandEnvelope, Refused
from eventstore.log.log import Log
from eventstore.postgres.errors import LogUnavailable, Overloaded
from eventstore.recorder.recorder import Receipt, Recorder

DSN_VARIABLE = "MUSTER_TORTURE_DSN"
NAMESPACE = UUID("1f3f8a3e-60f4-4ad5-9d0b-2f6f4b1f6c55")
SHARED_BOOKS = 4
"""Books that all writers write to: there they meet each other's conflicts."""

LINES_MAX = 8
THINK_MAX_S = 0.02
AGAIN_ONE_IN = 25
"""How seldom a lane asks again for what was acknowledged."""

PAUSE_S = 0.05


class Wanted(NamedTuple):
    """A command about a book."""

    command_id: UUID
    book: str
    texts: tuple[str, ...]

    @property
    def entry(self) -> dict[str, object]:
        """What is noted before it is asked."""
        stream = f"{CATEGORY}/{self.book}"
        at = time.monotonic_ns()
        return {"asked": str(self.command_id), "stream": stream, "texts": self.texts, "at": at}


class Writer:
    """Some lanes over one log, one recorder and one journal."""

    def __init__(self, recorder: Recorder[Book], journal: Journal, name: str, seed: str) -> None:
        self.stopping = asyncio.Event()
        self._recorder = recorder
        self._journal = journal
        self._name = name
        self._life = f"{seed}/{name}/{sum('life' in entry for entry in journal.past)}"
        self._chance = random.Random(self._life)  # noqa: S311 - repeatable, not secret
        self._padding = int(os.environ.get("MUSTER_TORTURE_PADDING", "0"))
        journal.note({"life": self._life})

    async def run(self, lanes: int) -> None:
        """End what was left open, then write until told to stop."""
        left = unacknowledged(self._journal.past)
        await asyncio.gather(*(self.ask(one) for one in left))
        await asyncio.gather(*(self._lane(number) for number in range(lanes)))

    async def ask(self, wanted: Wanted) -> None:
        """Ask until there is an answer, and keep it."""
        asked = CommandEnvelope(EnterLines(texts=wanted.texts), wanted.command_id, CLERK)
        while True:
            try:
                answer = await self._recorder.record(wanted.book, asked)
            except (LogUnavailable, Overloaded):
                await asyncio.sleep(PAUSE_S)
            except Exception as error:  # noqa: BLE001 - whatever else comes is a finding
                self._journal.note({"wrong": f"{type(error).__name__}: {error}"})
                await asyncio.sleep(PAUSE_S)
            else:
                await self._journal.keep(_answered(wanted, answer))
                return

    def _padded(self, text: str) -> str:
        """Make a text as long as it should be, with what can't be compressed."""
        missing = max(0, self._padding - len(text)) // 2
        return f"{text} {random.Random(text).randbytes(missing).hex()}"  # noqa: S311 - repeatable

    async def _lane(self, lane: int) -> None:
        for number in count():
            if self.stopping.is_set():
                return
            wanted = self._next(lane, number)
            self._journal.note(wanted.entry)
            await self.ask(wanted)
            if self._chance.randrange(AGAIN_ONE_IN) == 0:
                await self.ask(wanted)
            await asyncio.sleep(self._chance.uniform(0, THINK_MAX_S))

    def _next(self, lane: int, number: int) -> Wanted:
        own, shared = f"{self._name}-{lane}", f"shared-{self._chance.randrange(SHARED_BOOKS)}"
        book = self._chance.choice((own, shared))
        name = f"{self._life}/{lane}/{number}"
        lines = self._chance.randint(1, LINES_MAX)
        texts = tuple(self._padded(f"{name}/{line}") for line in range(lines))
        return Wanted(uuid5(NAMESPACE, name), book, texts)


def unacknowledged(past: list[dict[str, object]]) -> list[Wanted]:
    """Return what was asked and, as far as the journal knows, not answered."""
    done = {entry["acknowledged"] for entry in past if "acknowledged" in entry}
    return [
        Wanted(UUID(str(entry["asked"])), str(entry["stream"]).partition("/")[2], tuple(texts))
        for entry in past
        if "asked" in entry and entry["asked"] not in done
        if isinstance(texts := entry["texts"], list)
    ]


def _answered(wanted: Wanted, answer: Receipt | Refused) -> dict[str, object]:
    if isinstance(answer, Refused):
        return {"wrong": f"{wanted.command_id} was refused: {answer.reason} {answer.details}"}
    return {
        "acknowledged": str(wanted.command_id),
        "stream": answer.stream,
        "version": answer.version,
        "position": answer.position,
        "events": len(answer.kinds),
        "at": time.monotonic_ns(),
    }


async def opened(dsn: str) -> Log:
    """Open the log, however long the database is away."""
    while True:
        try:
            return await Log.open(dsn)
        except LogUnavailable:
            await asyncio.sleep(PAUSE_S)


async def write(journal_path: Path, name: str, seed: str, lanes: int) -> None:
    """Write until a signal says stop."""
    async with AsyncExitStack() as stack:
        journal = stack.enter_context(Journal(journal_path))
        log = await opened(os.environ[DSN_VARIABLE])
        stack.push_async_callback(log.close)
        recorder = Recorder(log, BOOKS, clock=lambda: datetime.now(UTC))
        writer = Writer(recorder, journal, name, seed)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, writer.stopping.set)
        await writer.run(lanes)


if __name__ == "__main__":
    uvloop.run(write(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])))
