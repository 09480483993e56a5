"""The log: append, read, follow. One object per process."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Self

from eventstore.log.events import (
    NewEvent,
    Outcome,
    StoredEvent,
    is_of,
)
from eventstore.log.statements import (
    DROP_SNAPSHOT,
    FIND,
    FIND_SNAPSHOT,
    GROWN,
    KEEP_SNAPSHOT,
    POSITION_AT,
    READ_CATEGORY,
    READ_FACTS,
    READ_SNAPSHOT,
    READ_STREAM,
    VERSION_AT,
    EventRecord,
    found,
)
from eventstore.log.subscription import HEAD, READ, VERSION_MAX, SharedSubscription, whole_page
from eventstore.log.writer import Writer
from eventstore.postgres.addresses import addresses
from eventstore.postgres.barrier import Barrier
from eventstore.postgres.connection import (
    LOG_SETTINGS,
    Pool,
    close_pool,
    connect_pool,
    watch_primary,
)
from eventstore.postgres.epochs import EPOCHS, Epoch
from eventstore.postgres.errors import (
    FollowerTooSlow,
    LogUnavailable,
    is_transient,
)
from eventstore.postgres.retry import with_retry

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg

PAGE_EVENTS = 2_000
PAGE_FACTS = 5_000
"""Events of a stream in one page: some 20 ms of everybody's time."""

READ_LIMIT_MAX = 10_000
"""Events that one read returns at most."""


