"""The example of each kind of finding leads to it, and the plan that they change to none."""

from __future__ import annotations

from datetime import date

import pytest

from domain.plan.check import KINDS, check
from tests.domain.plan.examples import EXAMPLE_PLAN, example_with

WINTER = date(2026, 12, 15)
"""A day on which nothing in the example plan is due."""

EXEMPLIFIED = [code for code, kind in KINDS.items() if kind.example]


def test_nothing_is_wrong_with_the_example_plan() -> None:
    assert check(EXAMPLE_PLAN, WINTER) == []


@pytest.mark.parametrize("code", EXEMPLIFIED)
def test_an_example_leads_to_its_finding(code: str) -> None:
    found = check(example_with(KINDS[code].example), WINTER)
    assert code in {one.code for one in found}


@pytest.mark.parametrize("code", EXEMPLIFIED)
def test_a_finding_says_why_it_matters_and_how_to_mend_it(code: str) -> None:
    said = [KINDS[code].why, KINDS[code].mend]
    assert all(text and text.zh and text.en for text in said)
