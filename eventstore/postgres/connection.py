"""Connections to PostgreSQL's primary, with every limit said."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeAlias

import asyncpg

from eventstore.postgres.backoff import Backoff
from eventstore.postgres.errors import LogUnavailable, is_transient
from eventstore.postgres.primary import (
    address_of_primary,
    connect_to_primary,
    keep_to_primary,
    look,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

    from eventstore.postgres.primary import Answer, Open

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Lent: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
"""A connection of a pool, for the time being."""
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

CONNECT_TIMEOUT_S = 3.0
STATEMENT_TIMEOUT_S = 30.0
"""For reads and for views; an append has its own."""

CLOSE_TIMEOUT_S = 2.0

READERS_MAX = 4
"""Connections that a process reads with."""

RETRY = Backoff(first_s=0.02, longest_s=0.5)

SETTINGS = {
    "application_name": "muster",
    "jit": "off",
    "synchronous_commit": "on",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
}

APPEND_LASTS_MAX_S = 3
"""How long an append may hold the log lock, or wait for it: a client that is gone holds up
everybody. Shorter than anybody's patience, so that who waited for it still is served."""

APPEND_SETTINGS = {
    **SETTINGS,
    "tcp_keepalives_idle": "1",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": str(APPEND_LASTS_MAX_S - 1),
    "tcp_user_timeout": f"{APPEND_LASTS_MAX_S}s",
    "client_connection_check_interval": "1s",
    "client_min_messages": "warning",
}
"""For who appends: a network that swallowed the client must not keep the log locked."""

KNOWS_TRANSACTION_TIMEOUT = 17
"""The first PostgreSQL that ends a transaction whose client stands still."""

WATCH_SETTINGS = {**SETTINGS, "application_name": "muster watch"}

LOG_SETTINGS = {**SETTINGS, "enable_seqscan": "off", "enable_bitmapscan": "off"}
"""For those who read the log: in its order, page by page, whatever the statistics say."""


async def connect(
    dsn: str,
    settings: Mapping[str, str] = SETTINGS,
    *,
    command_timeout_s: float | None = STATEMENT_TIMEOUT_S,
) -> Connection:
    """Open one connection to the primary. Raises NoPrimary."""
    return await connect_to_primary(dsn, _opening(settings, command_timeout_s))


@asynccontextmanager
async def connected(dsn: str, settings: Mapping[str, str] = SETTINGS) -> AsyncIterator[Connection]:
    """Connect to the primary for a while. Raises LogUnavailable where it can't be reached."""
    connection: Connection | None = None
    try:
        connection = await connect(dsn, settings)
        yield connection
    except Exception as error:
        if is_transient(error):
            raise LogUnavailable(str(error) or type(error).__name__) from error
        raise
    finally:
        await close_quietly(connection)


async def watch_primary(dsn: str) -> None:
    """Leave a primary when another one takes its place, endlessly; at once if there is but one."""
    await keep_to_primary(dsn, _opening(WATCH_SETTINGS, STATEMENT_TIMEOUT_S))


async def primary_of(dsn: str) -> str:
    """Return the address of the primary alone, for PostgreSQL's own programs. Raises NoPrimary."""
    return await address_of_primary(dsn, _opening(SETTINGS, STATEMENT_TIMEOUT_S))


async def servers(dsn: str) -> Sequence[Answer]:
    """Return what each server of an address says that it is."""
    return await look(dsn, _opening(WATCH_SETTINGS, STATEMENT_TIMEOUT_S))


def _opening(settings: Mapping[str, str], command_timeout_s: float | None) -> Open:
    async def open_(address: str) -> Connection:
        return await asyncpg.connect(
            address,
            timeout=CONNECT_TIMEOUT_S,
            command_timeout=command_timeout_s,
            server_settings=dict(settings),
        )

    return open_


async def connect_to_append(dsn: str) -> Connection:
    """Open the connection that a process appends with.

    PostgreSQL takes the log lock when it is told to execute, and gives it back when it is told that
    this was all: a client that is cut off in between would keep it for as long as it is missing.
    It has no time limit on our side, since asyncpg cancels what takes too long (see `committing`).
    """
    connection = await connect(dsn, APPEND_SETTINGS, command_timeout_s=None)
    try:
        await let_last(connection, APPEND_LASTS_MAX_S)
    except BaseException:
        await close_quietly(connection)
        raise
    return connection


async def let_last(connection: Connection, seconds: float) -> None:
    """Let a transaction of a connection last so long at most, if PostgreSQL knows how to end it."""
    if connection.get_server_version().major >= KNOWS_TRANSACTION_TIMEOUT:
        await connection.execute(f"SET transaction_timeout = {round(seconds * 1_000)}")


async def connect_pool(
    dsn: str, settings: Mapping[str, str] = SETTINGS, *, size: int = READERS_MAX
) -> Pool:
    """Open a pool to the primary, whose users leave nothing behind in a session."""

    async def open_(*_: object, **__: object) -> Connection:
        return await connect(dsn, settings)

    return await asyncpg.create_pool(min_size=1, max_size=size, connect=open_, reset=_leave_as_is)


def pauses() -> Iterator[float]:
    """Return how long to wait before each next attempt, in seconds, endlessly."""
    return RETRY.pauses()


async def close_quietly(connection: Connection | None) -> None:
    """Close a connection that may be broken."""
    if connection is not None:
        connection.terminate()
        await asyncio.sleep(0)


async def close_pool(pool: Pool) -> None:
    """Close a pool, waiting a moment for whoever still reads."""
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await pool.close()
    except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        pool.terminate()


async def _leave_as_is(_: object) -> None:
    """Save the round trip of a reset: nobody sets anything in a session."""
