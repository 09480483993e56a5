"""A connection that appends: one call after another, each again while the database is away."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from eventstore.log.append_request import append_statement
from eventstore.postgres.connection import pauses
from eventstore.postgres.errors import (
    LogClosed,
    LogUnavailable,
    PrimaryChanged,
    append_error,
    is_transient,
)
from eventstore.postgres.replicated_commit import ReplicatedCommit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from eventstore.log.append_request import AppendRequest
    from eventstore.postgres.epochs import Epoch

APPEND_TIMEOUT_S = 10.0
LARGE_EVENTS = 5_000
"""A call with more may last longer, by what a slow machine takes for so many at a time."""
LARGE_EVENTS_PER_S = 5_000

UNAVAILABLE_AFTER_S = 5.0
"""How long a request waits for a database that is away, such as one that restarts."""


class AppendConnection:
    """One of the connections of a writer. The log's lock has them commit one after another."""

    def __init__(self, dsn: str, events_in_flight: Callable[[], int]) -> None:
        self._events_in_flight = events_in_flight
        """Of all lanes of the writer: they wait for the log's lock one after another."""
        self.wanted = asyncio.Event()
        self.events = 0
        """Of the batch that it works on."""
        self.streams: frozenset[str] = frozenset()
        """Of the batch that it was given and works on; empty if it is free."""
        self._committing = ReplicatedCommit(dsn)

    async def open(self) -> None:
        """Connect now, not only when there is something to append."""
        await self._committing.open()

    async def close(self) -> None:
        """Disconnect."""
        await self._committing.close()

    async def commit(
        self, batch: Sequence[AppendRequest], waiting: Iterable[AppendRequest]
    ) -> None:
        """Append a batch, again and again while the database is away, as long as somebody waits.

        Those who wait for their turn meanwhile are told as well when they have waited long enough.
        """
        try:
            await self._commit(batch, waiting)
        except asyncio.CancelledError:
            for request in batch:
                request.fail(LogClosed("the log was closed: whether it was appended is unknown"))
            raise
        finally:
            self.streams = frozenset()
            self.events = 0

    async def _commit(
        self, batch: Sequence[AppendRequest], waiting: Iterable[AppendRequest]
    ) -> None:
        for pause in pauses():
            try:
                await self._call(batch)
            except Exception as error:  # noqa: BLE001 - what of it passes is known to `is_transient`
                if not is_transient(error):
                    await self._call_apart(batch, waiting, error)
                    return
                await self.close()
                batch = _still_patient(batch, error)
                _still_patient(waiting, error)
            else:
                return
            if not batch:
                return
            await asyncio.sleep(pause)

    async def _call(self, batch: Sequence[AppendRequest]) -> None:
        epoch = await self._committing.connected()
        batch = [request for request in batch if _is_of(request, epoch)]
        if not batch:
            return
        query, arguments = append_statement(batch)
        longer_s = _longer_s(self._events_in_flight())
        try:
            rows = await self._committing.fetch(
                query, *arguments, timeout_s=APPEND_TIMEOUT_S, longer_s=longer_s
            )
        except BaseException:
            for request in batch:
                request.sent = True
            raise
        for row in rows:
            batch[row["request"] - 1].settle(row)

    async def _call_apart(
        self, batch: Sequence[AppendRequest], waiting: Iterable[AppendRequest], error: Exception
    ) -> None:
        """Find whose request the database cannot take; the others are not to suffer for it."""
        if len(batch) == 1:
            batch[0].fail(append_error(error))
            return
        for request in batch:
            await self._commit([request], waiting)


def _is_of(request: AppendRequest, epoch: Epoch | None) -> bool:
    """Tell whether a request was decided on what this primary says, and turn it away if not."""
    if request.epoch is None or request.epoch == epoch:
        return True
    request.fail(PrimaryChanged("another server is the primary now: ask again with the same ids"))
    return False


def _longer_s(events: int) -> float:
    """Return for how much longer than usual so many may keep the log locked, or be waited for."""
    return events / LARGE_EVENTS_PER_S if events > LARGE_EVENTS else 0.0


def _still_patient(requests: Iterable[AppendRequest], error: Exception) -> list[AppendRequest]:
    """Turn away those who waited long enough, and return the others."""
    patient: list[AppendRequest] = []
    for request in requests:
        if time.monotonic() - request.since > UNAVAILABLE_AFTER_S:
            request.fail(LogUnavailable(str(error) or type(error).__name__))
        else:
            patient.append(request)
    return patient
