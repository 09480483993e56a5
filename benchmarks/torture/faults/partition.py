"""Two writers, one of which is cut off without being told: its packets neither arrive nor fail.

The line of the first is held at every message of an append in turn, the worst moment included:
when PostgreSQL has begun the append and waits for the rest of it. Meanwhile the other writer must
be served; then the line is healed, and what was held arrives, late.
"""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from statistics import median
from uuid import uuid5

from benchmarks.torture.checker import check
from benchmarks.torture.evidence import Journals, read_log
from benchmarks.torture.journal import Journal
from benchmarks.torture.ledger import BOOKS
from benchmarks.torture.outcome import Outcome, Tell
from benchmarks.torture.place import Place, place
from benchmarks.torture.wire import Spot, Way, Wire, ends, wire
from benchmarks.torture.writer import NAMESPACE, PAUSE_S, Wanted, Writer, opened
from eventstore.log.log import Log
from eventstore.recorder.recorder import Recorder

APART_S = 6.0
"""How long the line is held."""

BLOCKED_MAX_S = 5.0
"""How long a writer may wait because of another one that is cut off: what PostgreSQL gives it."""

HEAL_TIMEOUT_S = 60.0
POLL_S = 0.01


class Clerk:
    """A writer in this process, with a log and a journal of its own."""

    def __init__(self, here: Place, log: Log, journal: Journal, name: str) -> None:
        recorder = Recorder(log, BOOKS, clock=lambda: datetime.now(UTC))
        self._writer = Writer(recorder, journal, name, here.seed)
        self._journal = journal
        self._name = f"{here.seed}/{name}"
        self._asked = 0

    async def enter(self, book: str) -> float:
        """Have a line entered; return how long it took until that was acknowledged."""
        self._asked += 1
        name = f"{self._name}/{self._asked:06}"
        wanted = Wanted(uuid5(NAMESPACE, name), book, (name,))
        self._journal.note(wanted.entry)
        begun = time.monotonic()
        await self._writer.ask(wanted)
        return time.monotonic() - begun


async def partitions(seed: str, tell: Tell) -> Outcome:
    """Hold the line at every message of an append; both must be well afterwards."""
    names = ("apart", "well")
    waits: list[float] = []
    healed: list[float] = []
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(place(seed))
        await here.watch()
        line = await stack.enter_async_context(wire(here.socket))
        clerks = []
        for name, dsn in zip(names, (line.dsn(here.dsn), here.dsn), strict=True):
            log = await opened(dsn)
            stack.push_async_callback(log.close)
            clerks.append(Clerk(here, log, stack.enter_context(Journal(here.journal(name))), name))
        spots = await _spots(line, clerks[0])
        random.Random(f"{seed}/partitions").shuffle(spots)  # noqa: S311 - repeatable, not secret
        for number, spot in enumerate(spots, 1):
            waited, later = await _apart(line, spot, f"apart-{number:04}", *clerks)
            waits += waited
            healed.append(later)
            tell(f"{number}/{len(spots)} held {spot.after} bytes {spot.way}: {max(waited):.2f} s")
        await here.settle()
        found = Journals.read(
            [here.journal(name) for name in names],
            [here.journal(one.name) for one in here.watchers],
        )
        verdict = check(await read_log(here.owner_dsn), found)
    if max(waits) > BLOCKED_MAX_S:
        verdict.doubt(f"a healthy writer waited {max(waits):.1f} s for one that was cut off")
    figures: dict[str, object] = {
        "spots": len(spots),
        "healthy_waited_s_median": round(median(waits), 3),
        "healthy_waited_s_max": round(max(waits), 3),
        "healed_after_s_max": round(max(healed), 3),
    }
    return Outcome("partitions", verdict, figures)


async def _spots(line: Wire, clerk: Clerk) -> list[Spot]:
    """Listen to an append on statements that are known: where each of its messages ends.

    The spots count from the beginning of that append.
    """
    connection = await _warm(line, clerk, "apart-0000")
    line.heard = {}
    await clerk.enter("apart-0000")
    heard, line.heard = line.heard, None
    found = []
    for way in Way:
        ends_of_messages = ends(bytes(heard[connection, way]))
        middle = ends_of_messages[0] // 2
        found += [Spot(connection, way, after) for after in (middle, *ends_of_messages)]
    return found


async def _warm(line: Wire, clerk: Clerk, book: str) -> int:
    """Enter two lines into a new book; return which connection the second one went over."""
    await clerk.enter(book)
    before = dict(line.carried)
    await clerk.enter(book)
    (connection,) = {
        number
        for (number, way), carried in line.carried.items()
        if way is Way.TO and carried != before.get((number, way))
    }
    return connection


async def _apart(
    line: Wire, spot: Spot, book: str, apart: Clerk, well: Clerk
) -> tuple[list[float], float]:
    """Hold the line there in the third append to a book; return what each writer waited."""
    connection = await _warm(line, apart, book)
    carried = line.carried[connection, spot.way]
    line.hold_at = Spot(connection, spot.way, carried + spot.after)
    late = asyncio.create_task(apart.enter(book))
    async with asyncio.timeout(HEAL_TIMEOUT_S):
        while not line.held:
            await asyncio.sleep(POLL_S)
    heals_at = time.monotonic() + APART_S
    asyncio.get_running_loop().call_at(heals_at, line.release)
    waits = []
    while line.held:
        waits.append(await well.enter("well"))
        await asyncio.sleep(PAUSE_S)
    async with asyncio.timeout(HEAL_TIMEOUT_S):
        await late
    return waits, max(0.0, time.monotonic() - heals_at)
