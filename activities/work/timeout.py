"""The time limit of an attempt, which does not run while the attempt waits for its turn."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

_LIMIT: ContextVar[asyncio.Timeout | None] = ContextVar("limit", default=None)


@asynccontextmanager
async def time_limit(seconds: float) -> AsyncIterator[None]:
    """Limit an attempt. Raises TimeoutError once it worked for so long, waiting not counted."""
    async with asyncio.timeout(seconds) as limit:
        token = _LIMIT.set(limit)
        try:
            yield
        finally:
            _LIMIT.reset(token)


@contextmanager
def waiting() -> Iterator[None]:
    """Stop the clock of this task's limit, if it has one."""
    limit, now = _LIMIT.get(), asyncio.get_running_loop().time
    if limit is None or limit.expired() or (ends_at := limit.when()) is None:
        yield
        return
    left = ends_at - now()
    limit.reschedule(None)
    try:
        yield
    finally:
        limit.reschedule(now() + left)
