"""A client of the service: typed, and watching without a gap across restarts.

Programs of ours and the command line share it: one way to open a channel, to say who calls, and to
take a watch up where it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status
from muster.v1 import (
    audit_service_pb2_grpc,
    common_pb2,
    incident_service_pb2,
    incident_service_pb2_grpc,
    plan_service_pb2_grpc,
    privacy_service_pb2_grpc,
    resource_service_pb2_grpc,
)

from eventstore.postgres.backoff import Backoff
from eventstore.recorder.event_ids import new_command_id

if TYPE_CHECKING:
    from datetime import datetime

MESSAGE_BYTES_MAX = 64 * 1024 * 1024
"""The largest message that is received, such as a long incident; the service takes less."""

RETRY = Backoff(first_s=0.1, longest_s=5.0)
"""How long to wait before a watch is taken up again."""

GOES_ON = frozenset(
    {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL, grpc.StatusCode.CANCELLED}
)
"""How a connection that breaks shows; our own cancelling shows as asyncio's."""

TOO_SLOW = "FOLLOWER_TOO_SLOW"

Step = incident_service_pb2.WatchIncidentsResponse
Said = Sequence[tuple[str, str]]
"""What goes with a call: who asks, in which language."""


@dataclass(frozen=True)
class Client:
    """The services, as typed stubs, of one caller."""

    channel: grpc.aio.Channel
    metadata: Said = ()
    """Said with every call; what a call says itself takes the place of the same key."""

    @cached_property
    def incidents(self) -> incident_service_pb2_grpc.IncidentServiceAsyncStub:
        """Return the incidents' methods."""
        return incident_service_pb2_grpc.IncidentServiceStub(self.named)

    @cached_property
    def plans(self) -> plan_service_pb2_grpc.PlanServiceAsyncStub:
        """Return the plans' methods."""
        return plan_service_pb2_grpc.PlanServiceStub(self.named)

    @cached_property
    def resources(self) -> resource_service_pb2_grpc.ResourceServiceAsyncStub:
        """Return the units' and contacts' methods."""
        return resource_service_pb2_grpc.ResourceServiceStub(self.named)

    @cached_property
    def audit(self) -> audit_service_pb2_grpc.AuditServiceAsyncStub:
        """Return the methods that look back."""
        return audit_service_pb2_grpc.AuditServiceStub(self.named)

    @cached_property
    def privacy(self) -> privacy_service_pb2_grpc.PrivacyServiceAsyncStub:
        """Return the methods about what is known of people."""
        return privacy_service_pb2_grpc.PrivacyServiceStub(self.named)

    @cached_property
    def named(self) -> grpc.aio.Channel:
        """Return the channel as one that says with each call who calls."""
        return cast("grpc.aio.Channel", _Named(self.channel, self.metadata, self.called))

    @cached_property
    def called(self) -> set[str]:
        """Return the paths of the methods that were called so far."""
        return set()

    async def watch(
        self,
        incident_id: str = "",
        *,
        resume_token: str = "",
        include_snapshot: bool = False,
        reason: str = "",
    ) -> AsyncGenerator[Step, None]:
        """Follow what happens, endlessly: a watch that ends or breaks is taken up where it was.

        A snapshot that breaks off goes on, too. Raises AioRpcError for what trying can't mend, and
        for a watch that never began.
        """
        began, failures = False, 0
        while True:
            request = incident_service_pb2.WatchIncidentsRequest(
                incident_id=incident_id,
                resume_token=resume_token,
                include_snapshot=include_snapshot and not resume_token,
                reason=reason,
            )
            try:
                async for step in self.incidents.WatchIncidents(request):
                    yield step
                    resume_token = step.resume_token or resume_token
                    began, failures = True, 0
            except grpc.aio.AioRpcError as error:
                if not (began and _mends(error)):
                    raise
            failures += 1
            await asyncio.sleep(RETRY.pause_s(failures))


@asynccontextmanager
async def connected(
    address: str,
    token: str | None = None,
    *,
    credentials: grpc.ChannelCredentials | None = None,
) -> AsyncIterator[Client]:
    """Connect as whoever a token, or the certificate in the credentials, stands for."""
    config = [("grpc.service_config", service_config())]
    async with open_channel(address, credentials, config) as channel:
        yield Client(channel, bearer(token))


def open_channel(
    address: str,
    credentials: grpc.ChannelCredentials | None = None,
    options: Sequence[tuple[str, Any]] = (),
) -> grpc.aio.Channel:
    """Open a channel, with TLS when there are credentials."""
    said = [
        ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
        ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
        *options,
    ]
    if credentials is None:
        return grpc.aio.insecure_channel(address, said)
    return grpc.aio.secure_channel(address, credentials, said)


def bearer(token: str | None) -> Said:
    """Return what says who calls."""
    return [("authorization", f"Bearer {token}")] if token else []


def context(  # noqa: PLR0913 - each is a field of the message
    *,
    command_id: UUID | None = None,
    reason: str = "",
    on_behalf_of: str = "",
    expected_version: int | None = None,
    occurred_at: datetime | None = None,
    validate_only: bool = False,
    correlation_id: str = "",
) -> common_pb2.CommandContext:
    """Say how a command is asked: under a new id, unless it is asked again under its own."""
    said = common_pb2.CommandContext(
        command_id=str(command_id or new_command_id()),
        expected_version=expected_version,
        on_behalf_of=on_behalf_of,
        reason=reason,
        validate_only=validate_only,
        correlation_id=correlation_id,
    )
    if occurred_at is not None:
        moment = Timestamp()
        moment.FromDatetime(occurred_at)
        said.occurred_at.CopyFrom(moment)
    return said


def service_config() -> str:
    """Return how calls are retried, as any gRPC client understands it."""
    return (resources.files("muster.v1") / "service_config.json").read_text()


def reason_of(error: grpc.aio.AioRpcError) -> str | None:
    """Return the reason that the service gave: a name of `muster.v1.ErrorReason`."""
    status = rpc_status.from_call(error)
    for detail in status.details if status else ():
        info = ErrorInfo()
        if detail.Unpack(info):
            return str(info.reason)
    return None


def _mends(error: grpc.aio.AioRpcError) -> bool:
    return error.code() in GOES_ON or reason_of(error) == TOO_SLOW


class _Named:
    """A channel that says with each call who calls."""

    def __init__(self, channel: grpc.aio.Channel, said: Said, called: set[str]) -> None:
        self._channel = channel
        self._said = said
        self._called = called

    def __getattr__(self, kind: str) -> Callable[..., Any]:
        make = getattr(self._channel, kind)

        def named(path: str, *arguments: Any, **more: Any) -> Callable[..., Any]:
            call = make(path, *arguments, **more)

            def begin(*request: Any, metadata: Said = (), **how: Any) -> Any:
                self._called.add(path)
                return call(*request, metadata=self._with(metadata), **how)

            return begin

        return named

    def _with(self, metadata: Said) -> Said:
        own = {key for key, _ in metadata}
        return (*(pair for pair in self._said if pair[0] not in own), *metadata)
