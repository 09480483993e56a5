"""What the contract calls personal, the domain takes only sealed; and the other way round."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from muster.v1 import incident_commands_pb2

from domain.incident.decider import COMMANDS
from services.api.commands.envelope import Reading
from services.api.commands.personal_texts import Path, personal_fields
from services.api.contract import ContractBroken, Method, methods

RECORDING = [method for method in methods() if method.records]


def sealed_fields(schema: dict[str, Any]) -> set[Path]:
    """Return the paths of what a command takes only sealed."""
    definitions = schema.get("$defs", {})

    def within(part: Any) -> Iterator[Path]:
        match part:
            case {"$ref": str(name)}:
                yield from within(definitions[name.rpartition("/")[2]])
            case {"anyOf": list(ways)}:
                for way in ways:
                    yield from within(way)
            case {"type": "array", "items": dict(item)}:
                yield from within(item)
            case {"type": "object", "properties": dict(fields)}:
                for name, field in fields.items():
                    yield from ((name, *rest) for rest in within(field))
            case {"pattern": str(pattern)} if "sealed:v" in pattern:
                yield ()

    return set(within(schema))


@pytest.mark.parametrize("method", RECORDING, ids=lambda method: method.name)
def test_what_is_personal_is_sealed_and_what_is_sealed_is_personal(method: Method) -> None:
    shape = Reading.of(method).convert.shape
    personal = personal_fields(method.request.DESCRIPTOR)
    assert set(personal) == sealed_fields(shape.model_json_schema())


def test_some_commands_are_personal() -> None:
    found = {one.name for one in RECORDING if personal_fields(one.request.DESCRIPTOR)}
    assert found >= {"RegisterContact", "RecordPerson"}


def test_no_command_of_the_hands_and_the_clock_takes_anything_sealed() -> None:
    given = {one.records.command for one in RECORDING if one.records}
    others = [shape for name, shape in COMMANDS.items() if name not in given]
    assert others
    assert not [one for one in others if sealed_fields(one.model_json_schema())]


def test_a_message_that_does_not_say_whose_personal_texts_it_holds_can_not_be_served() -> None:
    fields = incident_commands_pb2.RecordPersonRequest.DESCRIPTOR.fields
    nobody = SimpleNamespace(full_name="muster.v1.Nobody", fields=fields, fields_by_name={})
    with pytest.raises(ContractBroken, match="whose"):
        personal_fields(nobody)
