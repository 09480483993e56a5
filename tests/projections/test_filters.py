"""Filters and orders: what they mean, and what is said about those that mean nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.queries import pages
from projections.queries.filters import FilterInvalid, condition
from projections.queries.lists import FIELDS
from projections.queries.pages import PageTokenInvalid


def test_an_empty_filter_lets_all_through() -> None:
    assert condition("  ", FIELDS).sql == "true"


def test_or_binds_more_tightly_than_and() -> None:
    read = condition("mode = live AND phase = warning OR phase = Response", FIELDS)
    mode, phase, other = (
        f"coalesce({column} IS NOT DISTINCT FROM ${place}::text, false)"
        for place, column in enumerate(("mode", "phase", "phase"), start=1)
    )
    assert read.sql == f"(({mode}) AND ({phase} OR {other}))"
    assert read.arguments == ["live", "warning", "response"]


def test_levels_are_numerals_or_numbers() -> None:
    assert condition("level <= II OR level = 4", FIELDS).arguments == [2, 4]


def test_a_quoted_text_is_taken_as_it_is() -> None:
    assert condition(r'venue = "a \"b\" AND (c"', FIELDS).arguments == ['a "b" AND (c']


@pytest.mark.parametrize(
    ("text", "said", "column"),
    [
        ("colour = red", "'colour' is not a field", 1),
        ("phase = begun", "'begun' is not one of normal, warning", 9),
        ("phase", "=, !=, <, <=, > or >= expected", 6),
        ("phase = ", "a value expected", 8),
        ("phase = warning phase = response", "AND or OR expected, not 'phase'", 17),
        ("(phase = warning", "a closing bracket is missing", 17),
        ("opened_at > yesterday", "'yesterday' is not a moment", 13),
        ("version = 1.5", "'1.5' is not a whole number", 11),
        ('venue = "mall', "a quote may be missing", 8),
        ("(" * 30 + "level = 1", "more than 20 inside each other", 22),
        ("venue = " + "x" * 2_000, "longer than 2000 characters", 2_000),
    ],
)
def test_a_filter_that_means_nothing_is_explained(text: str, said: str, column: int) -> None:
    with pytest.raises(FilterInvalid) as invalid:
        condition(text, FIELDS)
    assert said in invalid.value.problem
    assert invalid.value.column == column


@given(st.text(alphabet="phase venue=<>!()\"ANDORT123'-;$\\", max_size=40))
def test_whatever_is_written_is_understood_or_refused(text: str) -> None:
    try:
        read = condition(text, FIELDS)
    except FilterInvalid:
        return
    assert ";" not in read.sql
    assert "'" not in read.sql


@pytest.mark.parametrize("text", ["colour", "phase up", "phase,,venue", ",".join(["phase"] * 9)])
def test_an_order_that_means_nothing_is_explained(text: str) -> None:
    with pytest.raises(FilterInvalid):
        pages.order(text, FIELDS, unless="opened_at", at_last="incident_id")


@pytest.mark.parametrize("token", ["x", "🚪", "bnVsbA", pages.token(["other"], ["a"])])
def test_a_token_of_something_else_is_refused(token: str) -> None:
    with pytest.raises(PageTokenInvalid):
        pages.values_of(token, ["mine"], 1)
