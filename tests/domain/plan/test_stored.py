"""What is stored of a plan's way into force is read as it was written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from domain.decider import decode, encode
from domain.plan.canonical import canonical, pinned
from domain.plan.lifecycle.publication import PUBLICATION
from domain.plan.model.plan import Plan
from tests.domain.plan.plans import SMALL_PLAN, spoilt
from tests.domain.plan.steps import (
    APPROVED,
    DRAFTED,
    PUBLISHED,
    REF,
    RETURNED,
    REVIEWED,
    WITHDRAWN,
)

GOLDEN = Path(__file__).parent / "golden"
"""Every shape in which a fact was ever stored; a file is never changed."""


@pytest.mark.parametrize(
    "fact", [DRAFTED, REVIEWED, RETURNED, APPROVED, PUBLISHED, WITHDRAWN], ids=lambda one: one.kind
)
def test_a_fact_survives_storage_with_its_hash(fact: Any) -> None:
    stored: Any = decode(PUBLICATION, fact.kind, 1, encode(fact))
    assert stored == fact
    assert stored.ref == REF


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.json")), ids=lambda file: file.stem)
def test_a_stored_shape_is_still_read(file: Path) -> None:
    kind, _, version = file.stem.rpartition(".v")
    text = file.read_text(encoding="utf-8")
    fact: Any = decode(PUBLICATION, kind, int(version), text)
    assert fact.ref.model_dump() == json.loads(text)["ref"]
    assert getattr(fact, "plan", SMALL_PLAN).posts.keys() == {"commander", "guide"}


def test_every_shape_has_its_file() -> None:
    shapes = {f"{kind}.v{shape.schema_version}" for kind, shape in PUBLICATION.facts.items()}
    assert {file.stem for file in GOLDEN.glob("*.json")} >= shapes


def test_a_plan_is_read_back_from_its_canonical_text() -> None:
    assert Plan.model_validate_json(canonical(SMALL_PLAN)) == SMALL_PLAN


def test_another_word_makes_another_hash() -> None:
    assert pinned(spoilt("/title/en", "Other")).ref.hash != REF.hash
