"""A caller as it should be, written from the contract alone, that notes what it asked and heard."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import grpc
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status
from muster.v1 import common_pb2

from benchmarks.torture.journal import Journal

SERVICE = "/muster.v1.IncidentService/"
CALL_TIMEOUT_S = 5.0
PAUSE_S = 0.1
WRONG_MAX = 20
"""How often a command may be answered that something is broken before the caller gives up."""

RECONNECTS = (
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 500),
)
ASK_AGAIN = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.CANCELLED,
    }
)
BROKEN = frozenset({grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN})
"""What a connection that breaks can also look like: without a reason that the service gave."""


class Refused(Exception):
    """The service refused a command; the argument is the reason that it gave."""


@dataclass
class Caller:
    """Asks until it is answered, always under the same command id."""

    channel: grpc.aio.Channel
    tokens: Mapping[str, str]
    """Bearer tokens, by role."""
    journal: Journal
    answered: int = field(default=0)

    async def ask(
        self, role: str, request: Message, *, times: int = 1, reason: str = "soak"
    ) -> common_pb2.Receipt:
        """Give a command, as often as wanted, and keep each answer. Raises Refused."""
        method = request.DESCRIPTOR.name.removesuffix("Request")
        command_id = new_command_id()
        request.context.command_id = command_id  # type: ignore[attr-defined] # every command has one
        request.context.reason = reason  # type: ignore[attr-defined] # as above
        self.journal.note({"asked": command_id, "method": method})
        for _ in range(times):
            receipt = await self._answer(role, method, command_id, request.SerializeToString())
            await self.journal.keep(
                {
                    "acknowledged": command_id,
                    "stream": receipt.stream,
                    "version": receipt.version,
                    "position": receipt.position,
                    "kinds": list(receipt.kinds),
                }
            )
            self.answered += 1
        return receipt

    async def _answer(
        self, role: str, method: str, command_id: str, request: bytes
    ) -> common_pb2.Receipt:
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, common_pb2.Receipt] = (
            self.channel.unary_unary(
                SERVICE + method, response_deserializer=common_pb2.Receipt.FromString
            )
        )
        metadata = [("authorization", f"Bearer {self.tokens[role]}")]
        wrong = 0
        while True:
            try:
                return await call(request, metadata=metadata, timeout=CALL_TIMEOUT_S)
            except grpc.aio.AioRpcError as error:
                reason = reason_of(error)
                if error.code() in BROKEN and reason:
                    wrong += 1
                    self.journal.note({"wrong": f"{method} {command_id}: {error.code()} {reason}"})
                    assert wrong < WRONG_MAX, f"{method} is always answered {reason}"
                elif error.code() not in ASK_AGAIN | BROKEN:
                    await self.journal.keep({"refused": command_id, "reason": reason or "?"})
                    raise Refused(reason or error.code().name) from None
            await asyncio.sleep(PAUSE_S)


def new_command_id() -> str:
    """Return a UUID of version 7, as the contract advises."""
    moment = time.time_ns() // 1_000_000
    drawn = bytearray(moment.to_bytes(6, "big") + os.urandom(10))
    drawn[6], drawn[8] = drawn[6] & 0x0F | 0x70, drawn[8] & 0x3F | 0x80
    text = drawn.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def reason_of(error: grpc.aio.AioRpcError) -> str | None:
    """Return the reason that the service gave, if it was the service that answered."""
    status = rpc_status.from_call(error)
    for detail in status.details if status else ():
        info = ErrorInfo()
        if detail.Unpack(info):
            return str(info.reason)
    return None
