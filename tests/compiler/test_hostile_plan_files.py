"""Whatever a plan's file holds, it gets diagnostics and breaks nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given as forall
from hypothesis import settings
from hypothesis import strategies as st

from compiler.driver import inspect, inspect_file
from compiler.report.text import render
from compiler.syntax.yaml import DEPTH_MAX, NODES_MAX, SIZE_MAX
from tests.domain.plan.plans import written

if TYPE_CHECKING:
    import pathlib


GOOD = yaml.safe_dump(written(), allow_unicode=True, sort_keys=False)
LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{above}: &{above} [{', '.join([f'*{below}'] * 10)}]\n"
    for below, above in zip("abcdefgh", "bcdefghi", strict=True)
)


HOSTILE: dict[str, tuple[str | bytes, str]] = {
    "nothing": ("", "not-a-plan"),
    "a list": ("- a\n- b\n", "not-a-plan"),
    "a word": ("plan", "not-a-plan"),
    "two documents": (f"{GOOD}---\na: 1\n", "second-document"),
    "not YAML": ("title: {zh: x\nversion: 1\n", "yaml-syntax"),
    "a tab": ("title:\n\t- x\n", "yaml-syntax"),
    "a billion laughs": (LAUGHS, "too-many-values"),
    "a list that holds itself": ("a: &a [*a]\n", "alias-recursive"),
    "an alias of nothing": ("a: *b\n", "alias-unknown"),
    "a Python object": ("a: !!python/object/apply:os.system [ls]\n", "tag-not-allowed"),
    "a tag of its own": ("a: !plan b\n", "tag-not-allowed"),
    "a list as a key": ("? [a]\n: b\n", "key-not-text"),
    "deep brackets": ("a: " + "[" * 500_000, "too-deep"),
    "deep braces": ("{a: " * (DEPTH_MAX + 1), "too-deep"),
    "too many values": ("a:\n" + "- b\n" * NODES_MAX, "too-many-values"),
    "a huge file of Chinese": (("预" * SIZE_MAX).encode(), "too-large"),
    "a huge file": ("#" * (SIZE_MAX + 1), "too-large"),
    "a bell": ("a: \x07\n", "character-not-allowed"),
    "half a character": ("a: b\nc: \ud800\n", "character-not-allowed"),
    "another encoding": ("a: b\n标题: 预案\n".encode("gb18030"), "not-utf8"),
    "pictures": (b"\x89PNG\r\n\x1a\n\x00\x00", "not-utf8"),
}


@pytest.mark.parametrize("input_", HOSTILE)
def test_hostile_input_gets_a_diagnostic_and_nothing_else(input_: str) -> None:
    text, code = HOSTILE[input_]
    found = inspect(text, "hostile.yaml")
    assert found.plan is None
    assert [one.code for one in found.diagnostics] == [code]
    assert render(found.diagnostics)


def test_a_file_of_gigabytes_is_not_read_whole(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "huge.yaml"
    with path.open("wb") as file:
        file.truncate(8 * 1024**3)
    assert [one.code for one in inspect_file(path).diagnostics] == ["too-large"]


@forall(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_text_gets_diagnostics_and_no_crash(text: str) -> None:
    assert render(inspect(text, "any.yaml").diagnostics)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "zh", "x"]), inner)
    ),
    max_leaves=5,
)


def places(value: object, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [at, *(place for key, one in inner for place in places(one, (*at, key)))]


@forall(place=st.sampled_from(places(written())[1:]), value=ANYTHING)
@settings(max_examples=100, deadline=None)
def test_anything_anywhere_in_a_plan_gets_diagnostics_and_no_crash(
    place: tuple[Any, ...], value: object
) -> None:
    plan: Any = written()
    inner = plan
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    text = yaml.safe_dump(plan, allow_unicode=True)
    found = inspect(text, "any.yaml")
    assert found.plan is not None or found.errors
    assert all(render([one], language) for one in found.diagnostics for language in ("zh", "en"))
