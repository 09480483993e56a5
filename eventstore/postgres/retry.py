"""Waiting out a database that restarts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from eventstore.postgres.connection import Lent, Pool, pauses
from eventstore.postgres.errors import LogClosed, LogUnavailable, is_transient

PATIENCE_S = 5.0
"""How long somebody waits for a database that is away."""

T = TypeVar("T")


async def with_retry(pool: Pool, work: Callable[[Lent], Awaitable[T]]) -> T:
    """Do something that may be done twice, again and again while the database is away.

    Raises LogUnavailable once patience ends, and LogClosed when the pool was closed.
    """
    began = time.monotonic()
    for pause in pauses():
        if pool.is_closing():
            raise LogClosed("the connections were closed")
        try:
            async with pool.acquire() as connection:
                return await work(connection)
        except Exception as error:
            if not is_transient(error):
                raise
            if time.monotonic() - began > PATIENCE_S:
                raise LogUnavailable(str(error) or type(error).__name__) from error
        await asyncio.sleep(pause)
    raise AssertionError  # there is always a next pause
