"""The `google.rpc.Status` of a failure, small enough for every client to read.

A status travels in the trailers of a call, as base64, beside its percent-encoded message. Above
8 kB C-core answers RESOURCE_EXHAUSTED at random, Java INTERNAL, and grpc-js waits for its deadline.
So the first violations are named, how many are left off, and which method names them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from google.protobuf.any_pb2 import Any as Packed
from google.rpc import code_pb2, error_details_pb2, status_pb2
from muster.v1 import incident_service_pb2

from domain.values import Text

if TYPE_CHECKING:
    from services.api.errors.failures import Failure, Violation

DOMAIN = "muster"

TRAILERS_BYTES_MAX = 6_000
"""`grpc-message` and `grpc-status-details-bin` together, as they travel."""

ANSWER_BYTES_MAX = 200_000
"""A status within a message, which is no trailer."""

ANSWERS_BYTES_MAX = 2_000_000
"""All of them within one message; a client takes 4 MiB unless it says otherwise."""

FIELD_BYTES_MAX = 160
"""A field's path: keys of a plan's text are as long as somebody made them."""

RULE_BYTES_MAX = 240
"""What would be right, in one language."""

DESCRIPTION_BYTES_MAX = 200
"""The message again, where a detail wants a description."""

ENTRY_OVERHEAD_BYTES = 12
"""Tags and lengths around one entry of a list or a map, at most."""

RETRY_AFTER_S = {"OVERLOADED": 0.2, "LOG_UNAVAILABLE": 1.0, "VIEW_BEHIND": 0.2}
RETRY_AFTER_OTHERWISE_S = 1.0
RETRIED = frozenset({code_pb2.UNAVAILABLE, code_pb2.RESOURCE_EXHAUSTED})
NEVER_RETRIED = frozenset({"MESSAGE_TOO_LARGE"})

IN_ANSWERS = frozenset(
    message.name.removesuffix("Request")
    for field in incident_service_pb2.Command.DESCRIPTOR.fields
    if (message := field.message_type) is not None
)
"""Methods whose command `Submit` takes, too: its answers are no trailers."""

NAMES_ALL = {"PLAN_INVALID": "CheckPlan"}
"""Methods that name everything that is wrong, by the reason of the failure."""

CUT = "…"


class Room(NamedTuple):
    """How many bytes a status may take, and parts of it."""

    total: int
    """All of it, once encoded; in trailers what base64 makes of it counts."""
    message: int
    metadata: int
    in_trailers: bool


TRAILERS = Room(TRAILERS_BYTES_MAX, message=500, metadata=900, in_trailers=True)


def of_answers(count: int) -> Room:
    """Return the room for each of many statuses in one message."""
    total = max(TRAILERS.total, min(ANSWER_BYTES_MAX, ANSWERS_BYTES_MAX // max(count, 1)))
    return Room(total, message=total // 12, metadata=total // 3, in_trailers=False)


def status_of(
    failure: Failure, language: str, request_id: str, *, method: str = "", room: Room = TRAILERS
) -> status_pb2.Status:
    """Return a failure with its details: what fits, and where to read what does not."""
    names_all = NAMES_ALL.get(failure.reason) or ("Submit" if method in IN_ANSWERS else "")
    entries = _fitted(failure.metadata, room.metadata)
    cut = [name for name, text in entries.items() if text != failure.metadata[name]]
    total = len(failure.violations)
    shown = min(total, room.total // ENTRY_OVERHEAD_BYTES)
    while True:
        told = _Told(shown, total, entries, cut, names_all)
        status = _status(failure, language, request_id, told, room)
        if not shown or _travels(status, room) <= room.total:
            return status
        shown = min(shown - 1, _fitting(failure.violations, language, status, room))


class _Told(NamedTuple):
    """How much of what is wrong is named, and which method names all."""

    shown: int
    total: int
    entries: Mapping[str, str]
    """What was found and asked, as far as it fits."""
    cut: Sequence[str]
    """The entries that are not whole."""
    names_all: str

    @property
    def metadata(self) -> Mapping[str, str]:
        found = {}
        if self.cut:
            found["cut"] = ", ".join(self.cut)
        if self.shown < self.total:
            found |= {"violations": str(self.total), "left_off": str(self.total - self.shown)}
        if found and self.names_all:
            found["names_all"] = self.names_all
        return {**self.entries, **found}

    def remark(self, language: str) -> str:
        """Say that this is not all, and where all is."""
        shown, total, method = self.shown, self.total, self.names_all
        if shown < total and method:
            zh = f"（共{total}处，此处列出{shown}处；{method}会列出全部）"
            en = f" ({shown} of {total} are named; {method} names all.)"
        elif shown < total:
            zh = f"（共{total}处，此处列出{shown}处；改正后会列出其余）"
            en = f" ({shown} of {total} are named; the others once these are mended.)"
        elif self.cut and method:
            zh, en = f"（此处未全部列出；{method}会列出全部）", f" (Not all; {method} names all.)"
        else:
            return ""
        return Text.of(zh, en).said_in(language)


def _status(
    failure: Failure, language: str, request_id: str, told: _Told, room: Room
) -> status_pb2.Status:
    message = _message(failure, "en", told, room)
    status = status_pb2.Status(code=failure.code, message=message)
    localized = _message(failure, language, told, room)
    for detail in (
        error_details_pb2.ErrorInfo(
            reason=failure.reason,
            domain=DOMAIN,
            metadata=told.metadata,
        ),
        error_details_pb2.LocalizedMessage(locale=language, message=localized),
        error_details_pb2.RequestInfo(request_id=request_id),
        *_besides(failure, message),
        *_violated(failure.violations[: told.shown], language),
    ):
        packed = Packed()
        packed.Pack(detail)
        status.details.append(packed)
    return status


def _message(failure: Failure, language: str, told: _Told, room: Room) -> str:
    remark = told.remark(language)
    left = room.message - len(_escaped(remark) if room.in_trailers else remark.encode())
    text = failure.message(language)
    if language == "en" and room.in_trailers:
        return _clipped_as_sent(text, left) + remark
    return clipped(text, left) + remark


def _besides(failure: Failure, message: str) -> Iterable[Any]:
    """Return what helps a program beside the reason."""
    short = clipped(message, DESCRIPTION_BYTES_MAX)
    if failure.code in {code_pb2.FAILED_PRECONDITION, code_pb2.ABORTED}:
        state = error_details_pb2.PreconditionFailure()
        subject = clipped(failure.subject, FIELD_BYTES_MAX)
        state.violations.add(type=failure.reason, subject=subject, description=short)
        yield state
    if failure.code == code_pb2.NOT_FOUND:
        yield _resource(failure, short)
    if failure.code in RETRIED and failure.reason not in NEVER_RETRIED:
        retry = error_details_pb2.RetryInfo()
        after = RETRY_AFTER_S.get(failure.reason, RETRY_AFTER_OTHERWISE_S)
        retry.retry_delay.FromMilliseconds(round(after * 1_000))
        yield retry


def _resource(failure: Failure, description: str) -> error_details_pb2.ResourceInfo:
    kind = failure.reason.removesuffix("_UNKNOWN").lower()
    name = failure.metadata.get(kind) or failure.metadata.get("subject") or failure.subject
    return error_details_pb2.ResourceInfo(
        resource_type=kind, resource_name=clipped(name, FIELD_BYTES_MAX), description=description
    )


def _violated(
    violations: Sequence[Violation], language: str
) -> Iterable[error_details_pb2.BadRequest]:
    if violations:
        yield error_details_pb2.BadRequest(
            field_violations=[_field_violation(one, language) for one in violations]
        )


def _field_violation(one: Violation, language: str) -> error_details_pb2.BadRequest.FieldViolation:
    violated = error_details_pb2.BadRequest.FieldViolation(
        field=clipped(one.field, FIELD_BYTES_MAX),
        description=clipped(one.text.said_in("en"), RULE_BYTES_MAX),
        reason=clipped(one.rule.upper(), FIELD_BYTES_MAX),
    )
    violated.localized_message.locale = language
    violated.localized_message.message = clipped(one.text.said_in(language), RULE_BYTES_MAX)
    return violated


def _fitting(
    violations: Sequence[Violation], language: str, status: status_pb2.Status, room: Room
) -> int:
    """Return how many violations fit beside what else the status says."""
    besides = sum(
        len(one.SerializeToString()) + ENTRY_OVERHEAD_BYTES
        for one in status.details
        if not one.Is(error_details_pb2.BadRequest.DESCRIPTOR)
    )
    left = room.total - (_sent(status.message, besides) if room.in_trailers else besides)
    for number, one in enumerate(violations):
        size = _field_violation(one, language).ByteSize() + ENTRY_OVERHEAD_BYTES
        left -= _in_base64(size) if room.in_trailers else size
        if left < 0:
            return number
    return len(violations)


def _travels(status: status_pb2.Status, room: Room) -> int:
    """Return how many bytes a status takes on its way."""
    size = status.ByteSize()
    return _sent(status.message, size) if room.in_trailers else size


def _sent(message: str, size: int) -> int:
    return len(_escaped(message)) + _in_base64(size)


def _in_base64(size: int) -> int:
    return -(-size // 3) * 4


def _fitted(metadata: Mapping[str, str], most: int) -> dict[str, str]:
    """Return entries cut so that together they fit: the longest first, each by the same measure."""
    sizes = sorted(len(text.encode()) for text in metadata.values())
    left = most - sum(len(name.encode()) + ENTRY_OVERHEAD_BYTES for name in metadata)
    each = 0
    for number, size in enumerate(sizes):
        each = max(left // (len(sizes) - number), len(CUT.encode()))
        left -= min(size, each)
    return {name: clipped(text, each) for name, text in metadata.items()}


def clipped(text: str, most: int) -> str:
    """Return a text of at most so many bytes in UTF-8; one that was cut ends with `…`."""
    raw = text[: most + 1].encode(errors="replace")  # a letter takes a byte or more
    if len(raw) <= most:
        return raw.decode()
    return raw[: max(most - len(CUT.encode()), 0)].decode(errors="ignore") + CUT


def _clipped_as_sent(text: str, most: int) -> str:
    """Return a text of at most so many bytes once percent-encoded, as `grpc-message` is."""
    if len(text) <= most and len(_escaped(text)) <= most:
        return text
    left = most - len(_escaped(CUT))
    for number, letter in enumerate(text):
        left -= len(_escaped(letter))
        if left < 0:
            return text[:number] + CUT
    return text


def _escaped(text: str) -> str:
    """Return a text as gRPC percent-encodes it: what is printable ASCII stays, but for `%`."""
    return quote(text, safe=" !\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~", errors="replace")
