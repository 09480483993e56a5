"""Requests read into command envelopes.

Nothing here knows any one command. What each is called, which fields it has, which stream it is
about and who may give it is in the contract; what it means is in the domain.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Self
from uuid import UUID, uuid5

from muster.v1 import common_pb2
from pydantic import Field, StringConstraints, TypeAdapter, ValidationError, model_validator

from domain.decider import CommandEnvelope
from domain.directory.person import RegisterContact
from domain.incident import decider
from domain.incident.warning import Opening
from domain.limits import INT64_MAX, Happened
from domain.plan.lifecycle.publication import ApprovePlan, ReturnPlan, ReviewPlan, WithdrawPlan
from domain.record.divergence import AcknowledgeDivergence
from domain.resource.unit import PutOutOfService, RegisterUnit, ReturnToService
from domain.texts import Writing, refuse_unseen
from domain.values import Command, Id, Prose, Value
from services.api.commands.request_conversion import Converter, Values
from services.api.commands.violations import violation
from services.api.contract import ContractBroken, Method
from services.api.errors.failures import Failure, Violation

if TYPE_CHECKING:
    from services.api.interceptors.chain import Call

COMMANDS: Mapping[str, Mapping[str, type[Command]]] = {
    "incident": decider.COMMANDS,
    "unit": {one.__name__: one for one in (RegisterUnit, PutOutOfService, ReturnToService)},
    "person": {"RegisterContact": RegisterContact},
    "plan": {one.__name__: one for one in (ReviewPlan, ReturnPlan, ApprovePlan, WithdrawPlan)},
    "log": {"AcknowledgeDivergence": AcknowledgeDivergence},
}
"""The domain's commands that methods may record, by category and name."""

OPENED_BY = "incident"
"""What the id of an incident is derived with from the command that opens it."""

CORRELATION_LENGTH_MAX = 128

Correlation = Annotated[str, StringConstraints(max_length=CORRELATION_LENGTH_MAX), Writing()]
"""What ties commands together across systems."""

ID: TypeAdapter[str] = TypeAdapter(Id)

_USUAL_UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)


class Context(Value):
    """How a command is asked, as `muster.v1.CommandContext` says it."""

    command_id: UUID
    expected_version: Annotated[int, Field(ge=0, le=INT64_MAX)] | None = None
    on_behalf_of: Id | None = None
    reason: Prose | None = None
    occurred_at: Happened | None = None
    validate_only: bool = False
    correlation_id: Correlation | None = None

    @model_validator(mode="after")
    def can_be_seen(self) -> Self:
        """Refuse texts that can't be seen, or read as another one."""
        refuse_unseen(self)
        return self


CONTEXT = Converter(common_pb2.CommandContext.DESCRIPTOR, Context)


class Order(NamedTuple):
    """A command that was read from a request, and what it is about."""

    category: str
    key: str
    asked: CommandEnvelope

    @property
    def stream(self) -> str:
        """Return the stream's name."""
        return f"{self.category}/{self.key}"


@dataclass(frozen=True)
class Reading:
    """Reads one kind of command from its requests."""

    method: Method
    convert: Converter
    category: str
    key: str
    opens: bool

    @classmethod
    def of(cls, method: Method) -> Reading:
        """Return what reads a method's requests. Raises ContractBroken."""
        records = method.records
        if records is None:
            raise ContractBroken(f"{method.name} records nothing")
        shape = COMMANDS.get(records.category, {}).get(records.command)
        if shape is None:
            raise ContractBroken(f"{method.name}: no command is called {records.command}")
        besides = {"context"} | ({records.key} - shape.model_fields.keys())
        said = {field.name for field in method.request.DESCRIPTOR.fields} - besides
        known = shape.model_fields.keys() - {"kind"}
        if said != known:
            raise ContractBroken(f"{method.name} and {shape.__name__}: {sorted(said ^ known)}")
        converter = Converter(method.request.DESCRIPTOR, shape, besides=besides)
        opens = issubclass(shape, Opening)
        return cls(method, converter, records.category, records.key, opens)

    def order(self, values: Values, request: Any, call: Call) -> Order:
        """Return what is asked. Raises Failure."""
        context = context_of(request)
        key = self.named_key(request, context)
        return Order(self.category, key, asked(self.convert.value(values), context, call))

    def named_key(self, request: Any, context: Context) -> str:
        """Return which stream of the category it is about. Raises Failure."""
        said = getattr(request, self.key)
        if self.category != "incident":
            return named(said, self.key)
        if not said and self.opens:
            return str(uuid5(context.command_id, OPENED_BY))
        return incident_id(said)


def context_of(request: Any) -> Context:
    """Return how a request's command is asked. Raises Failure."""
    try:
        context: Context = CONTEXT(request.context, inside="context")
    except Failure as failure:
        if any(one.field == "context.command_id" for one in failure.violations):
            raise Failure("COMMAND_ID_REQUIRED", violations=failure.violations) from None
        raise
    return context


def asked(command: Command, context: Context, call: Call) -> CommandEnvelope:
    """Return a command as it is asked, by whom authentication found."""
    return CommandEnvelope(
        command,
        context.command_id,
        call.actor,
        occurred_at=context.occurred_at,
        on_behalf_of=context.on_behalf_of,
        reason=context.reason,
        expected_version=context.expected_version,
        validate_only=context.validate_only,
        correlation_id=context.correlation_id,
        trace=call.trace,
    )


def incident_id(said: str) -> str:
    """Return an incident's id in its usual form. Raises Failure."""
    if _USUAL_UUID.fullmatch(said):
        return said
    try:
        return str(UUID(said))
    except ValueError:
        broken = Violation.of("incident_id", "uuid" if said else "missing")
        raise Failure("FIELD_INVALID", violations=[broken]) from None


def named(said: str, field: str) -> str:
    """Return a name that people chose. Raises Failure."""
    if not said:
        raise Failure("FIELD_INVALID", violations=[Violation.of(field, "missing")])
    try:
        return ID.validate_python(said)
    except ValidationError as error:
        found = [violation(one, field) for one in error.errors(include_url=False)]
        raise Failure("FIELD_INVALID", violations=found) from None
