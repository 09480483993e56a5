"""Commits that count only once the standby has them, where commits wait for one.

PostgreSQL commits here first and then waits. Whatever ends that wait early (a cancel, a time limit,
a lost connection) leaves a commit that everybody sees and perhaps no standby has: its outcome is
unknown, and it is asked again.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import asyncpg

from eventstore.postgres.connection import (
    APPEND_LASTS_MAX_S,
    Connection,
    close_quietly,
    connect_to_append,
    let_last,
    pauses,
)
from eventstore.postgres.epochs import EPOCHS
from eventstore.postgres.errors import LogUnavailable, is_transient

if TYPE_CHECKING:
    from eventstore.postgres.epochs import Epoch

COMMIT_TIMEOUT_S = 10.0
PATIENCE_S = 5.0
"""How long somebody waits for a primary that is away, or whose standby is."""

WAITS_FOR_STANDBY = "SyncRepWaitForLSN"
"""Where in PostgreSQL a wait that was cancelled warns from; the warning's text is translated."""


CANCELLED = "the wait for the standby was cancelled"

DURABLY = "SET LOCAL synchronous_commit = on"
SETTLE = "SELECT muster.settle()"


class NotReplicated(ConnectionError):
    """The wait for the standby was cancelled: committed on the primary, perhaps nowhere else."""


class ReplicatedCommit:
    """A connection to commit over."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: Connection | None = None
        self._gave_up = False

    async def open(self) -> None:
        """Connect now, not only when there is something to commit."""
        self._connection = await connect_to_append(self._dsn)
        self._connection.add_log_listener(self._hear)

    async def connected(self) -> Epoch | None:
        """Connect unless it is, and return the epoch of the primary there."""
        await self._open_connection()
        return EPOCHS.now(self._dsn)

    async def close(self) -> None:
        """Disconnect."""
        connection, self._connection = self._connection, None
        await close_quietly(connection)

    async def fetch(
        self,
        query: str,
        *arguments: object,
        timeout_s: float = COMMIT_TIMEOUT_S,
        longer_s: float = 0.0,
    ) -> list[asyncpg.Record]:
        """Ask for something that commits. Raises NotReplicated, TimeoutError and the like.

        Something large may hold the log's lock for longer than what is usual, by `longer_s`. What
        takes too long is left to itself, and the connection is ended. It is never cancelled: that
        would end the wait for the standby, and show to all what only the primary has.
        """
        connection = await self._open_connection()
        began, self._gave_up = time.monotonic(), False
        timeout_s += longer_s
        limit = asyncio.get_running_loop().call_later(timeout_s, connection.terminate)
        try:
            if longer_s:
                await let_last(connection, APPEND_LASTS_MAX_S + longer_s)
            rows: list[asyncpg.Record] = await connection.fetch(query, *arguments)
            if longer_s:
                await let_last(connection, APPEND_LASTS_MAX_S)
        except BaseException as error:
            if longer_s or not _is_refusal(error):
                connection.terminate()  # before a cancellation is sent
            if isinstance(error, Exception) and time.monotonic() - began >= timeout_s:
                raise TimeoutError(f"no answer within {timeout_s:.0f} s") from error
            raise
        finally:
            limit.cancel()
        if self._gave_up:
            raise NotReplicated(CANCELLED)
        return rows

    async def _open_connection(self) -> Connection:
        """Return the connection; a new one if it was ended."""
        if self._connection is None or self._connection.is_closed():
            await self.open()
        assert self._connection is not None  # noqa: S101 - just opened
        return self._connection

    def _hear(self, _: object, message: asyncpg.PostgresLogMessage) -> None:
        self._gave_up = self._gave_up or _is_of_a_wait(message)


async def settle(connection: Connection) -> None:
    """Wait until all that was read over a connection is where commits are to be.

    Raises NotReplicated.
    """
    gave_up: list[object] = []

    def hear(_: object, message: asyncpg.PostgresLogMessage) -> None:
        if _is_of_a_wait(message):
            gave_up.append(message)

    connection.add_log_listener(hear)
    try:
        async with connection.transaction():
            await connection.execute(DURABLY)
            await connection.execute(SETTLE)
    finally:
        connection.remove_log_listener(hear)
    if gave_up:
        raise NotReplicated(CANCELLED)


async def commit(dsn: str, query: str, *arguments: object) -> list[asyncpg.Record]:
    """Commit something that may be asked again, over a connection of its own.

    Raises LogUnavailable: whether it was committed is unknown.
    """
    began = time.monotonic()
    one = ReplicatedCommit(dsn)
    try:
        for pause in pauses():
            try:
                return await one.fetch(query, *arguments)
            except Exception as error:
                await one.close()
                if not is_transient(error):
                    raise
                if time.monotonic() - began > PATIENCE_S:
                    raise LogUnavailable(str(error) or type(error).__name__) from error
            await asyncio.sleep(pause)
    finally:
        await one.close()
    raise AssertionError  # there is always a next pause


def _is_refusal(error: BaseException) -> bool:
    """Tell whether the database answered that it does not do this: it was undone, all of it."""
    return isinstance(error, asyncpg.PostgresError) and not is_transient(error)


def _is_of_a_wait(message: asyncpg.PostgresLogMessage) -> bool:
    return bool(message.as_dict().get("server_source_function") == WAITS_FOR_STANDBY)
