"""What somebody wants appended, and how the database is asked for it and answers."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from eventstore.log.events import AlreadyThere, Appended, Conflict, IdReused, NewEvent, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    import asyncpg

    from eventstore.postgres.epochs import Epoch

APPEND = """
    SELECT request, status, at_version, at_position, at
    FROM muster.append($1, $2, $3, $4, $5, $6, $7, $8, $9)"""
APPEND_ONE = """
    SELECT request, status, at_version, at_position, at
    FROM muster.append($1, $2, $3, $4, $5, $6, $7, $8)"""


class AppendRequest:
    """Events for one stream, and the answer that somebody waits for."""

    __slots__ = ("answer", "bytes", "epoch", "events", "expected", "ids", "sent", "since", "stream")

    def __init__(
        self, stream: str, expected: int, events: Sequence[NewEvent], epoch: Epoch | None = None
    ) -> None:
        self.stream = stream
        self.expected = expected
        self.events = events
        self.epoch = epoch
        """Of the primary that told what this was decided on; None if it does not matter."""
        self.ids: frozenset[UUID] = frozenset(event.event_id for event in events)
        self.bytes = sum(len(event.data) + len(event.meta) for event in events)
        self.answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.since = time.monotonic()
        self.sent = False

    def settle(self, row: asyncpg.Record) -> None:
        """Pass on what the database said."""
        if not self.answer.done():
            self.answer.set_result(outcome(row, sent=self.sent))

    def fail(self, error: BaseException) -> None:
        """Say that there is no answer."""
        if not self.answer.done():
            self.answer.set_exception(error)


def outcome(row: asyncpg.Record, *, sent: bool = False) -> Outcome:
    """Return what the database said, to one who may have sent the same before, unanswered."""
    _, status, version, position, at = row
    match status:
        case "appended":
            return Appended(version, position, at)
        case "conflict":
            return Conflict(version)
        case "duplicate" if sent:  # the commit whose outcome was unknown was ours
            return Appended(version, position, at)
        case "duplicate":
            return AlreadyThere(version, position, at)
        case _:
            return IdReused()


def append_statement(batch: Sequence[AppendRequest]) -> tuple[str, tuple[object, ...]]:
    """Return how to ask for a batch: the query, and what goes with it."""
    if len(batch) == 1 and len(batch[0].events) == 1:
        (request,) = batch
        event = request.events[0]
        kind = (event.event_id, event.type, event.schema_version)
        said = (event.occurred_at, event.data, event.meta)
        return APPEND_ONE, (request.stream, request.expected, *kind, *said)
    return APPEND, _columns(batch)


def _columns(batch: Sequence[AppendRequest]) -> tuple[list[object], ...]:
    """Lay a batch out as the arrays that `muster.append` takes."""
    events = [event for request in batch for event in request.events]
    ids, types, schemas, occurred, datas, metas = zip(*events, strict=True)
    return (
        [request.stream for request in batch],
        [request.expected for request in batch],
        [len(request.events) for request in batch],
        list(ids),
        list(types),
        list(schemas),
        list(occurred),
        list(datas),
        list(metas),
    )
