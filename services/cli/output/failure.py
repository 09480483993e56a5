"""What went wrong, as the service says it: reason, text, details, and what would be right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from services.runtime.exit_codes import Exit

DETAILS_KEY = "grpc-status-details-bin"
_REASON_HINT = "say why with `--reason`"
TOO_LARGE = "MESSAGE_TOO_LARGE"
"""A reason that trying again won't help, unlike others of its status."""

_OF_STATUS = {
    grpc.StatusCode.OK: Exit.OK,
    grpc.StatusCode.CANCELLED: Exit.INTERRUPTED,
    grpc.StatusCode.INVALID_ARGUMENT: Exit.USAGE,
    grpc.StatusCode.OUT_OF_RANGE: Exit.USAGE,
    grpc.StatusCode.FAILED_PRECONDITION: Exit.REFUSED,
    grpc.StatusCode.ABORTED: Exit.REFUSED,
    grpc.StatusCode.ALREADY_EXISTS: Exit.REFUSED,
    grpc.StatusCode.NOT_FOUND: Exit.NOT_FOUND,
    grpc.StatusCode.UNAUTHENTICATED: Exit.NOT_PERMITTED,
    grpc.StatusCode.PERMISSION_DENIED: Exit.NOT_PERMITTED,
    grpc.StatusCode.UNAVAILABLE: Exit.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED: Exit.UNAVAILABLE,
    grpc.StatusCode.RESOURCE_EXHAUSTED: Exit.UNAVAILABLE,
    grpc.StatusCode.DATA_LOSS: Exit.VERIFICATION_FAILED,
}


@dataclass(eq=False)  # not frozen: an exception is given its traceback as it passes
class Failure(Exception):
    """Why a command did not do what it was asked."""

    exit: Exit
    reason: str
    """For programs: a value of `muster.v1.ErrorReason`, or one of this program's own."""
    text: str
    details: Mapping[str, str] = field(default_factory=dict)
    """What was found, and what would be right."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """What is wrong with which field."""
    hint: str = ""

    def as_json(self) -> dict[str, object]:
        """Return it for programs."""
        error = {
            "reason": self.reason,
            "text": self.text,
            "details": dict(self.details),
            "fields": dict(self.fields),
            "hint": self.hint,
        }
        return {"error": {name: value for name, value in error.items() if value}}


def failure_of(error: grpc.aio.AioRpcError) -> Failure:
    """Read what the service answered."""
    status = _status_in(error)
    info = error_details_pb2.ErrorInfo()
    localized = error_details_pb2.LocalizedMessage()
    wrong = error_details_pb2.BadRequest()
    for detail in status.details:
        for known in (info, localized, wrong):
            detail.Unpack(known)
    return Failure(
        Exit.USAGE if info.reason == TOO_LARGE else exit_of(error.code()),
        info.reason or error.code().name,
        localized.message or error.details() or error.code().name,
        dict(info.metadata),
        {one.field: one.description for one in wrong.field_violations},
        _REASON_HINT if info.reason == "REASON_REQUIRED" else _hint(error.code()),
    )


def _status_in(error: grpc.aio.AioRpcError) -> status_pb2.Status:
    status = status_pb2.Status()
    for key, value in error.trailing_metadata() or ():
        if key == DETAILS_KEY and isinstance(value, bytes):
            try:
                status.ParseFromString(value)
            except DecodeError:  # from something between us and the service
                return status_pb2.Status()
    return status


def _hint(code: grpc.StatusCode) -> str:
    match code:
        case grpc.StatusCode.UNAVAILABLE:
            return "is it running? `muster up` starts it, `muster status` says how it is"
        case grpc.StatusCode.UNAUTHENTICATED | grpc.StatusCode.PERMISSION_DENIED:
            return "choose another role with `--as`, or another token with `--token-file`"
        case _:
            return ""


def exit_of(status: grpc.StatusCode) -> Exit:
    """Return how a command ends that the service answered with a status."""
    return _OF_STATUS.get(status, Exit.FAULT)
