"""Rejected calls: answered with a status, counted and logged."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import structlog
from grpc_status import rpc_status

from services.api.errors.failures import Failure, of_error
from services.api.errors.status import status_of
from services.api.interceptors.metrics import METRICS

if TYPE_CHECKING:
    from grpc.aio import ServicerContext

REQUEST_ID_LENGTH_MAX = 64

LINES_PER_S = 20
"""About refused calls, in the log: whoever is refused all the time must not fill the disk."""

Metadata = Sequence[tuple[str, str | bytes]]

log = structlog.get_logger()


class Refused:
    """Says in the log which calls were refused, and of how many nothing was said."""

    def __init__(self) -> None:
        self._second = 0
        self._lines = 0

    def say(self, method: str, request_id: str, reason: str) -> None:
        """Say that a call was refused, unless enough was said this second."""
        second = int(time.monotonic())
        if second != self._second:
            if self._lines > LINES_PER_S:
                log.warning("more_calls_refused", calls=self._lines - LINES_PER_S)
            self._second, self._lines = second, 0
        self._lines += 1
        if self._lines <= LINES_PER_S:
            log.info("call_refused", method=method, request_id=request_id, reason=reason)


REFUSED = Refused()
"""Of this process."""


async def tell(error: Exception, method: str, context: ServicerContext[Any, Any]) -> NoReturn:
    """End a call with what went wrong."""
    metadata = said(context)
    named = request_id(metadata)
    failure = of_error(error)
    if failure is None:
        log.error("call_broke", method=method, request_id=named, exc_info=error)
        failure = Failure("INTERNAL", {"request_id": named})
    else:
        REFUSED.say(method, named, failure.reason)
    METRICS.answers[method, failure.reason] += 1
    status = rpc_status.to_status(status_of(failure, language(metadata), named, method=method))
    await context.abort(status.code, status.details, status.trailing_metadata)


def language(said: Metadata) -> str:
    """Return the language that a caller prefers, of the two there are."""
    first = (find(said, "accept-language") or "en").partition(",")[0]
    return "zh" if first.strip().lower().startswith("zh") else "en"


def request_id(said: Metadata) -> str:
    """Return how a call is called in the logs: as the caller says, or by chance."""
    given = find(said, "x-request-id") or ""
    fits = given.isascii() and given.isprintable() and len(given) <= REQUEST_ID_LENGTH_MAX
    return given if given and fits else secrets.token_hex(8)


def find(said: Metadata, wanted: str) -> str | None:
    for name, value in said:
        if name == wanted:
            return value if isinstance(value, str) else value.decode(errors="replace")
    return None


def said(context: ServicerContext[Any, Any]) -> Metadata:
    return context.invocation_metadata() or ()  # type: ignore[return-value] # pairs
