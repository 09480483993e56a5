"""What is packed comes back as it was, and what can't be packed is refused when it is written."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rpds import HashTrieMap, HashTrieSet

from domain.plan.model.plan import PlanRef
from domain.state_codec import StateCodec

WHEN = st.datetimes(timezones=st.just(UTC))


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Key(NamedTuple):
    colour: Colour
    name: str


class Leaf(NamedTuple):
    name: str
    colour: Colour | None = None
    told: tuple[str, ...] = ()


class Tree(NamedTuple):
    leaves: HashTrieMap[str, Leaf] = HashTrieMap()
    due: HashTrieMap[Key, datetime] = HashTrieMap()
    marks: HashTrieSet[str] = HashTrieSet()
    plan: PlanRef | None = None
    weight: float = 1.0


LEAVES = st.builds(
    Leaf, st.text(), st.none() | st.sampled_from(Colour), st.lists(st.text()).map(tuple)
)
TREES = st.builds(
    Tree,
    st.dictionaries(st.text(), LEAVES).map(HashTrieMap),
    st.dictionaries(st.builds(Key, st.sampled_from(Colour), st.text()), WHEN).map(HashTrieMap),
    st.sets(st.text()).map(HashTrieSet),
    st.none() | st.just(PlanRef(id="p", version=1, hash="0" * 64)),
    st.floats(allow_nan=False, allow_infinity=False),
)


@given(TREES)
def test_what_is_packed_comes_back_as_it_was(tree: Tree) -> None:
    packing = StateCodec(Tree)
    assert packing.unpack(packing.pack(tree)) == tree


@given(st.dictionaries(st.text(), LEAVES))
def test_equal_values_have_the_same_text(leaves: dict[str, Leaf]) -> None:
    one = Tree(leaves=HashTrieMap(leaves))
    other = Tree(leaves=HashTrieMap(dict(reversed(leaves.items()))))
    assert StateCodec(Tree).pack(one) == StateCodec(Tree).pack(other)


def test_a_kind_of_value_that_nobody_thought_of_is_refused_at_once() -> None:
    class Odd(NamedTuple):
        things: set[str]

    with pytest.raises(TypeError, match="no packing"):
        StateCodec(Odd)


@pytest.mark.parametrize(
    "text", ["", "[]", "[[],[],[],null]", '[[["a",["n","green",[]]]],[],[],null,1]']
)
def test_what_was_not_packed_is_refused(text: str) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        StateCodec(Tree).unpack(text)
