"""The JSON Schema of a plan takes what the reader takes, and refuses what it refuses of a shape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from compiler.driver import shipped
from compiler.syntax.json_schema import models, plan_schema, told
from compiler.syntax.yaml import read
from services.runtime.exit_codes import Exit
from tests.cli.test_without_a_service import run
from tests.compiler.examples import EXAMPLE, changed_example

SCHEMA = Draft202012Validator(plan_schema())
PLANS = {**shipped(), "example-plan": EXAMPLE.read_text(encoding="utf-8")}


def faults(plan: Any) -> list[str]:
    return [error.json_path for error in SCHEMA.iter_errors(plan)]


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(plan_schema())


@pytest.mark.parametrize("name", [*PLANS])
def test_it_takes_every_plan_that_ships(name: str) -> None:
    assert faults(read(PLANS[name]).plain) == []


# Each: a change to the example plan that the reader refuses, too, and where the fault is seen.
REFUSED = {
    "an unknown key": ("/custodain: x", "$"),
    "a version in words": ("/version: one", "$.version"),
    "a version of nothing": ("/version: 0", "$.version"),
    "a key left out": ("/title: -", "$"),
    "a text without language": ("/title: Plan", "$.title"),
    "a span without unit": ("/command/accept_within: 3", "$.command.accept_within"),
    "a span misspelt": ("/command/accept_within: 3 mins", "$.command.accept_within"),
    "a level that there is not": ("/levels/0/level: V", "$.levels[0].level"),
    "a name with capitals": ("/tasks/0/id: Watch", "$.tasks[0].id"),
    "a word misspelt": ("/tasks/0/phase: respons", "$.tasks[0].phase"),
    "a negative width": (
        "/venues/0/passages/0/width_m: -2.0", "$.venues[0].passages[0].width_m",
    ),
    "too many persons": ("/venues/0/zones/0/capacity: 99999999", "$.venues[0].zones[0].capacity"),
    "an empty list": ("/hazards: []", "$.hazards"),
    "a malformed key of a map": ("/tasks/2/supplies: {Mega Phones: 4}", "$.tasks[2].supplies"),
    "a cadence of no level": ("/reports/0/every: {IX: 15 min}", "$.reports[0].every"),
    "an hour after midnight": ("/peaks/0/begins: '25:00'", "$.peaks[0].begins"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_it_refuses_what_the_reader_refuses(what: str) -> None:
    change, where = REFUSED[what]
    assert where in faults(changed_example(change))


def test_every_field_that_is_explained_to_readers_is_explained_to_editors() -> None:
    schema = plan_schema()
    shapes = {"Plan": schema, **schema["$defs"]}
    for name, model in models().items():
        properties = shapes[name]["properties"]
        explained = {field: text for field, text in told(model).items() if field in properties}
        assert {field: properties[field]["description"] for field in explained} == explained


def test_it_is_printed_and_written(tmp_path: Path) -> None:
    file = tmp_path / "plan.schema.json"
    code, out, _ = run("plan", "schema")
    assert code == Exit.OK
    assert json.loads(out) == plan_schema()
    run("plan", "schema", "--to", str(file))
    assert json.loads(file.read_text(encoding="utf-8")) == plan_schema()
    assert run("plan", "schema", "--to", str(tmp_path / "no" / "such"))[0] == Exit.USAGE
