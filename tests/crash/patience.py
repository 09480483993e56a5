"""Callers as they should be: what was not answered is asked again under the same id."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import grpc
from google.protobuf.message import Message
from muster.v1.common_pb2 import Receipt

from services.cli.session.connection import CALL_TIMEOUT_S, Connection
from services.cli.session.contract import Method

ASK_AGAIN = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.CANCELLED,
    }
)
PAUSE_S = 0.1
ATTEMPTS_MAX = 600

RECONNECTS = (
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 500),
)


@dataclass
class Acknowledged:
    """Every answer that a caller got, by the id of its command."""

    receipts: dict[str, Receipt] = field(default_factory=dict)
    asked_again: int = 0


@dataclass(frozen=True)
class PatientConnection(Connection):
    """A connection that asks again until it is answered."""

    acknowledged: Acknowledged = field(default_factory=Acknowledged)

    async def record(self, method: Method, request: Message) -> Receipt:
        for _ in range(ATTEMPTS_MAX):
            try:
                receipt = await super().record(method, request)
            except grpc.aio.AioRpcError as error:
                if error.code() not in ASK_AGAIN:
                    raise
                self.acknowledged.asked_again += 1
                await asyncio.sleep(PAUSE_S)
            else:
                command_id = request.context.command_id  # type: ignore[attr-defined] # every command has one
                self.acknowledged.receipts[command_id] = receipt
                return receipt
        raise TimeoutError(f"{method.name} was not answered in {ATTEMPTS_MAX} attempts")


def patient_channel(address: str) -> grpc.aio.Channel:
    """Open a channel that comes back soon after the service does."""
    assert CALL_TIMEOUT_S > 0
    return grpc.aio.insecure_channel(address, options=RECONNECTS)
