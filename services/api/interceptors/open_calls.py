"""Calls that stay open: ended when whoever called may not any more."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

import structlog

from services.api.errors.failures import Failure
from services.api.interceptors.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from domain.values import Actor
    from services.api.interceptors.authentication import Authenticator

CHECK_S = 0.5
"""How often the callers of open calls are looked up again."""

log = structlog.get_logger()


class Shown(NamedTuple):
    """What a caller showed to be let in."""

    authorization: str | None
    names: Sequence[str] = ()
    """In the certificate."""
    certificate: bytes | None = None
    """In PEM."""


class _Open:
    """A call that is open."""

    def __init__(self, shown: Shown, actor: Actor) -> None:
        self.shown = shown
        self.actor = actor
        self.limit = asyncio.timeout(None)
        self.reason: str | None = None

    def end(self, reason: str) -> None:
        """End it, once."""
        if self.reason is None:
            self.reason = reason
            self.limit.reschedule(asyncio.get_running_loop().time())


class OpenCalls:
    """Keeps to it that who has a call open may have it."""

    def __init__(self, doors: Authenticator) -> None:
        self._doors = doors
        self._open: set[_Open] = set()

    @asynccontextmanager
    async def opened(self, shown: Shown, actor: Actor) -> AsyncIterator[None]:
        """Have a call open. Raises Failure when its caller may not have it any more."""
        one = _Open(shown, actor)
        try:
            async with one.limit:
                self._open.add(one)
                try:
                    yield
                finally:
                    self._open.discard(one)
        except TimeoutError:
            if one.reason is None or not one.limit.expired():
                raise
            raise Failure(one.reason) from None

    async def keep_checking(self) -> None:
        """Look the callers up again and again."""
        while True:
            await asyncio.sleep(CHECK_S)
            try:
                self.check()
            except Exception:
                log.exception("open_calls_not_checked")

    def check(self) -> None:
        """End the calls of those who were let in no more, or with other rights."""
        ended = 0
        for one in list(self._open):
            try:
                actor = self._doors.actor(*one.shown)
            except Failure as failure:
                one.end(failure.reason)
            else:
                if actor == one.actor:
                    continue
                one.end("ACCESS_CHANGED")
            METRICS.ended[one.reason or ""] += 1
            ended += 1
        if ended:
            log.info("open_calls_ended", calls=ended)
