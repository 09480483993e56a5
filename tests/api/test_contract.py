"""The contract and the domain say the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from muster.v1 import incident_service_pb2

from domain.incident.decider import COMMANDS
from services.api.commands.envelope import Reading
from services.api.commands.request_conversion import ENUMS, enum_names
from services.api.contract import ContractBroken, Method, Records, methods

ROOT = Path(__file__).parents[2]
BY_HANDS_AND_CLOCK = {
    "ConfirmDelivery",
    "ReportDeliveryFailure",
    "CompleteEvaluation",
    "LetDeadlinePass",
    "ConfirmUnitReturned",
    "DeclareResourceUnavailable",
}
OF_PEOPLE = {"ErasePersonalData", "PlaceLegalHold", "LiftLegalHold"}
"""Also about contacts: they have a service of their own, and are given one at a time."""

RECORDING = [method for method in methods() if method.records]
INCIDENT_COMMANDS = [
    method.name for method in RECORDING if method.records and method.records.category == "incident"
]


def test_every_command_that_people_give_is_a_method() -> None:
    assert set(INCIDENT_COMMANDS) == COMMANDS.keys() - BY_HANDS_AND_CLOCK - OF_PEOPLE


def test_every_method_that_records_can_be_given_in_a_batch() -> None:
    fields: Any = incident_service_pb2.Command.DESCRIPTOR.fields
    assert {field.message_type.name for field in fields} == {
        f"{name}Request" for name in INCIDENT_COMMANDS
    }


@pytest.mark.parametrize("method", RECORDING, ids=lambda method: method.name)
def test_a_request_has_the_fields_of_its_command(method: Method) -> None:
    reading = Reading.of(method)
    shape: Any = reading.convert.shape
    for field in method.request.DESCRIPTOR.fields:
        if field.name in shape.model_fields:
            many = "tuple" in str(shape.model_fields[field.name].annotation)
            assert field.is_repeated == many, field.name


@pytest.mark.parametrize("method", RECORDING, ids=lambda method: method.name)
def test_what_is_required_can_be_told_from_what_was_not_said(method: Method) -> None:
    shape: Any = Reading.of(method).convert.shape
    numbers = {FieldDescriptor.CPPTYPE_STRING, FieldDescriptor.CPPTYPE_ENUM}
    silent = [
        field.name
        for field in method.request.DESCRIPTOR.fields
        if field.name in shape.model_fields
        and not field.has_presence
        and not field.is_repeated
        and field.cpp_type not in numbers
    ]
    assert silent == []


@pytest.mark.parametrize("name", ENUMS)
def test_every_enumeration_has_the_members_of_the_domain(name: str) -> None:
    found = [
        enum
        for method in methods()
        for file in (method.request.DESCRIPTOR.file, *method.request.DESCRIPTOR.file.dependencies)
        for enum in file.enum_types_by_name.values()
        if enum.full_name == name
    ]
    assert len(enum_names(found[0])) == len(ENUMS[name])


def test_a_method_about_an_unknown_command_can_t_be_served() -> None:
    method = RECORDING[0]._replace(records=Records("incident", "incident_id", "Levitate"))
    with pytest.raises(ContractBroken, match="Levitate"):
        Reading.of(method)


def test_a_request_that_lacks_a_field_can_t_be_served() -> None:
    method = RECORDING[0]._replace(records=Records("incident", "incident_id", "AssignRole"))
    with pytest.raises(ContractBroken, match="person"):
        Reading.of(method)


@pytest.mark.processes
def test_the_modules_beside_the_contract_are_made_from_it() -> None:
    made = subprocess.run(
        [sys.executable, ROOT / "protos" / "generate.py", "--check"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr


@pytest.mark.processes
@pytest.mark.parametrize(
    "command",
    [
        ["lint"],
        ["format", "--diff", "--exit-code"],
        ["breaking", "--against", "protos/released.binpb"],
    ],
    ids=lambda command: command[0],
)
def test_the_contract_is_tidy_and_breaks_no_promise(command: list[str]) -> None:
    buf = Path(sys.executable).parent / "buf"
    done = subprocess.run([buf, *command], cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
