"""The example of each kind of finding leads to it, and the plan that they change to none."""

from __future__ import annotations

import re
from datetime import date

import pytest

from compiler.check import KINDS, check
from tests.compiler.examples import EXAMPLE_PLAN, example_with

WINTER = date(2026, 12, 15)
"""A day on which nothing in the example plan is due."""

TAKES_THOUSANDS = {"too-much-at-once"}
"""Of tasks, to be found: no example is written; `rules/test_size` makes them."""

FIELD = re.compile(r"\{\w+\}")


def test_nothing_is_wrong_with_the_example_plan() -> None:
    assert check(EXAMPLE_PLAN, WINTER) == []


@pytest.mark.parametrize("code", sorted(KINDS.keys() - TAKES_THOUSANDS))
def test_an_example_leads_to_its_finding(code: str) -> None:
    found = check(example_with(KINDS[code].example), WINTER)
    assert code in {one.code for one in found}


@pytest.mark.parametrize("code", [*KINDS])
def test_a_finding_says_why_it_matters_and_how_to_mend_it(code: str) -> None:
    said = [KINDS[code].why, KINDS[code].mend]
    assert all(text and text.zh and text.en for text in said)


@pytest.mark.parametrize("code", [*KINDS])
def test_a_kind_says_the_same_of_what_was_found_in_both_languages(code: str) -> None:
    kind = KINDS[code]
    assert sorted(FIELD.findall(kind.zh)) == sorted(FIELD.findall(kind.en))
    assert kind.zh != kind.en


@pytest.mark.parametrize("code", [*KINDS])
def test_why_and_how_are_whole_sentences(code: str) -> None:
    said = [text for text in (KINDS[code].why, KINDS[code].mend) if text]
    assert all(text.said_in("zh").endswith("。") for text in said)
    assert all(text.said_in("en").endswith(".") for text in said)


def test_a_code_is_written_as_all_codes_are() -> None:
    assert [code for code in KINDS if not re.fullmatch(r"[a-z][a-z-]+[a-z]", code)] == []
    assert len(KINDS) >= 60
