"""Filters of lists, as people write them (a subset of AIP-160), made into SQL.

    phase = response AND (venue = "mall-1" OR NOT mode = exercise) AND open_tasks > 3

As AIP-160 has it, OR binds tighter than AND. What was written only ever becomes a parameter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

FILTER_LENGTH_MAX = 2_000
"""Characters of a filter."""

CONDITIONS_MAX = 50
DEPTH_MAX = 20
"""Brackets inside each other."""

COMPARATORS = {
    "=": "IS NOT DISTINCT FROM",
    "!=": "IS DISTINCT FROM",
    "<": "<",
    "<=": "<=",
    ">": ">",
    ">=": ">=",
}

_TOKEN = re.compile(
    r'\s*(?:(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<mark><=|>=|!=|[=<>()])|(?P<word>[^\s=<>!()"]+))'
)


class FilterInvalid(ValueError):
    """A filter or an order can't be read."""

    def __init__(self, problem: str, column: int) -> None:
        super().__init__(problem)
        self.problem = problem
        self.column = column
        """The character, from 1; 0 where it is about the whole."""


class Field(NamedTuple):
    """Something that a list can be filtered and ordered by."""

    column: str
    """Our own SQL."""
    kind: str
    """The type in SQL."""
    read: Callable[[str], object]
    """Makes a value of what was written. ValueError saying what it should be."""
    last: str | None = None
    """SQL for where rows without it are sorted; None for a column that is never NULL."""

    @property
    def sortable(self) -> str:
        """Return SQL that is never NULL."""
        return self.column if self.last is None else f"coalesce({self.column}, {self.last})"


class Condition(NamedTuple):
    """A condition in SQL, and its arguments."""

    sql: str
    arguments: Sequence[object]


class _Token(NamedTuple):
    text: str
    kind: str
    column: int


def condition(text: str, fields: Mapping[str, Field]) -> Condition:
    """Return what a filter means, counting its arguments from $1; an empty one is always true.

    Raises FilterInvalid.
    """
    tokens = _tokens(text)
    if not tokens:
        return Condition("true", [])
    reading = _Reading(tokens, fields)
    sql = reading.expression(0)
    if left := reading.next:
        raise FilterInvalid(f"AND or OR expected, not {left.text!r}", left.column)
    return Condition(sql, reading.arguments)


def word(text: str) -> str:
    """Read a word, or a text in quotes."""
    return text


def number(text: str) -> int:
    """Read a whole number."""
    if not re.fullmatch(r"-?\d{1,18}", text, re.ASCII):
        raise ValueError("a whole number")
    return int(text)


def instant(text: str) -> datetime:
    """Read a moment with its offset."""
    wanted = "a moment with its offset, such as 2026-01-01T00:00:00Z"
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(wanted) from None
    if read.tzinfo is None:
        raise ValueError(wanted)
    return read


def one_of(words: Sequence[str]) -> Callable[[str], object]:
    """Return what reads one of some words, in capitals or not."""

    def read(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"one of {', '.join(words)}")
        return text.lower()

    return read


class _Reading:
    """Reads tokens from left to right."""

    def __init__(self, tokens: Sequence[_Token], fields: Mapping[str, Field]) -> None:
        self._tokens = tokens
        self._fields = fields
        self._at = 0
        self.arguments: list[object] = []

    @property
    def next(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def expression(self, depth: int) -> str:
        if depth > DEPTH_MAX:
            raise FilterInvalid(f"more than {DEPTH_MAX} inside each other", self._column)
        parts = [self._alternatives(depth)]
        while self._skips("AND"):
            parts.append(self._alternatives(depth))
        return f"({' AND '.join(parts)})"

    def _alternatives(self, depth: int) -> str:
        parts = [self._term(depth)]
        while self._skips("OR"):
            parts.append(self._term(depth))
        return f"({' OR '.join(parts)})"

    def _term(self, depth: int) -> str:
        negated = False
        while self._skips("NOT"):
            negated = not negated
        if self._skips("("):
            inner = self.expression(depth + 1)
            if not self._skips(")"):
                raise FilterInvalid("a closing bracket is missing", self._column)
        else:
            inner = self._restriction()
        return f"(NOT {inner})" if negated else inner

    def _restriction(self) -> str:
        name = self._take("the name of a field")
        field = self._fields.get(name.text)
        if field is None or name.kind != "word":
            known = ", ".join(self._fields)
            raise FilterInvalid(f"{name.text!r} is not a field; fields: {known}", name.column)
        comparator = self._take("=, !=, <, <=, > or >=")
        if comparator.text not in COMPARATORS or comparator.kind != "mark":
            raise FilterInvalid("=, !=, <, <=, > or >= expected", comparator.column)
        value = self._take("a value")
        if value.kind == "mark":
            raise FilterInvalid("a value expected; put marks in quotes", value.column)
        if len(self.arguments) == CONDITIONS_MAX:
            raise FilterInvalid(f"more than {CONDITIONS_MAX} conditions", value.column)
        try:
            self.arguments.append(field.read(value.text))
        except ValueError as error:
            raise FilterInvalid(f"{value.text!r} is not {error}", value.column) from None
        place = f"${len(self.arguments)}::{field.kind}"
        return f"coalesce({field.column} {COMPARATORS[comparator.text]} {place}, false)"

    def _take(self, wanted: str) -> _Token:
        token = self.next
        if token is None:
            raise FilterInvalid(f"{wanted} expected", self._column)
        self._at += 1
        return token

    def _skips(self, text: str) -> bool:
        token = self.next
        found = token is not None and token.text == text and token.kind != "quoted"
        self._at += found
        return found

    @property
    def _column(self) -> int:
        last = self._tokens[-1]
        return self.next.column if self.next else last.column + len(last.text)


def _tokens(text: str) -> Sequence[_Token]:
    if len(text) > FILTER_LENGTH_MAX:
        raise FilterInvalid(f"longer than {FILTER_LENGTH_MAX} characters", FILTER_LENGTH_MAX)
    text = text.rstrip()
    tokens, at = [], 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise FilterInvalid("this can't be read; a quote may be missing", at + 1)
        kind = str(found.lastgroup)
        inside = found[kind]
        if kind == "quoted":
            inside = re.sub(r"\\(.)", r"\1", inside[1:-1])
        tokens.append(_Token(inside, kind, found.start(kind) + 1))
        at = found.end()
    return tokens
