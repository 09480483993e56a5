"""The server: what is served, to whom, and how it begins and ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health
from grpc_reflection.v1alpha import _async as reflecting
from grpc_reflection.v1alpha import reflection, reflection_pb2

from services.api.contract import ContractBroken, Method, methods, services
from services.api.failures import Failure
from services.api.measures import MEASURES

if TYPE_CHECKING:
    from pathlib import Path

    from services.api.edge import Edge, Stream, Unary
    from services.settings import Api, Tls

WORKFLOWS = "muster.v1.Workflows"
"""How the health service calls what runs at Temporal."""

HEALTH = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name
REFLECTION = ("grpc.reflection.v1.ServerReflection", reflection.SERVICE_NAME)

OPTIONS: Sequence[tuple[str, int]] = (
    ("grpc.so_reuseport", 0),  # two servers on one port would each get half of the calls
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 20_000),
    ("grpc.max_connection_idle_ms", 15 * 60_000),
    ("grpc.max_connection_age_ms", 30 * 60_000),
    ("grpc.max_connection_age_grace_ms", 5 * 60_000),
)
ABOVE_LIMIT = 2
"""How many times the largest message gRPC takes in, so that ours can be refused in our words."""

CALLS_BESIDES = 64
"""Calls of health, reflection and those to be turned away, beyond the limits."""


class PortTaken(Exception):  # noqa: N818 - a state
    """Something else listens there."""


class Unknown(grpc.GenericRpcHandler):
    """Answers for methods that there are not."""

    def service(self, details: Any) -> Any:
        """Return what refuses a call of `muster.v1`; others are left to gRPC."""
        if not details.method.startswith("/muster."):
            return None

        async def refuse(_: bytes, context: Any) -> None:
            MEASURES.answers["", "UNIMPLEMENTED"] += 1
            failure = Failure("UNIMPLEMENTED")
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, failure.message("en"))

        return grpc.unary_unary_rpc_method_handler(refuse)


def build(
    edge: Edge, settings: Api, unaries: Mapping[str, Unary], streams: Mapping[str, Stream]
) -> tuple[grpc.aio.Server, health.HealthServicer]:
    """Return a server of every method of the contract. Raises ContractBroken if one is missing."""
    most = settings.max_message_bytes * ABOVE_LIMIT
    at_once = settings.max_concurrent_commands + settings.max_watches + CALLS_BESIDES
    server = grpc.aio.server(
        options=(*OPTIONS, ("grpc.max_receive_message_length", most)),
        maximum_concurrent_rpcs=at_once,
    )
    for service in services():
        handlers = {
            method.name: _handler(edge, method, unaries, streams)
            for method in methods()
            if method.service == service.full_name
        }
        generic = grpc.method_handlers_generic_handler(service.full_name, handlers)
        server.add_generic_rpc_handlers((generic,))
    well = health.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(well, server)
    if settings.reflection:
        _reflect(server)
    server.add_generic_rpc_handlers((Unknown(),))
    return server, well


def bind(server: grpc.aio.Server, settings: Api) -> int:
    """Bind the port; return which. Raises PortTaken."""
    address = f"{settings.host}:{settings.port}"
    try:
        if settings.tls is None:
            return server.add_insecure_port(address)
        return server.add_secure_port(address, _credentials(settings.tls))
    except RuntimeError:
        raise PortTaken(
            f"{address} is taken or can't be bound: set MUSTER_API__PORT to another port"
        ) from None


async def say_how_it_is(well: health.HealthServicer, state: Mapping[str, bool]) -> None:
    """Tell the health service which parts serve."""
    for name, serves in state.items():
        said = health_pb2.HealthCheckResponse.SERVING
        await well.set(name, said if serves else health_pb2.HealthCheckResponse.NOT_SERVING)


def _handler(
    edge: Edge, method: Method, unaries: Mapping[str, Unary], streams: Mapping[str, Stream]
) -> Any:
    if method.gives_stream and method.name in streams:
        return edge.stream(method, streams[method.name])
    if not method.gives_stream and method.name in unaries:
        return edge.unary(method, unaries[method.name])
    raise ContractBroken(f"nothing answers {method.path}")


def _reflect(server: grpc.aio.Server) -> None:
    """Serve reflection under both of its names; the messages are the same."""
    names = [
        *(one.full_name for one in services()),
        health_pb2.DESCRIPTOR.services_by_name["Health"].full_name,
        *REFLECTION,
    ]
    servicer = reflecting.ReflectionServicer(names)
    handler = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    for name in REFLECTION:
        generic = grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": handler})
        server.add_generic_rpc_handlers((generic,))


def _credentials(tls: Tls) -> grpc.ServerCredentials:
    """Return credentials that follow the files, so that certificates are renewed while serving."""

    def load() -> grpc.ServerCertificateConfiguration:
        authority = tls.client_ca_file.read_bytes() if tls.client_ca_file else None
        pair = (tls.key_file.read_bytes(), tls.cert_file.read_bytes())
        return grpc.ssl_server_certificate_configuration([pair], root_certificates=authority)

    files: list[Path] = [tls.cert_file, tls.key_file]
    seen = [file.stat().st_mtime_ns for file in files]

    def renewed() -> Any:  # None when nothing changed, which the types don't know
        nonlocal seen
        now = [file.stat().st_mtime_ns for file in files]
        if now == seen:
            return None
        seen = now
        return load()

    return grpc.dynamic_ssl_server_credentials(
        load(), renewed, require_client_authentication=tls.client_ca_file is not None
    )
