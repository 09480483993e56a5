"""A log as its service shows it over gRPC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc
from muster.v1.audit_service_pb2 import GetConsistencyProofRequest, ListCheckpointsRequest

from services.client.checkpoints.acknowledgement import Ended
from services.client.checkpoints.comparison import Growth, Shown
from services.client.checkpoints.log_contact import NotCompared, NotProven
from services.client.checkpoints.sealed_event import sealed_event
from services.client.client import reason_of

if TYPE_CHECKING:
    from muster.v1.audit_service_pb2 import AcknowledgedDivergence

    from eventstore.log.events import StoredEvent
    from services.client.client import Client

CALL_TIMEOUT_S = 10.0

PASSING = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNIMPLEMENTED,
    }
)
"""What says nothing about the log: the service is away or busy, or does not let this caller ask."""


@dataclass(frozen=True)
class ServiceSource:
    """Asks a service for checkpoints and proofs."""

    client: Client
    timeout_s: float = CALL_TIMEOUT_S

    async def newest(self) -> Shown | None:
        """Return the newest checkpoint; None if nothing is signed. Raises NotCompared."""
        request = ListCheckpointsRequest(page_size=1)
        try:
            found = await self.client.audit.ListCheckpoints(request, timeout=self.timeout_s)
        except grpc.aio.AioRpcError as error:
            raise NotCompared(_why(error)) from None
        if not found.checkpoints:
            return None
        newest = found.checkpoints[0]
        ended = tuple(map(_ended, found.acknowledged))
        return Shown(newest.note, newest.lineage, found.log_key, ended)

    async def growth(self, first: int, second: int) -> Growth:
        """Return the proof that one tree begins with another. Raises NotProven, NotCompared."""
        request = GetConsistencyProofRequest(first=first, second=second)
        try:
            found = await self.client.audit.GetConsistencyProof(request, timeout=self.timeout_s)
        except grpc.aio.AioRpcError as error:
            if error.code() in PASSING:
                raise NotCompared(_why(error)) from None
            raise NotProven(_why(error)) from None
        proof = tuple(found.proof)
        return Growth(found.first, found.first_root, found.second, found.second_root, proof)


def _ended(one: AcknowledgedDivergence) -> Ended:
    return Ended(
        one.divergence,
        one.lineage,
        one.signed_size,
        one.signed_root,
        one.differs_from,
        one.position,
        one.actor,
        one.reason,
        _sealed(one),
        tuple(one.proof),
    )


def _sealed(one: AcknowledgedDivergence) -> StoredEvent | None:
    """Return the acknowledgement; None if the service shows none, or something else."""
    try:
        return sealed_event(one.event) if one.HasField("event") else None
    except ValueError:
        return None


def _why(error: grpc.aio.AioRpcError) -> str:
    return reason_of(error) or error.code().name
