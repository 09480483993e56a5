"""Whatever somebody writes, the compiler of plans answers with diagnostics."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.driver import shipped
from compiler.syntax.yaml import read
from tests.fuzz.inputs import EXAMPLE, SMALL, WHOLE, changed, looked_at, understood

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.dates()
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from([*WHOLE, "id", "title", "x"]), inner, max_size=6),
    ),
    max_leaves=30,
)
LINES = EXAMPLE.split("\n")


class Seeded:
    """Chance that comes of a seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - not a secret

    def ConsumeIntInRange(self, low: int, high: int) -> int:  # noqa: N802 - as a fuzzer's
        return self._random.randint(low, high)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=2_000))
def test_bytes_are_no_plan_and_no_crash(content: bytes) -> None:
    assert looked_at(content).plan is None


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=500))
def test_text_is_no_plan_and_no_crash(content: str) -> None:
    assert looked_at(content).plan is None


@settings(max_examples=150, deadline=None)
@given(TREES)
def test_any_yaml_has_diagnostics_within_it(tree: Any) -> None:
    text = yaml.safe_dump(tree, allow_unicode=True)
    found = looked_at(text)
    lines = text.count("\n") + 1
    assert found.diagnostics
    assert all(one.line <= lines for one in found.diagnostics)


@pytest.mark.parametrize("seed", range(150))
def test_a_small_plan_with_something_changed_is_no_crash(seed: int) -> None:
    chance = Seeded(seed)
    understood(changed(SMALL, chance, chance.ConsumeIntInRange(1, 6)))


@pytest.mark.parametrize("seed", range(60))
def test_the_example_with_something_changed_is_no_crash(seed: int) -> None:
    chance = Seeded(seed)
    understood(changed(WHOLE, chance, chance.ConsumeIntInRange(1, 4)))


@pytest.mark.parametrize("name", sorted(shipped()))
@pytest.mark.parametrize("seed", range(3))
def test_a_shipped_plan_with_something_changed_is_no_crash(name: str, seed: int) -> None:
    chance = Seeded(seed)
    understood(changed(read(shipped()[name]).plain, chance, chance.ConsumeIntInRange(1, 4)))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(LINES) - 1), st.integers(0, len(LINES) - 1))
def test_the_example_with_lines_moved_is_no_crash(one: int, other: int) -> None:
    moved = [*LINES]
    moved[one], moved[other] = moved[other], moved[one]
    looked_at("\n".join(moved))


def test_what_is_not_changed_is_a_plan() -> None:
    assert understood(WHOLE) is not None
    assert understood(SMALL) is not None
    assert looked_at(EXAMPLE).plan is not None
