"""A dropped connection at every step of the protocol, on the way to PostgreSQL and on the way back.

One exchange is opening the log, two commands (the second on statements that are known) and
following them. It is listened to once; then it is had again for every message of it, cut behind
the message and in its middle, and each time the client ends what it began.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import AsyncExitStack, aclosing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid5

from benchmarks.torture.checker import check
from benchmarks.torture.evidence import Journals, read_log
from benchmarks.torture.journal import Journal
from benchmarks.torture.ledger import BOOKS
from benchmarks.torture.outcome import Outcome, Tell
from benchmarks.torture.place import Place, place
from benchmarks.torture.watcher import seen
from benchmarks.torture.wire import Cut, Spot, Way, Wire, boundaries, wire
from benchmarks.torture.writer import NAMESPACE, PAUSE_S, Wanted, Writer, opened
from eventstore.log.log import Log
from eventstore.postgres.errors import FollowerTooSlow, LogUnavailable
from eventstore.recorder.recorder import Recorder

EXCHANGE_TIMEOUT_S = 20.0
TOLD_EVERY = 50


async def cuts(seed: str, tell: Tell, *, some: int | None = None) -> Outcome:
    """Cut everywhere, or at some places that the seed chooses; then judge."""
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(place(seed))
        line = await stack.enter_async_context(wire(here.socket))
        talk = stack.enter_context(_Talk.begun(here, line))
        planned = await _planned(talk, seed)
        planned = planned[:some]
        happened = 0
        late: list[str] = []
        for number, cut in enumerate(planned, 1):
            line.begin_anew()
            line.cut = cut
            try:
                async with asyncio.timeout(EXCHANGE_TIMEOUT_S):
                    await talk.exchange(number)
            except TimeoutError:
                late.append(f"an exchange did not come to an end after {cut}")
            happened += line.cut is None
            line.cut = None
            if number % TOLD_EVERY == 0:
                tell(f"{number}/{len(planned)}")
        verdict = check(await read_log(here.owner_dsn), talk.journals())
    verdict.complaints.extend(late)
    return Outcome("cuts", verdict, {"planned": len(planned), "happened": happened})


async def _planned(talk: _Talk, seed: str) -> list[Cut]:
    """Listen to an exchange, and return every cut of it, in an order that the seed decides."""
    talk.line.heard = {}
    await talk.exchange(0)
    heard, talk.line.heard = talk.line.heard, None
    chance = random.Random(f"{seed}/cuts")  # noqa: S311 - repeatable, not secret
    planned: list[Cut] = []
    for connection in sorted({number for number, _ in heard}):
        to, back = (bytes(heard.get((connection, way), b"")) for way in (Way.TO, Way.FROM))
        for way, ends in boundaries(to, back).items():
            middles = [(begin + end) // 2 for begin, end in zip([0, *ends], ends, strict=False)]
            planned += [
                Cut(Spot(connection, way, after), reset=chance.random() < 1 / 2)
                for after in sorted({0, *ends, *middles})
            ]
    chance.shuffle(planned)
    return planned


@dataclass
class _Talk:
    """One client in this process, which writes down what it asks and sees as all others do."""

    here: Place
    line: Wire
    asked: Journal
    watched: Journal
    after: int = 0

    @classmethod
    @contextmanager
    def begun(cls, here: Place, line: Wire) -> Iterator[_Talk]:
        """Open the journals."""
        with Journal(here.journal("asked")) as asked, Journal(here.journal("watched")) as watched:
            yield cls(here, line, asked, watched)

    def journals(self) -> Journals:
        """Read what was written down."""
        return Journals.read([self.here.journal("asked")], [self.here.journal("watched")])

    async def exchange(self, number: int) -> None:
        """Open the log, give two commands, see them, and close."""
        log = await opened(self.line.dsn(self.here.dsn))
        try:
            recorder = Recorder(log, BOOKS, clock=lambda: datetime.now(UTC))
            writer = Writer(recorder, self.asked, "cut", self.here.seed)
            for turn in range(2):
                name = f"{self.here.seed}/cut/{number}/{turn}"
                wanted = Wanted(uuid5(NAMESPACE, name), f"cut-{number}", (name, f"{name}/more"))
                self.asked.note(wanted.entry)
                await writer.ask(wanted)
            await self._watch(log, until=await head_of(log))
        finally:
            await log.close()

    async def _watch(self, log: Log, until: int) -> None:
        """See everything up to a position, going on behind what was seen in earlier exchanges."""
        while self.after < until:
            try:
                async with aclosing(log.follow(self.after)) as pages:
                    async for page in pages:
                        self.watched.note({"saw": [seen(event) for event in page]})
                        self.after = page[-1].position
                        if self.after >= until:
                            return
            except (FollowerTooSlow, LogUnavailable):
                await asyncio.sleep(PAUSE_S)


async def head_of(log: Log) -> int:
    """Return where the log ends, however often that must be asked."""
    while True:
        try:
            return await log.head()
        except LogUnavailable:
            await asyncio.sleep(PAUSE_S)
