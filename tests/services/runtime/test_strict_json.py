"""JSON from outside is read as it is, or refused with what is wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.api.interceptors.authentication import Authenticator, TokensInvalid
from services.runtime.strict_json import JsonInvalid, mapping, read
from tests.api.conftest import entry

if TYPE_CHECKING:
    from pathlib import Path

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
)
REFUSED = {
    '{"a":1,"a":2}': "the key 'a' is given twice",
    '{"b":{"a":1,"a":1}}': "the key 'a' is given twice",
    "[NaN]": "NaN is no number",
    "[-Infinity]": "-Infinity is no number",
    "[1e400]": "1e400 is beyond every number",
    "[9007199254740993.0]": "more digits than are kept",
    '["\\ud83d"]': "half of a surrogate pair",
    '{"\\ude00":1}': "half of a surrogate pair",
    "[" * 100_000: "too many levels",
    "[1] 2": "Extra data",
    "": "Expecting value",
}


@settings(deadline=None)
@given(VALUES)
def test_what_is_read_is_what_was_written(value: object) -> None:
    assert read(json.dumps(value)) == value


@pytest.mark.parametrize("number", [2**53 + 1, 2**63, -(10**30)])
def test_whole_numbers_are_kept_exactly(number: int) -> None:
    assert read(f"[{number}]") == [number]


def test_both_halves_of_a_pair_are_one_character() -> None:
    assert read('["\\ud83d\\ude00"]') == ["😀"]


@pytest.mark.parametrize("text", REFUSED)
def test_what_could_be_read_in_two_ways_is_refused(text: str) -> None:
    with pytest.raises(JsonInvalid, match=REFUSED[text]):
        read(text)


@pytest.mark.parametrize("text", [b"\xff", b'{"tokens":[],"tokens":[]}', b"[NaN]"])
def test_a_file_of_tokens_is_read_strictly(text: bytes, tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    file.write_bytes(text)
    with pytest.raises(TokensInvalid, match=str(file)):
        Authenticator(file)


def test_roles_given_twice_let_nobody_in(tmp_path: Path) -> None:
    text = json.dumps({"tokens": [entry("lin", ["auditor"])]})
    file = tmp_path / "tokens.json"
    file.write_text(text.replace('"roles"', '"roles": ["administrator"], "roles"', 1))
    with pytest.raises(TokensInvalid, match="'roles' is given twice"):
        Authenticator(file)


@pytest.mark.parametrize("text", ["[1]", "null", '"a"', "1"])
def test_an_object_is_expected_where_there_is_one(text: str) -> None:
    with pytest.raises(JsonInvalid, match="an object is expected"):
        mapping(text)
