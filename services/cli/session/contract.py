"""The contract as it describes itself: its methods, and what its comments say of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import NamedTuple

from google.protobuf.descriptor import Descriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from muster.v1 import incident_service_pb2, options_pb2, resource_service_pb2

from domain.directory.person import RegisterContact
from domain.incident.decider import COMMANDS
from domain.resource.unit import PutOutOfService, RegisterUnit, ReturnToService
from domain.values import Command

INCIDENT_SERVICE: ServiceDescriptor = incident_service_pb2.DESCRIPTOR.services_by_name[
    "IncidentService"
]
RESOURCE_SERVICE: ServiceDescriptor = resource_service_pb2.DESCRIPTOR.services_by_name[
    "ResourceService"
]

_BLOCK = re.compile(r"^(?:message|enum|service) (\w+) \{")
_FIELD = re.compile(r"^\s+(?:(?:optional|repeated) )?[\w.]+(?:<.*>)? (\w+) = \d+")
_METHOD = re.compile(r"^\s+rpc (\w+)\(")
_SHAPES: dict[str, type[Command]] = {
    **COMMANDS,
    **{
        shape.__name__: shape
        for shape in (RegisterUnit, PutOutOfService, ReturnToService, RegisterContact)
    },
}


class Method(NamedTuple):
    """A method that records a command."""

    service: ServiceDescriptor
    name: str
    request: Descriptor
    key: str
    """The request's field that names the stream, such as `incident_id`."""
    command: str
    """The domain's name for the command."""

    @property
    def path(self) -> str:
        """Return how gRPC calls it."""
        return f"/{self.service.full_name}/{self.name}"

    @property
    def about(self) -> str:
        """Return what the contract says of it."""
        return comments().get(f"{self.service.name}.{self.name}", "")

    @property
    def required(self) -> frozenset[str]:
        """Return the fields that the command can't do without."""
        fields = _SHAPES[self.command].model_fields
        return frozenset(name for name, field in fields.items() if field.is_required())

    def texts(self) -> dict[str, str]:
        """Return what the contract says of each field of the request."""
        return texts_of(self.request)

    def new_request(self) -> Message:
        """Make an empty request."""
        return GetMessageClass(self.request)()


def commands(service: ServiceDescriptor) -> Iterator[Method]:
    """Return the methods of a service that record a command, in the contract's order."""
    for method in service.methods:
        options = method.GetOptions()
        if options.HasExtension(options_pb2.records):
            records = options.Extensions[options_pb2.records]
            named = records.command or method.name
            yield Method(service, method.name, method.input_type, records.key, named)


def texts_of(message: Descriptor) -> dict[str, str]:
    """Return what the contract says of each field of a message."""
    prefix = f"{message.name}."
    return {
        name.removeprefix(prefix): text
        for name, text in comments().items()
        if name.startswith(prefix)
    }


@cache
def comments() -> dict[str, str]:
    """Return the comments of the contract by `<message or service>.<field or method>`."""
    folder = resources.files("muster.v1")
    files = sorted(file.name for file in folder.iterdir() if file.name.endswith(".proto"))
    found: dict[str, str] = {}
    for name in files:
        found |= _comments_in(folder.joinpath(name).read_text(encoding="utf-8"))
    return found


def _comments_in(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    block, said = "", list[str]()
    for line in text.splitlines():
        bare = line.strip()
        if bare.startswith("//"):
            said.append(bare.removeprefix("//").strip())
            continue
        if opened := _BLOCK.match(line):
            block = opened[1]
            found[block] = " ".join(said)
        elif named := _FIELD.match(line) or _METHOD.match(line):
            found[f"{block}.{named[1]}"] = " ".join(said)
        said.clear()
    return found
