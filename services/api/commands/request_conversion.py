"""Requests to commands: one converter per message, compiled once from its descriptor.

A request's fields have the names of the domain command's. What was not said is left out, so that
the domain's own defaults and its own complaints apply.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from pydantic import BaseModel, ValidationError

from compiler.diff.change import Topic
from domain.incident.events.people import PersonConcern
from domain.incident.obligations.obligations import WorkKind
from domain.incident.state import incident
from domain.plan.lifecycle.drafts import PlanState
from domain.plan.model.plan import ChannelKind
from domain.privacy import LegalBasis
from domain.resource import unit
from domain.values import HazardKind, Mode, Phase, ResponseLevel, WarningColour
from services.api.commands.violations import violation
from services.api.contract import ContractBroken
from services.api.errors.failures import Failure, Violation

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

Values = dict[str, Any]
Take = Callable[[Any], object]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

ENUMS: Mapping[str, type[Enum]] = {
    "muster.v1.AlarmStatus": incident.AlarmStatus,
    "muster.v1.ChannelKind": ChannelKind,
    "muster.v1.DeadlineKind": incident.DeadlineKind,
    "muster.v1.HazardKind": HazardKind,
    "muster.v1.IncidentUnitStatus": incident.UnitStatus,
    "muster.v1.LegalBasis": LegalBasis,
    "muster.v1.Mode": Mode,
    "muster.v1.NoticeStatus": incident.NoticeStatus,
    "muster.v1.PersonConcern": PersonConcern,
    "muster.v1.Phase": Phase,
    "muster.v1.PlanState": PlanState,
    "muster.v1.PlanTopic": Topic,
    "muster.v1.RequestStatus": incident.RequestStatus,
    "muster.v1.ResponseLevel": ResponseLevel,
    "muster.v1.TaskStatus": incident.TaskStatus,
    "muster.v1.UnitStatus": unit.UnitStatus,
    "muster.v1.WarningColour": WarningColour,
    "muster.v1.WorkKind": WorkKind,
}
"""The domain's enumerations, by their name in the contract. Their members have the same names."""


class Unreadable(Exception):
    """A value that no moment and no span can hold."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Converter:
    """Makes a frozen value of a message."""

    def __init__(
        self,
        message: Any,
        shape: type[BaseModel],
        *,
        besides: AbstractSet[str] = frozenset(),
    ) -> None:
        self.shape = shape
        self._read = reader(message, besides)
        self._validate: Callable[[Values], Any] = shape.__pydantic_validator__.validate_python

    def values(self, message: Message) -> Values:
        """Return what a message says, by name. Raises Failure."""
        return self._read(message)

    def value(self, values: Values, *, inside: str = "") -> Any:
        """Return the value. Raises Failure, naming every field that is wrong."""
        try:
            return self._validate(values)
        except ValidationError as error:
            found = [violation(one, inside) for one in error.errors(include_url=False)]
            raise Failure("FIELD_INVALID", violations=found) from None

    def __call__(self, message: Message, *, inside: str = "") -> Any:
        """Return the value that a message says. Raises Failure."""
        return self.value(self._read(message), inside=inside)


def reader(message: Any, besides: AbstractSet[str] = frozenset()) -> Callable[[Any], Values]:
    """Compile what reads the fields that a message says into values, apart from some."""
    takes = {field.number: (field.name, _take(field)) for field in message.fields}
    takes |= {field.number: None for field in message.fields if field.name in besides}

    def read(said: Message) -> Values:
        values: Values = {}
        for field, value in said.ListFields():
            if taking := takes[field.number]:
                name, take = taking
                values[name] = value if take is None else _taken(name, take, value)
        return values

    return read


def enum_names(enum: Any) -> Mapping[int, Enum]:
    """Return the domain's members by their numbers in the contract. Raises ContractBroken."""
    shape = ENUMS.get(enum.full_name)
    if shape is None:
        raise ContractBroken(f"{enum.full_name} is no enumeration of the domain")
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    said = {value.name.removeprefix(prefix): value.number for value in enum.values if value.number}
    if said.keys() != shape.__members__.keys():
        different = sorted(said.keys() ^ shape.__members__.keys())
        raise ContractBroken(f"{enum.full_name} and the domain differ in {', '.join(different)}")
    return {number: shape[name] for name, number in said.items()}


def _taken(name: str, take: Take, value: object) -> object:
    try:
        return take(value)
    except Failure as failure:
        raise failure.inside(name) from None
    except Unreadable as unreadable:
        raise Failure("FIELD_INVALID", violations=[Violation.of(name, unreadable.kind)]) from None


def _take(field: FieldDescriptor) -> Take | None:
    """Return what makes a plain value of a field's; None if it is plain already."""
    if not field.is_repeated:
        return _take_one(field)
    take = _take_one(field)
    return tuple if take is None else _each(take)


def _each(take: Take) -> Take:
    def taken(many: Any) -> tuple[object, ...]:
        return tuple(_taken(f"[{number}]", take, one) for number, one in enumerate(many))

    return taken


def _take_one(field: FieldDescriptor) -> Take | None:
    if field.enum_type is not None:
        names: Mapping[Any, object] = enum_names(field.enum_type)
        return lambda number: names.get(number, number)
    if field.message_type is None:
        return _text if field.type == FieldDescriptor.TYPE_STRING else None
    match field.message_type.full_name:
        case "google.protobuf.Timestamp":
            return _moment
        case "google.protobuf.Duration":
            return _span
        case _:
            return reader(field.message_type)


def _text(said: str) -> str:
    if "\0" in said:  # the database's texts can't hold it, and a view would stop there for good
        raise Unreadable("nul")
    return said


def _moment(said: Any) -> datetime:
    try:
        return EPOCH + timedelta(seconds=said.seconds, microseconds=said.nanos // 1_000)
    except OverflowError:
        raise Unreadable("moment_out_of_range") from None


def _span(said: Any) -> timedelta:
    try:
        return timedelta(seconds=said.seconds, microseconds=said.nanos // 1_000)
    except OverflowError:
        raise Unreadable("span_out_of_range") from None
