"""The one door: read what is known, decide, append; on a conflict read on and decide again."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Generic, TypeVar

from domain.decider import CommandEnvelope, Decider, Refused, Versioned
from domain.lru import LruCache
from eventstore.log.events import Appended, Conflict
from eventstore.log.log import Log
from eventstore.log.statements import VERSIONS
from eventstore.postgres.errors import LogClosed, LogUnavailable, Overloaded, PrimaryChanged
from eventstore.recorder.decide import BatchDecider, Draft
from eventstore.recorder.deduplication import Deduplication
from eventstore.recorder.load import load_from
from eventstore.recorder.queue import PendingCommand, Queue, Receipt

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from domain.values import Command
    from eventstore.postgres.epochs import Epoch
    from eventstore.recorder.snapshots import Snapshots

__all__ = ["LogUnavailable", "Overloaded", "Receipt", "Recorder"]

S = TypeVar("S")

STATES_MAX = 1_000
"""Streams whose state is kept in memory."""

QUEUE_COMMANDS_MAX = 1_000
"""Commands that wait for one stream; beyond it a command is turned away."""

LONG_AGO = datetime.fromtimestamp(0, UTC)

ATTEMPTS_MAX = 20
"""Times that somebody else may be first before a batch is turned away."""


class Recorder(Generic[S]):
    """Records commands of one category of streams: each once, however often it is asked.

    While an append to a stream is in flight its next commands gather; they are then decided one
    after another and appended together. A state in memory is proven by the append that follows
    from it; where nothing is to be appended the log is asked.
    """

    def __init__(
        self,
        log: Log,
        decider: Decider[S],
        *,
        clock: Callable[[], datetime],
        surroundings: Callable[[S, Command], Awaitable[object]] | None = None,
        snapshots: Snapshots[S] | None = None,
    ) -> None:
        self._log = log
        self._snapshots = snapshots
        self._decider = decider
        self._deciding = BatchDecider(decider, clock, surroundings)
        self._recorded = Deduplication(log)
        self._states: LruCache[str, Versioned[S]] = LruCache(STATES_MAX)
        self._epoch: Epoch | None = None
        """When the states were told: what an earlier primary said is forgotten."""
        self._queues: dict[str, Queue] = {}
        self._begun_at: dict[str, datetime] = {}

    async def record(self, key: str, asked: CommandEnvelope) -> Receipt | Refused:
        """Decide a command about `<category>/<key>` and keep what it leads to.

        What was begun is carried out also if the caller goes away. Raises Overloaded (nothing was
        done) and LogUnavailable (unknown: ask again with the same command id).
        """
        queue = self._queues.get(key)
        if queue is None:
            queue = self._queues[key] = Queue()
        if len(queue) >= QUEUE_COMMANDS_MAX:
            raise Overloaded
        answer = queue.add(asked)
        if queue.work is None:
            queue.work = asyncio.create_task(self._work(key, queue))
        return await answer

    async def known(self, key: str) -> Versioned[S]:
        """Return what is known of a stream now, whoever wrote it."""
        epoch = self._log.epoch
        known = await self._read_on(key, self._remembered(key) or await self._begun(key))
        self._keep(key, known, epoch)
        return known

    async def known_all(self, keys: Sequence[str]) -> Mapping[str, Versioned[S]]:
        """Return what is known of streams now; what has not grown since is not read again."""
        streams = [self._decider.stream(key) for key in keys]
        versions = dict(map(tuple, await self._log.fetch(VERSIONS, streams)))
        found: dict[str, Versioned[S]] = {}
        for key, stream in zip(keys, streams, strict=True):
            known = self._remembered(key)
            if known is not None and known.version == versions[stream]:
                found[key] = known
        grown = [key for key in keys if key not in found]
        read = await asyncio.gather(*map(self.known, grown))
        return found | dict(zip(grown, read, strict=True))

    async def known_at(self, key: str, *, version: int) -> Versioned[S]:
        """Return what was known of a stream when it was at a version."""
        return await self._read_on(key, await self._begun(key, version), up_to=version)

    async def begun_at(self, key: str) -> datetime:
        """Return when a stream's first event was recorded; long ago for a stream that has none."""
        if key not in self._begun_at:
            if len(self._begun_at) >= STATES_MAX:
                self._begun_at.clear()
            async for page in self._log.read_stream(self._decider.stream(key), up_to=1):
                self._begun_at[key] = page[0].recorded_at
        return self._begun_at.get(key, LONG_AGO)

    async def _work(self, key: str, queue: Queue) -> None:
        batch: list[PendingCommand] = []
        try:
            while queue.waiting:
                batch = queue.take()
                try:
                    left: Sequence[PendingCommand] = batch
                    while left:
                        left = await self._settle(key, left)
                except Exception as error:  # noqa: BLE001 - told to everybody whom it concerns
                    for one in batch:
                        one.fail(error)
        finally:
            del self._queues[key]
            for one in (*batch, *queue.waiting):
                one.fail(LogClosed("the recorder was stopped"))

    async def _settle(self, key: str, batch: Sequence[PendingCommand]) -> Sequence[PendingCommand]:
        """Decide a batch and append what fits, until nobody else was first; return the rest."""
        known: Versioned[S] | None = None
        epoch = self._log.epoch
        for _ in range(ATTEMPTS_MAX):
            if not batch:
                return ()
            if known is None:
                epoch = self._log.epoch
                known = self._remembered(key) or await self._read_on(key, await self._begun(key))
            drafts, after = await self._deciding.in_order(known, [one.asked for one in batch])
            these, rest = batch[: len(drafts)], batch[len(drafts) :]
            events = [event for draft in drafts for event in draft.events]
            try:
                if not events:
                    latest = await self._answer_read(key, these, drafts, known, epoch)
                    if latest is None:
                        return rest
                    known = latest
                    continue
                outcome = await self._log.append(
                    self._decider.stream(key), known.version, events, epoch
                )
            except PrimaryChanged:
                known = None
                continue
            match outcome:
                case Appended(position=position):
                    after = after._replace(position=position)
                    self._keep(key, after, epoch)
                    unchanged = self._answer_changed(key, these, drafts, known, after)
                    await self._answer_unchanged(key, unchanged, epoch, only_read=False)
                    return rest
                case Conflict():
                    pass
                case _:  # some of them were recorded before, here or elsewhere
                    batch = await self._recorded.answer(self._decider.stream(key), batch)
            known = await self._read_on(key, known)
        raise Overloaded

    async def _answer_read(
        self,
        key: str,
        batch: Sequence[PendingCommand],
        drafts: Sequence[Draft[S]],
        known: Versioned[S],
        epoch: Epoch | None,
    ) -> Versioned[S] | None:
        """Answer commands that led to nothing, unless the stream stands elsewhere: return where."""
        latest = await self._read_on(key, known)
        if latest.version != known.version:
            return latest
        self._keep(key, known, epoch)
        unchanged = self._answer_changed(key, batch, drafts, known, known)
        await self._answer_unchanged(key, unchanged, epoch, only_read=True)
        return None

    def _answer_changed(
        self,
        key: str,
        batch: Sequence[PendingCommand],
        drafts: Sequence[Draft[S]],
        before: Versioned[S],
        after: Versioned[S],
    ) -> list[tuple[PendingCommand, Refused | Receipt | Exception]]:
        """Answer those of a batch that took the stream from one point to another, at once.

        Return what to answer the others, unless they were recorded before.
        """
        stream = self._decider.stream(key)
        unchanged: list[tuple[PendingCommand, Refused | Receipt | Exception]] = []
        for one, draft in zip(batch, drafts, strict=True):
            if draft.events:
                position = after.position - (after.version - draft.version)
                one.settle(draft.receipt(stream, position))
            else:
                stood = draft.before.version
                position = (
                    before.position
                    if stood == before.version
                    else after.position - (after.version - stood)
                )
                receipt = draft.receipt(stream, position)
                unchanged.append((one, draft.failed or draft.refused or receipt))
        return unchanged

    async def _answer_unchanged(
        self,
        key: str,
        answers: Sequence[tuple[PendingCommand, Refused | Receipt | Exception]],
        epoch: Epoch | None,
        *,
        only_read: bool,
    ) -> None:
        """Answer commands that led to nothing now; some may have when they were asked before.

        Where no append proved that it is so, it was only read: to acknowledge it, a standby must
        have it, too. Raises PrimaryChanged.
        """
        if not answers:
            return
        acknowledges = only_read and any(isinstance(answer, Receipt) for _, answer in answers)
        await self._recorded.answer(
            self._decider.stream(key), [one for one, _ in answers], after_reading=acknowledges
        )
        if only_read and epoch != self._log.epoch:
            raise PrimaryChanged("another server is the primary now")
        for one, answer in answers:
            if isinstance(answer, Exception):
                one.fail(answer)
            else:
                one.settle(answer)

    async def _begun(self, key: str, up_to: int | None = None) -> Versioned[S]:
        """Return where a fold may begin."""
        if self._snapshots is None:
            return Versioned(self._decider.initial)
        return await self._snapshots.newest(key, up_to)

    async def _read_on(
        self, key: str, known: Versioned[S], *, up_to: int | None = None
    ) -> Versioned[S]:
        return await load_from(self._log, self._decider, key, known, up_to=up_to)

    def _remembered(self, key: str) -> Versioned[S] | None:
        """Return the state that is in memory, if this primary told it."""
        if self._epoch != self._log.epoch:
            self._epoch = self._log.epoch
            self._states.clear()
        return self._states.get(key)

    def _keep(self, key: str, known: Versioned[S], epoch: Epoch | None) -> None:
        """Remember a state, unless a later one is remembered, and forget the least used."""
        if epoch != self._epoch:
            return
        before = self._states.get(key)
        if before is None or before.version <= known.version:
            self._states[key] = known
