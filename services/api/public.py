"""What is served to callers who are not known: health, and reflection on this machine.

Their calls are held apart from all others, so many of each address; the oldest ends for a new one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import _async as reflecting
from grpc_reflection.v1alpha import reflection, reflection_pb2

from services.api.contract import services
from services.api.errors.failures import Failure
from services.api.interceptors.metrics import METRICS
from services.api.interceptors.peers import peer_of
from services.api.interceptors.rejection import tell

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from grpc.aio import ServicerContext
    from grpc_health.v1.health import aio as health

    from services.api.interceptors.admission import Admission
    from services.api.interceptors.chain import InterceptorChain

HEALTH = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name
REFLECTION = ("grpc.reflection.v1.ServerReflection", reflection.SERVICE_NAME)

REFLECTION_TIMEOUT_S = 60.0
"""How long one stream of reflection may last."""

Context = Any


class Unknown(grpc.GenericRpcHandler):
    """Answers for methods that there are not, without waiting for a message."""

    def service(self, details: Any) -> Any:
        """Return what refuses a call of `muster.v1`; others are left to gRPC."""
        if not details.method.startswith("/muster."):
            return None

        async def refuse(_: Any, context: ServicerContext[Any, Any]) -> None:
            METRICS.answers["", "UNIMPLEMENTED"] += 1
            failure = Failure("UNIMPLEMENTED")
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, failure.message("en"))

        return grpc.stream_stream_rpc_method_handler(refuse)


class Public:
    """Serves health and reflection."""

    def __init__(self, admission: Admission, edge: InterceptorChain) -> None:
        self._room = admission.unauthenticated
        self._timeout_s = admission.limits.first_message_s
        self._edge = edge

    def health(self, well: health.HealthServicer) -> grpc.GenericRpcHandler:
        """Serve health."""

        async def check(_: Any, context: Context) -> Any:
            try:
                async with self._room.hold(peer_of(context.peer()).key, self._timeout_s):
                    request = await _first(context)
            except Failure as failure:
                await tell(failure, "Check", context)
            return await well.Check(request, context)

        async def watch(_: Any, context: Context) -> None:
            key = peer_of(context.peer()).key
            try:
                async with self._room.hold(key, self._timeout_s):
                    request = await _first(context)
                async with self._room.hold(key, None):
                    await well.Watch(request, context)
            except Failure as failure:
                await tell(failure, "Watch", context)

        handlers = {
            "Check": grpc.stream_unary_rpc_method_handler(check, **_MESSAGES),
            "Watch": grpc.stream_stream_rpc_method_handler(watch, **_MESSAGES),
        }
        return grpc.method_handlers_generic_handler(HEALTH, handlers)

    def reflection(self) -> list[grpc.GenericRpcHandler]:
        """Serve reflection under both of its names: on this machine, or to who is let in."""
        names = [*(one.full_name for one in services()), HEALTH, *REFLECTION]
        answering = reflecting.ReflectionServicer(names)

        async def serve(requests: AsyncIterator[Any], context: Context) -> None:
            peer = peer_of(context.peer())
            try:
                key = peer.key if peer.is_local else self._edge.actor(context).id
                async with self._room.hold(key, REFLECTION_TIMEOUT_S):
                    async for answer in answering.ServerReflectionInfo(requests, context):
                        await context.write(answer)
            except Failure as failure:
                await tell(failure, "ServerReflectionInfo", context)

        handler = grpc.stream_stream_rpc_method_handler(
            serve,
            request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
            response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
        )
        return [
            grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": handler})
            for name in REFLECTION
        ]


_MESSAGES: dict[str, Any] = {
    "request_deserializer": health_pb2.HealthCheckRequest.FromString,
    "response_serializer": health_pb2.HealthCheckResponse.SerializeToString,
}


async def _first(context: Context) -> Any:
    request = await context.read()
    return health_pb2.HealthCheckRequest() if request is grpc.aio.EOF else request
