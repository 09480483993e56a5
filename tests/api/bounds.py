"""What the domain admits, beside what the contract can carry: one line a field."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import inf, nan
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from google.protobuf.descriptor import FieldDescriptor
from pydantic import BaseModel, TypeAdapter, ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterator

WHOLE = {
    FieldDescriptor.TYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_INT64: (-(2**63), 2**63 - 1),
}
FRACTIONS = (FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT)
TEXT_LENGTH = 20_000
"""More characters than any text may have."""

SPAN_MAX = timedelta(days=3_652_500)
"""The longest google.protobuf.Duration."""


@dataclass(frozen=True)
class Field:
    """A field of a message, and the domain's type for what stands in it."""

    name: str
    descriptor: Any
    shape: Any

    def admits(self, value: object) -> bool:
        """Tell whether the domain takes a value there."""
        try:
            TypeAdapter(self.shape).validate_python(value)
        except ValidationError:
            return False
        return True

    @property
    def too_much(self) -> list[object]:
        """Return values that the contract can't carry, or that nobody should send."""
        kind = self.descriptor.message_type
        if self.descriptor.type in WHOLE:
            low, high = WHOLE[self.descriptor.type]
            return [low - 1, high + 1, 10**30]
        if self.descriptor.type in FRACTIONS:
            return [inf, -inf, nan]
        if self.descriptor.type == FieldDescriptor.TYPE_STRING:
            return ["x" * TEXT_LENGTH]
        if kind is not None and kind.full_name == "google.protobuf.Duration":
            return [SPAN_MAX + timedelta(days=1), timedelta.max]
        return []


def fields(message: Any, model: type[BaseModel], inside: str = "") -> Iterator[Field]:
    """Yield the fields that a message and a model share, also of what is within them."""
    for descriptor in message.fields:
        known = model.model_fields.get(descriptor.name)
        if known is None:
            continue
        shape = _single(known.rebuild_annotation())
        name = f"{inside or message.name}.{descriptor.name}"
        inner = _model(shape)
        if inner is not None and descriptor.message_type is not None:
            yield from fields(descriptor.message_type, inner, name)
        else:
            yield Field(name, descriptor, shape)


def whole_numbers(message: Any, seen: set[str]) -> Iterator[str]:
    """Yield the int32 fields of a message and of all that it can hold."""
    if message.full_name in seen or message.file.package != "muster.v1":
        return
    seen.add(message.full_name)
    for one in message.fields:
        if one.type == FieldDescriptor.TYPE_INT32 and not message.GetOptions().map_entry:
            yield f"{message.name}.{one.name}"
        elif one.type == FieldDescriptor.TYPE_INT32:
            yield f"{message.containing_type.name}.{message.name}"
        elif one.message_type is not None:
            yield from whole_numbers(one.message_type, seen)


def _single(shape: Any) -> Any:
    """Return what stands in a field, without None and without the list that it is in."""
    origin, arguments = get_origin(shape), get_args(shape)
    if origin is Annotated:
        inner = _single(arguments[0])
        return inner if get_origin(arguments[0]) is tuple else Annotated[inner, *arguments[1:]]
    if origin in {Union, UnionType}:
        return _single(next(one for one in arguments if one is not NoneType))
    if origin is tuple:
        return _single(arguments[0])
    return shape


def _model(shape: Any) -> type[BaseModel] | None:
    bare = get_args(shape)[0] if get_origin(shape) is Annotated else shape
    if isinstance(bare, type) and issubclass(bare, BaseModel):
        return bare
    return None
