"""The edge: what every call passes, in one order, before and after what it is about.

Errors, measures, who calls, what they may, how long it may take, how much at once, how large.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import grpc
import structlog
from google.protobuf.message import DecodeError
from grpc_status import rpc_status

from services.api.failures import Failure, Violation, of_error
from services.api.measures import MEASURES

if TYPE_CHECKING:
    from grpc.aio import ServicerContext

    from domain.values import Actor
    from services.api.contract import Method
    from services.api.doors import Doors

REQUEST_ID_LENGTH_MAX = 64
WRITE_TIMEOUT_S = 30.0
"""How long a response may wait for its reader."""

NO_NAMES: tuple[str, ...] = ()

Metadata = Sequence[tuple[str, str | bytes]]

log = structlog.get_logger()


@dataclass(frozen=True)
class Limits:
    """How much at once, and for how long."""

    message_bytes: int
    commands: int
    """Calls in flight that are no streams."""
    streams: int
    deadline_s: float
    """Of a call that names none, or a later one."""


class Call(NamedTuple):
    """A call that was let in."""

    method: Method
    actor: Actor
    said: Metadata
    """What the caller sent beside the request."""

    @property
    def language(self) -> str:
        """Return the language that the caller prefers, of the two there are."""
        return language(self.said)

    @property
    def request_id(self) -> str:
        """Return how the call is called in the logs."""
        return request_id(self.said)

    @property
    def trace(self) -> str | None:
        """Return the trace that the call belongs to."""
        return _find(self.said, "traceparent")


Unary = Callable[[Any, Call], Awaitable[Any]]
"""Answers one request with one response."""

Stream = Callable[[Any, Call], AsyncGenerator[Any, None]]
"""Answers one request, or many, with many responses."""


class Edge:
    """Wraps what answers a call into what gRPC serves."""

    def __init__(self, doors: Doors, limits: Limits, *, mutual_tls: bool) -> None:
        self._doors = doors
        self._limits = limits
        self._mutual_tls = mutual_tls
        self._calls = 0
        self._streams = 0

    def unary(self, method: Method, answer: Unary) -> grpc.RpcMethodHandler[Any, Any]:
        """Serve a method of one request and one response."""
        parse = self._parser(method)
        clock = MEASURES.clock(method.name)
        done = (method.name, "OK")

        async def serve(raw: bytes, context: ServicerContext[Any, Any]) -> Any:
            began = time.perf_counter()
            self._calls += 1
            try:
                if self._calls > self._limits.commands:
                    raise Failure("OVERLOADED")  # noqa: TRY301 - told below, like all others
                call = self._let_in(method, context)
                request = parse(raw)
                left = context.time_remaining()
                if left is not None and left <= self._limits.deadline_s:
                    answered = await answer(request, call)
                else:
                    answered = await self._in_time(answer(request, call))
            except Exception as error:  # noqa: BLE001 - the edge: nothing leaks, all is told
                await _tell(error, method, context)
            else:
                MEASURES.answers[done] += 1
                return answered
            finally:
                self._calls -= 1
                clock.observe(time.perf_counter() - began)

        return grpc.unary_unary_rpc_method_handler(
            serve,
            response_serializer=method.response.SerializeToString,
        )

    def stream(self, method: Method, answer: Stream) -> grpc.RpcMethodHandler[Any, Any]:
        """Serve a method that answers with many responses."""
        parse = self._parser(method)

        async def serve(raw: Any, context: ServicerContext[Any, Any]) -> None:
            async with AsyncExitStack() as stack:
                try:
                    call = self._let_in(method, context)
                    await stack.enter_async_context(self._one_more_stream())
                    request = _each(raw, parse) if method.takes_stream else parse(raw)
                    async with aclosing(answer(request, call)) as steps:
                        await _write_all(steps, context)
                except Exception as error:  # noqa: BLE001 - the edge, as above
                    await _tell(error, method, context)
                MEASURES.answers[method.name, "OK"] += 1

        kind = (
            grpc.stream_stream_rpc_method_handler
            if method.takes_stream
            else grpc.unary_stream_rpc_method_handler
        )
        return kind(serve, response_serializer=method.response.SerializeToString)

    def _let_in(self, method: Method, context: ServicerContext[Any, Any]) -> Call:
        said: Metadata = context.invocation_metadata() or ()  # type: ignore[assignment] # pairs
        names = _names(context) if self._mutual_tls else NO_NAMES
        actor = self._doors.actor(_find(said, "authorization"), names)
        if actor.roles.isdisjoint(method.allowed):
            raise not_allowed(actor, method)
        return Call(method, actor, said)

    def _parser(self, method: Method) -> Callable[[bytes], Any]:
        read, limit = method.request.FromString, self._limits.message_bytes

        def parse(raw: bytes) -> Any:
            if len(raw) > limit:
                raise Failure("MESSAGE_TOO_LARGE", {"limit": str(limit)})
            try:
                return read(raw)
            except DecodeError:
                broken = Violation.of("", "not_a_message")
                raise Failure("FIELD_INVALID", violations=[broken]) from None

        return parse

    async def _in_time(self, answering: Awaitable[Any]) -> Any:
        """Wait as long as the service allows; the caller named no deadline, or a later one."""
        try:
            async with asyncio.timeout(self._limits.deadline_s) as limit:
                return await answering
        except TimeoutError:
            if limit.expired():
                raise Failure("DEADLINE_EXCEEDED") from None
            raise

    @asynccontextmanager
    async def _one_more_stream(self) -> AsyncIterator[None]:
        if self._streams >= self._limits.streams:
            raise Failure("OVERLOADED")
        self._streams += 1
        MEASURES.streams = self._streams
        try:
            yield
        finally:
            self._streams -= 1
            MEASURES.streams = self._streams


def not_allowed(actor: Actor, method: Method) -> Failure:
    """Return why an actor may not call a method."""
    found = {
        "actor": actor.id,
        "roles": ", ".join(sorted(actor.roles)),
        "method": method.name,
        "allowed": ", ".join(sorted(method.allowed)),
    }
    return Failure("ROLE_NOT_ALLOWED", found)


def language(said: Metadata) -> str:
    """Return the language that a caller prefers, of the two there are."""
    first = (_find(said, "accept-language") or "en").partition(",")[0]
    return "zh" if first.strip().lower().startswith("zh") else "en"


def request_id(said: Metadata) -> str:
    """Return how a call is called in the logs: as the caller says, or by chance."""
    given = _find(said, "x-request-id") or ""
    fits = given.isascii() and given.isprintable() and len(given) <= REQUEST_ID_LENGTH_MAX
    return given if given and fits else secrets.token_hex(8)


def _find(said: Metadata, wanted: str) -> str | None:
    for name, value in said:
        if name == wanted:
            return value if isinstance(value, str) else value.decode(errors="replace")
    return None


def _names(context: ServicerContext[Any, Any]) -> tuple[str, ...]:
    """Return the names in the caller's certificate."""
    found = context.auth_context().get("x509_subject_alternative_name", ())
    return tuple(name.decode(errors="replace") for name in found)


