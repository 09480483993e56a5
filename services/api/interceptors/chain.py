"""The chain of interceptors: what every call passes, in one order, around its method.

Errors, measures, who calls, what they may, how long it may take, how much at once, how large.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc
from google.protobuf.message import DecodeError

from services.api.errors.failures import Failure, Violation
from services.api.interceptors.admission import Kind
from services.api.interceptors.deadlines import Deadlines
from services.api.interceptors.metrics import METRICS
from services.api.interceptors.open_calls import Shown
from services.api.interceptors.rejection import find, language, request_id, said, tell
from services.api.interceptors.trace_context import traceparent

if TYPE_CHECKING:
    from grpc.aio import ServicerContext

    from domain.values import Actor
    from services.api.contract import Method
    from services.api.interceptors.admission import Admission
    from services.api.interceptors.authentication import Authenticator
    from services.api.interceptors.connections import Connections
    from services.api.interceptors.open_calls import OpenCalls
    from services.api.interceptors.rejection import Metadata

WRITE_TIMEOUT_S = 30.0
"""How long a response may wait for its reader."""

NAMES = "x509_subject_alternative_name"
CERTIFICATE = "x509_pem_cert"
"""How gRPC calls what a certificate says."""


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
        return traceparent(find(self.said, "traceparent"))


Unary = Callable[[Any, Call], Awaitable[Any]]
"""Answers one request with one response."""

Stream = Callable[[Any, Call], AsyncGenerator[Any, None]]
"""Answers one request, or many, with many responses."""


class InterceptorChain:
    """Wraps what answers a call into what gRPC serves.

    Every method is served as one that takes a stream, which is the same on the wire: so it is known
    who calls before anything is waited for, and how long the first message takes is bounded.
    """

    def __init__(
        self,
        doors: Authenticator,
        admission: Admission,
        open_calls: OpenCalls,
        connections: Connections,
        *,
        mutual_tls: bool,
    ) -> None:
        self._doors = doors
        self._limits = admission.limits
        self._admission = admission
        self._open_calls = open_calls
        self._connections = connections
        self._mutual_tls = mutual_tls
        self._deadlines = Deadlines(admission.limits.deadline_s)
        self._reading: set[asyncio.Timeout] = set()
        self._draining = False

    def unary(self, method: Method, answer: Unary) -> grpc.RpcMethodHandler[Any, Any]:
        """Serve a method of one request and one response."""
        parse, kind = self._parser(method), Kind.of(method)
        clock = METRICS.clock(method.name)
        done = (method.name, "OK")

        async def serve(_: Any, context: ServicerContext[Any, Any]) -> Any:
            began = time.perf_counter()
            try:
                _, call = self._let_in(method, context)
                raw = await self._first(call, context)
                with self._admission.places.place(kind, call.actor.id):
                    request = parse(raw)
                    left = context.time_remaining()
                    if left is not None and left <= self._limits.deadline_s:
                        answered = await answer(request, call)
                    else:
                        answered = await self._in_time(answer(request, call))
            except Exception as error:  # noqa: BLE001 - the edge: nothing leaks, all is told
                await tell(error, method.name, context)
            else:
                METRICS.answers[done] += 1
                return answered
            finally:
                clock.observe(time.perf_counter() - began)

        return grpc.stream_unary_rpc_method_handler(
            serve,
            response_serializer=method.response.SerializeToString,
        )

    def stream(self, method: Method, answer: Stream) -> grpc.RpcMethodHandler[Any, Any]:
        """Serve a method that answers with many responses."""
        parse, kind = self._parser(method), Kind.of(method)

        async def serve(_: Any, context: ServicerContext[Any, Any]) -> None:
            try:
                shown, call = self._let_in(method, context)
                async with self._open_calls.opened(shown, call.actor):
                    raw = await self._first(call, context)
                    with self._admission.places.place(kind, call.actor.id):
                        begun = parse(raw)
                        takes = method.takes_stream
                        request = self._each(begun, context, parse) if takes else begun
                        async with aclosing(answer(request, call)) as steps:
                            await _write_all(steps, context, begun)
            except Exception as error:  # noqa: BLE001 - the edge, as above
                await tell(error, method.name, context)
            METRICS.answers[method.name, "OK"] += 1

        return grpc.stream_stream_rpc_method_handler(
            serve, response_serializer=method.response.SerializeToString
        )

    def drain(self) -> None:
        """Take no further message of a stream; what was begun is answered."""
        self._draining = True
        for one in self._reading:
            one.reschedule(asyncio.get_running_loop().time())

    def actor(self, context: ServicerContext[Any, Any]) -> Actor:
        """Return who calls. Raises Failure."""
        return self._doors.actor(*self._shown(context))

    def _let_in(self, method: Method, context: ServicerContext[Any, Any]) -> tuple[Shown, Call]:
        shown = self._shown(context)
        actor = self._doors.actor(*shown)
        self._connections.know(context.peer())
        if actor.roles.isdisjoint(method.allowed):
            raise not_allowed(actor, method)
        return shown, Call(method, actor, said(context))

    def _shown(self, context: ServicerContext[Any, Any]) -> Shown:
        authorization = find(said(context), "authorization")
        if not self._mutual_tls:
            return Shown(authorization)
        found = context.auth_context()
        names = [one.decode(errors="replace") for one in found.get(NAMES, ())]
        return Shown(authorization, names, next(iter(found.get(CERTIFICATE, ())), None))

    async def _first(self, call: Call, context: ServicerContext[Any, Any]) -> bytes:
        """Return the first message; until it is there, the call takes no place."""
        async with self._admission.waiting.hold(call.actor.id, self._limits.first_message_s):
            raw: Any = await context.read()
        if raw is grpc.aio.EOF:
            raise Failure("FIELD_INVALID", violations=[Violation.of("", "not_a_message")])
        return bytes(raw)

    async def _each(
        self, begun: Any, context: ServicerContext[Any, Any], parse: Callable[[bytes], Any]
    ) -> AsyncIterator[Any]:
        yield begun
        while (raw := await self._next(context)) is not grpc.aio.EOF:
            yield parse(raw)

    async def _next(self, context: ServicerContext[Any, Any]) -> Any:
        """Return a stream's next message. Raises Failure once none is taken any more."""
        if self._draining:
            raise Failure("SHUTTING_DOWN")
        limit = asyncio.timeout(None)
        try:
            async with limit:
                self._reading.add(limit)
                try:
                    return await context.read()
                finally:
                    self._reading.discard(limit)
        except TimeoutError:
            raise Failure("SHUTTING_DOWN") from None

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
        limit = asyncio.timeout(None)
        try:
            async with limit:
                self._deadlines.begin(limit)
                return await answering
        except TimeoutError:
            if limit.expired():
                raise Failure("DEADLINE_EXCEEDED") from None
            raise
        finally:
            self._deadlines.leave(limit)


def not_allowed(actor: Actor, method: Method) -> Failure:
    """Return why an actor may not call a method."""
    found = {
        "actor": actor.id,
        "roles": ", ".join(sorted(actor.roles)),
        "method": method.name,
        "allowed": ", ".join(sorted(method.allowed)),
    }
    return Failure("ROLE_NOT_ALLOWED", found)


async def _write_all(
    steps: AsyncIterator[Any], context: ServicerContext[Any, Any], request: Any
) -> None:
    """Hand responses over; who doesn't take them is cut off, and told where to go on."""
    token = getattr(request, "resume_token", "")
    async for step in steps:
        try:
            async with asyncio.timeout(WRITE_TIMEOUT_S):
                await context.write(step)
        except TimeoutError:
            raise Failure("FOLLOWER_TOO_SLOW", {"resume_token": token}) from None
        token = getattr(step, "resume_token", "")
