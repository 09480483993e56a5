"""The server: what is served, to whom, and how it begins and ends."""

from __future__ import annotations

import resource
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import grpc
from grpc_health.v1 import health_pb2
from grpc_health.v1.health import aio as health

from services.api.contract import ContractBroken, Method, methods, services
from services.api.interceptors.certificates import credentials
from services.api.public import Unknown

if TYPE_CHECKING:
    from services.api.interceptors.chain import InterceptorChain, Stream, Unary
    from services.api.public import Public
    from services.runtime.settings.settings import Api

WORKFLOWS = "muster.v1.Workflows"
"""How the health service calls what runs at Temporal."""

CLOCKS = "muster.v1.Clocks"
"""How it calls the clocks. When they differ commands are still taken: by the time agreed before."""

CONNECTION_CALLS_MAX = 1_000
"""Calls at a time over one connection; a client that begins more lets them wait on its side."""

PENDING_CALLS_MAX = 10_000
"""Calls that gRPC lets wait for the program to take them; it would turn others away at random."""

FILES_BESIDES = 512
"""Open files that are no connections of callers."""

HANDSHAKE_TIMEOUT_S = 10
"""Until then TLS and HTTP/2 have to stand."""

OPTIONS: Sequence[tuple[str, int]] = (
    ("grpc.so_reuseport", 0),  # two servers on one port would each get half of the calls
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 20_000),
    ("grpc.max_connection_idle_ms", 15 * 60_000),
    ("grpc.max_connection_age_ms", 30 * 60_000),
    ("grpc.max_connection_age_grace_ms", 5 * 60_000),
    ("grpc.max_concurrent_streams", CONNECTION_CALLS_MAX),
    ("grpc.server.max_pending_requests", PENDING_CALLS_MAX),
    ("grpc.server.max_pending_requests_hard_limit", 2 * PENDING_CALLS_MAX),
    ("grpc.server_handshake_timeout_ms", HANDSHAKE_TIMEOUT_S * 1_000),
)
ABOVE_LIMIT = 2
"""How many times the largest message gRPC takes in, so that ours can be refused in our words."""


class PortTaken(Exception):
    """Something else listens there."""


def build(
    edge: InterceptorChain,
    public: Public,
    settings: Api,
    unaries: Mapping[str, Unary],
    streams: Mapping[str, Stream],
) -> tuple[grpc.aio.Server, health.HealthServicer]:
    """Return a server of every method of the contract. Raises ContractBroken if one is missing."""
    most = settings.max_message_bytes * ABOVE_LIMIT
    server = grpc.aio.server(
        options=(
            *OPTIONS,
            ("grpc.max_receive_message_length", most),
            ("grpc.max_allowed_incoming_connections", connections_max(settings)),
        ),
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
    server.add_generic_rpc_handlers((public.health(well),))
    if settings.reflection:
        server.add_generic_rpc_handlers(tuple(public.reflection()))
    server.add_generic_rpc_handlers((Unknown(),))
    return server, well


def connections_max(settings: Api) -> int:
    """Return how many connections there may be, so that files and the log's own find room, too."""
    wanted = settings.max_connections + FILES_BESIDES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(1, min(settings.max_connections, soft - FILES_BESIDES))


def bind(server: grpc.aio.Server, settings: Api) -> int:
    """Bind the port; return which. Raises PortTaken."""
    address = f"{settings.host}:{settings.port}"
    try:
        if settings.tls is None:
            return server.add_insecure_port(address)
        return server.add_secure_port(address, credentials(settings.tls))
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
    edge: InterceptorChain,
    method: Method,
    unaries: Mapping[str, Unary],
    streams: Mapping[str, Stream],
) -> Any:
    if method.gives_stream and method.name in streams:
        return edge.stream(method, streams[method.name])
    if not method.gives_stream and method.name in unaries:
        return edge.unary(method, unaries[method.name])
    raise ContractBroken(f"nothing answers {method.path}")
