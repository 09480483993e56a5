"""What `muster.v1` says about itself: methods, who may call them, which are commands."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from muster.v1 import (
    audit_service_pb2,
    incident_service_pb2,
    options_pb2,
    plan_service_pb2,
    privacy_service_pb2,
    resource_service_pb2,
)

from domain.values import Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

FILES = (
    incident_service_pb2,
    plan_service_pb2,
    resource_service_pb2,
    audit_service_pb2,
    privacy_service_pb2,
)


class ContractBroken(Exception):
    """The contract and the program don't agree: the service must not start."""


class Records(NamedTuple):
    """What a method records: a command of a category, about the stream that a field names."""

    category: str
    key: str
    command: str


class Method(NamedTuple):
    """One method of one service."""

    service: str
    name: str
    request: type[Message]
    response: type[Message]
    takes_stream: bool
    gives_stream: bool
    allowed: frozenset[Role]
    records: Records | None

    @property
    def path(self) -> str:
        """Return what a call names."""
        return f"/{self.service}/{self.name}"


@cache
def methods() -> Sequence[Method]:
    """Return all methods. Raises ContractBroken for one that nobody may call."""
    return [_method(service, each) for service in services() for each in service.methods]


@cache
def services() -> Sequence[ServiceDescriptor]:
    """Return the services of the contract."""
    return [one for file in FILES for one in file.DESCRIPTOR.services_by_name.values()]


def _method(service: ServiceDescriptor, method: MethodDescriptor) -> Method:
    options: Any = method.GetOptions().Extensions
    allowed = frozenset(_role(number) for number in options[options_pb2.allowed])
    if not allowed:
        raise ContractBroken(f"{service.full_name}.{method.name} does not say who may call it")
    records = None
    if method.GetOptions().HasExtension(options_pb2.records):
        said = options[options_pb2.records]
        records = Records(said.category, said.key, said.command or method.name)
    return Method(
        service.full_name,
        method.name,
        GetMessageClass(method.input_type),
        GetMessageClass(method.output_type),
        bool(method.client_streaming),
        bool(method.server_streaming),
        allowed,
        records,
    )


def _role(number: int) -> Role:
    return Role[options_pb2.Role.Name(number).removeprefix("ROLE_")]  # type: ignore[arg-type] # any int
