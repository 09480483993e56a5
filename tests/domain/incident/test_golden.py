"""Every stored shape that was ever released must be read for good, byte for byte.

`python -m tests.domain.incident.test_golden` writes the file of each shape that has none yet, and
lists it with its digest among those that were released. A file is never changed and none is ever
taken away: a new shape is a new schema version, with an upcast from the one before.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from domain.decider import NotYet, decode, encode
from domain.directory.person import PERSONS
from domain.incident.decider import INCIDENTS
from domain.incident.events.opening import IncidentOpened
from domain.incident.evolution.evolve import evolve
from domain.incident.state.incident import NOTHING_YET
from domain.plan.model.plan import PlanRef
from domain.record.case_access import READINGS
from domain.record.disclosure import DISCLOSURES
from domain.record.divergence import DIVERGENCES
from domain.record.export import EXPORTS
from domain.resource.unit import UNITS
from domain.values import Event, HazardKind, Mode

FOLDER = Path(__file__).parent / "golden"
RELEASED = FOLDER / "released.txt"
OPENED = IncidentOpened(
    venue="mall",
    hazard=HazardKind.CROWDING,
    plan=PlanRef(id="plan", version=1, hash="a1" * 32),
    mode=Mode.LIVE,
    pace=1.0,
)
DECIDERS = (INCIDENTS, UNITS, PERSONS, DIVERGENCES, EXPORTS, DISCLOSURES, READINGS)
SHAPES = {
    f"{kind}.v{shape.schema_version}": (decider, shape)
    for decider in DECIDERS
    for kind, shape in decider.facts.items()
}


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.json")), ids=lambda file: file.stem)
def test_a_stored_shape_is_still_read(file: Path) -> None:
    kind, _, version = file.stem.rpartition(".v")
    decider = next(decider for decider in DECIDERS if kind in decider.facts)
    stored = file.read_text(encoding="utf-8").rstrip("\n")
    fact = decode(decider, kind, int(version), stored)  # type: ignore[misc] # deciders of several states
    if int(version) == decider.facts[kind].schema_version:
        assert encode(fact) == stored


def test_every_shape_has_its_file() -> None:
    assert {file.stem for file in FOLDER.glob("*.json")} >= set(SHAPES)


def test_no_file_was_ever_changed_or_taken_away() -> None:
    found = {file.stem: digest(file) for file in FOLDER.glob("*.json")}
    assert found == released()


def test_every_released_fact_folds() -> None:
    for name in released():
        kind, _, version = name.rpartition(".v")
        if kind not in INCIDENTS.facts:
            continue
        stored = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
        fact = decode(INCIDENTS, kind, int(version), stored)
        opened = evolve(NOTHING_YET, OPENED)
        with suppress(NotYet):  # it may speak of what is not there
            assert evolve(opened, fact) is not None


def digest(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()


def released() -> dict[str, str]:
    """Return the digest of every shape that was ever released."""
    lines = RELEASED.read_text(encoding="utf-8").splitlines()
    return {name: known for known, name in (line.split() for line in lines)}


def example(shape: type[Event]) -> Event:
    """Make a fact of a kind, every field filled in."""
    return shape.model_validate(_filled(shape.model_json_schema()))


def _filled(schema: dict[str, Any]) -> object:  # noqa: C901 - one line a kind of schema
    definitions = schema.get("$defs", {})

    def fill(part: Any) -> object:  # noqa: C901, PLR0911, PLR0912 - one line a kind of schema
        match part:
            case {"$ref": str(name)}:
                return fill(definitions[name.rpartition("/")[2]])
            case {"const": value}:
                return value
            case {"enum": [first, *_]}:
                return first
            case {"anyOf": [first, *_]} | {"allOf": [first, *_]}:
                return fill(first)
            case {"type": "object", "properties": dict(fields)}:
                return {name: fill(field) for name, field in fields.items()}
            case {"type": "array", "prefixItems": list(items)}:
                return [fill(item) for item in items]
            case {"type": "array", "items": dict(item)}:
                return [fill(item)]
            case {"type": "string", "format": "date-time"}:
                return datetime(2026, 1, 2, 3, 4, 5, 678_901, UTC).isoformat()
            case {"type": "string", "format": "duration"}:
                return "PT2H"
            case {"type": "string", "pattern": str(pattern)} if "sealed" in pattern:
                return f"sealed:v1:{'0' * 8}-0000-4000-8000-{'0' * 12}:{'A' * 40}"
            case {"type": "string", "pattern": str(pattern)} if "{64}" in pattern:
                return "a1" * 32
            case {"type": "string"}:
                return "some-text"
            case {"type": "integer"}:
                return 3
            case {"type": "number"}:
                return 1.5
            case {"type": "boolean"}:
                return True
            case {"type": "null"}:
                return None
        raise NotImplementedError(part)

    return fill(schema)


def _write_missing() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, (_, shape) in SHAPES.items():
        file = FOLDER / f"{name}.json"
        if not file.exists():
            file.write_text(encode(example(shape)) + "\n", encoding="utf-8")
    before = released() if RELEASED.exists() else {}
    after = {file.stem: digest(file) for file in FOLDER.glob("*.json")} | before
    lines = [f"{known} {name}" for name, known in sorted(after.items())]
    RELEASED.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    _write_missing()