class Log:
    """What happened, in one order. Reads and appends outlast a restart of the database."""

    def __init__(self, dsn: str, pool: Pool, writer: Writer) -> None:
        self._dsn = dsn
        self._pool = pool
        self._writer = writer
        self._tail = SharedSubscription(dsn)
        self._barrier = Barrier(dsn)
        self._is_one_server = len(addresses(dsn)) == 1
        self._watch: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, dsn: str) -> Self:
        """Connect: one connection writes, a few read, one listens once somebody follows."""
        writer = Writer(dsn)
        try:
            await writer.open()
            pool = await connect_pool(dsn, LOG_SETTINGS)
        except Exception as error:
            await writer.close()
            if is_transient(error):
                raise LogUnavailable(str(error)) from error
            raise
        log = cls(dsn, pool, writer)
        log._watch = asyncio.create_task(watch_primary(dsn), name="log primary")
        return log

    async def close(self) -> None:
        """Finish what was asked for and disconnect."""
        await self._writer.close()
        await self._barrier.close()
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        await self._tail.close()
        await close_pool(self._pool)

    @property
    def epoch(self) -> Epoch | None:
        """Return the time of the primary that answers now: what an earlier one said may be lost."""
        return EPOCHS.now(self._dsn)

    async def append(
        self,
        stream: str,
        expected_version: int,
        events: Sequence[NewEvent],
        epoch: Epoch | None = None,
    ) -> Outcome:
        """Append events to a stream at the version it is expected to have, all or none.

        What was sent is carried out, whether or not the caller still waits for the answer.
        Raises Overloaded (nothing was done), LogUnavailable (unknown: ask again with the same ids),
        and PrimaryChanged if this is not the epoch any more that it was decided in.
        """
        if not events:
            raise ValueError("nothing to append")
        return await self._writer.append(stream, expected_version, events, epoch)

    async def settled(self) -> None:
        """Wait until all that was read is where commits are to be: it may be acknowledged then.

        Raises LogUnavailable.
        """
        await self._barrier.passed()

    async def read(
        self, after: int = 0, *, limit: int, category: str | None = None
    ) -> Sequence[StoredEvent]:
        """Return the events after a position, in order, of one category or of all."""
        limit = min(limit, READ_LIMIT_MAX)
        if category is None:
            return _stored(await self.fetch(READ, after, limit))
        return _stored(await self.fetch(READ_CATEGORY, after, limit, category))

    async def read_stream(
        self, stream: str, *, after: int = 0, up_to: int | None = None, page: int = PAGE_EVENTS
    ) -> AsyncGenerator[Sequence[StoredEvent], None]:
        """Yield pages of a stream's events after a version, up to one."""
        last = VERSION_MAX if up_to is None else up_to
        while True:
            events = _stored(await self.fetch(READ_STREAM, stream, after, last, page))
            if events:
                yield events
                after = events[-1].version
            if len(events) < page:
                return

    async def read_facts(
        self, stream: str, *, after: int = 0, up_to: int | None = None
    ) -> AsyncGenerator[Sequence[EventRecord], None]:
        """Yield pages of what a fold needs of a stream: a fraction of the time of `read_stream`.

        While one page is folded the database prepares the next.
        """
        last = VERSION_MAX if up_to is None else up_to
        coming = asyncio.create_task(self._facts(stream, after, last))
        try:
            while facts := await coming:
                is_last = len(facts) < PAGE_FACTS
                if not is_last:
                    coming = asyncio.create_task(self._facts(stream, facts[-1].version, last))
                    await _until_sent()
                yield facts
                if is_last:
                    return
        finally:
            coming.cancel()

    async def _facts(self, stream: str, after: int, last: int) -> list[EventRecord]:
        return await with_retry(
            self._pool,
            lambda lent: lent.fetch(
                READ_FACTS, stream, after, last, PAGE_FACTS, record_class=EventRecord
            ),
        )

    async def find(self, event_ids: Sequence[UUID]) -> Mapping[UUID, StoredEvent]:
        """Return those of the events that are in the log."""
        return found(await self.fetch(FIND, event_ids))

    async def find_settled(
        self, event_ids: Sequence[UUID], *, after_reading: bool = False
    ) -> Mapping[UUID, StoredEvent]:
        """Return those of the events that are in the log, and where commits are to be.

        So is then what was read before, if that is asked for. Raises LogUnavailable.
        """
        while True:
            epoch = self.epoch
            rows = await self.fetch(FIND, event_ids)
            there, is_alone = found(rows), self._is_one_server and rows[0]["alone"]
            if (there or after_reading) and not is_alone:
                await self.settled()
            if epoch == self.epoch:
                return there

    async def head(self) -> int:
        """Return the last position; 0 if nothing ever happened."""
        return int((await self.fetch(HEAD))[0][0])

    async def grown(self, after: int) -> Mapping[str, int]:
        """Return the streams that have grown since a position, with the last position of each."""
        return dict(await self.fetch(GROWN, after))  # type: ignore[arg-type] # rows of two

    async def position_at(self, instant: datetime) -> int:
        """Return the last position recorded at or before an instant; 0 before the first."""
        return int((await self.fetch(POSITION_AT, instant))[0][0])

    async def version_at(self, stream: str, position: int) -> int:
        """Return the last version of a stream at or before a position; 0 before its first."""
        return int((await self.fetch(VERSION_AT, stream, position))[0][0])

    async def find_snapshot(self, stream: str, fold: str, up_to: int) -> tuple[int, int] | None:
        """Return version and position of the newest snapshot of a fold that fits the log."""
        found = await self.fetch(FIND_SNAPSHOT, stream, fold, up_to)
        return (found[0]["version"], found[0]["position"]) if found else None

    async def read_snapshot(self, stream: str, version: int) -> tuple[str, bytes] | None:
        """Return the state that a snapshot holds, and the digest it was kept with."""
        found = await self.fetch(READ_SNAPSHOT, stream, version)
        return (found[0]["state"], found[0]["digest"]) if found else None

    async def keep_snapshot(
        self, stream: str, version: int, fold: str, state: str, digest: bytes
    ) -> None:
        """Keep the state that a stream had after the event of a version."""
        await self.fetch(KEEP_SNAPSHOT, stream, version, fold, state, digest)

    async def drop_snapshot(self, stream: str, version: int) -> None:
        """Throw a snapshot away."""
        await self.fetch(DROP_SNAPSHOT, stream, version)

    async def follow(
        self,
        after: int,
        *,
        categories: frozenset[str] | None = None,
        streams: frozenset[str] | None = None,
        types: frozenset[str] | None = None,
    ) -> AsyncGenerator[Sequence[StoredEvent], None]:
        """Yield what comes after a position, endlessly, in pages; None means all there are.

        First from the database, then as it happens, from memory; a commit is whole, in one page.
        Raises FollowerTooSlow for one that once was at the end and fell too far behind, or when the
        log is not the one any more that was followed; ValueError for a position yet to come.
        """
        self._tail.open()
        if after > await self._tail.head() and after > await self.head():
            raise ValueError(f"position {after} is not in this log")
        caught_up, log_ = False, self._tail.log
        while True:
            if self._tail.log != log_:
                raise FollowerTooSlow(after)
            page = self._tail.after(after)
            if page is None:
                if caught_up:
                    raise FollowerTooSlow(after)
                page = await whole_page(partial(self._after, after), PAGE_EVENTS)
            elif page:
                caught_up = True
            else:
                caught_up = True
                await self._tail.news()
                continue
            after = page[-1].position
            shown = [event for event in page if is_of(event, categories, streams, types)]
            if shown:
                yield shown

    async def _after(self, position: int, limit: int) -> Sequence[StoredEvent]:
        return _stored(await self.fetch(READ, position, limit))

    async def fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        """Ask the database, for the rest of the event store."""
        return await with_retry(self._pool, lambda lent: lent.fetch(query, *arguments))


async def _until_sent() -> None:
    """Let a question that was just begun get on its way: one turn to ask it, one to send it."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def _stored(rows: list[asyncpg.Record]) -> list[StoredEvent]:
    return [StoredEvent.of(row) for row in rows]
