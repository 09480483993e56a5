"""What an error says, taken apart."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KINDS = {
    f"google.rpc.{shape.DESCRIPTOR.name}": shape
    for shape in (
        error_details_pb2.ErrorInfo,
        error_details_pb2.LocalizedMessage,
        error_details_pb2.RequestInfo,
        error_details_pb2.BadRequest,
        error_details_pb2.PreconditionFailure,
        error_details_pb2.ResourceInfo,
        error_details_pb2.RetryInfo,
    )
}


@dataclass
class Told:
    """An error, once it came."""

    code: grpc.StatusCode = grpc.StatusCode.OK
    message: str = ""
    details: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        (info,) = self.details["ErrorInfo"]
        assert info.domain == "muster"
        return str(info.reason)

    @property
    def metadata(self) -> dict[str, str]:
        return dict(self.details["ErrorInfo"][0].metadata)

    @property
    def fields(self) -> dict[str, str]:
        (bad,) = self.details["BadRequest"]
        return {one.field: one.description for one in bad.field_violations}

    @property
    def said(self) -> str:
        return str(self.details["LocalizedMessage"][0].message)


def taken_apart(error: grpc.aio.AioRpcError) -> Told:
    told = Told(error.code(), error.details() or "")
    status = rpc_status.from_call(error)
    assert status is not None, f"no details: {error.code()} {error.details()}"
    for packed in status.details:
        name = packed.TypeName()
        detail = KINDS[name]()
        packed.Unpack(detail)
        told.details.setdefault(name.removeprefix("google.rpc."), []).append(detail)
    return told


@asynccontextmanager
async def refused() -> AsyncIterator[Told]:
    """Expect an error, and tell what it says afterwards."""
    told = Told()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        yield told
    found = taken_apart(caught.value)
    told.code, told.message, told.details = found.code, found.message, found.details