async def _each(raw: AsyncIterator[bytes], parse: Callable[[bytes], Any]) -> AsyncIterator[Any]:
    async for one in raw:
        yield parse(one)


async def _write_all(steps: AsyncIterator[Any], context: ServicerContext[Any, Any]) -> None:
    """Hand responses over; who doesn't take them is cut off, and told where to go on."""
    token = ""
    async for step in steps:
        try:
            async with asyncio.timeout(WRITE_TIMEOUT_S):
                await context.write(step)
        except TimeoutError:
            raise Failure("FOLLOWER_TOO_SLOW", {"resume_token": token}) from None
        token = getattr(step, "resume_token", "")


async def _tell(error: Exception, method: Method, context: ServicerContext[Any, Any]) -> NoReturn:
    """End a call with what went wrong."""
    said: Metadata = context.invocation_metadata() or ()  # type: ignore[assignment] # pairs
    named = request_id(said)
    failure = of_error(error)
    if failure is None:
        log.error("call_broke", method=method.name, request_id=named, exc_info=error)
        failure = Failure("INTERNAL", {"request_id": named})
    else:
        log.info("call_refused", method=method.name, request_id=named, reason=failure.reason)
    MEASURES.answers[method.name, failure.reason] += 1
    status = rpc_status.to_status(failure.status(language(said), named))
    await context.abort(status.code, status.details, status.trailing_metadata)
