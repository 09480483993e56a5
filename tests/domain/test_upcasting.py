"""Facts that older programs stored are read in today's shape, by every lift between."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import ClassVar, Literal, NamedTuple

import pytest

from domain.decider import Decider, ShapeUnknown, decode
from domain.values import Event


class Counted(Event):
    """People were counted: first as `n`, then as `persons`, now where, too."""

    schema_version: ClassVar[int] = 3
    kind: Literal["Counted"] = "Counted"
    persons: int
    zone: str


class Count(NamedTuple):
    persons: int = 0


def named(text: str) -> str:
    return json.dumps({"persons": json.loads(text)["n"]})


def placed(text: str) -> str:
    return json.dumps(json.loads(text) | {"zone": "unknown"})


COUNTS = Decider[Count](
    category="count",
    initial=Count(),
    facts={"Counted": Counted},
    evolve=lambda was, fact: was._replace(persons=getattr(fact, "persons", 0)),
    decide=lambda *_: [],
    upcasts={("Counted", 1): named, ("Counted", 2): placed},
)


@pytest.mark.parametrize(
    ("version", "stored", "zone"),
    [
        (1, '{"n":5}', "unknown"),
        (2, '{"persons":5}', "unknown"),
        (3, '{"persons":5,"zone":"hall"}', "hall"),
    ],
)
def test_every_shape_is_read_as_the_newest(version: int, stored: str, zone: str) -> None:
    assert decode(COUNTS, "Counted", version, stored) == Counted(persons=5, zone=zone)


def test_a_shape_of_tomorrow_is_refused_by_name() -> None:
    with pytest.raises(ShapeUnknown, match="Counted in schema version 4"):
        decode(COUNTS, "Counted", 4, "{}")


def test_a_lift_that_is_missing_is_noticed() -> None:
    with pytest.raises(KeyError):
        decode(replace(COUNTS, upcasts={}), "Counted", 1, '{"n":5}')
