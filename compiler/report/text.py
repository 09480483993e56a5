"""Diagnostics as a good compiler prints them: the line, what is meant, why, and what to do."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from compiler.report.catalogue import CODES
from domain.texts import visible
from domain.values import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from compiler.analysis.failure_points import FailurePoint
    from compiler.diagnostics.diagnostic import Diagnostic

LINE_SHOWN_MAX = 200
"""Characters of a line that are shown."""

WHY, MEND, SOURCE = Text.of("原因", "why"), Text.of("改法", "mend"), Text.of("依据", "source")
HANGS_ON = Text.of(
    "预案系于下列单点，失去其一即受影响：",
    "The plan hangs on each of these alone (single points of failure):",
)


def render(
    diagnostics: Sequence[Diagnostic], language: str = "en", *, explained: bool = False
) -> str:
    """Return diagnostics as text; explained with why and how to mend each code's first one."""
    seen: set[str] = set()
    parts = []
    for one in diagnostics:
        notes = _notes(one, language) if explained and one.code not in seen else ()
        parts.append("\n".join((*_rendered(one, language), *notes)))
        seen.add(one.code)
    return visible("\n\n".join(parts))


def render_points(points: Sequence[FailurePoint], language: str) -> str:
    """Return what a plan hangs on, each with how it comes to that."""
    if not points:
        return ""
    told = [
        f"  {one.kind}/{one.name}: {one.breaks.said_in(language)}\n    {' → '.join(one.witness)}"
        for one in points
    ]
    return "\n".join((HANGS_ON.said_in(language), *told))


def _rendered(one: Diagnostic, language: str) -> Iterator[str]:
    gutter = _gutter(one)
    shown = one.shown[:LINE_SHOWN_MAX]
    before = shown[: one.column - 1]
    under = shown[one.column - 1 : one.column - 1 + one.length]
    marks = " " * _width(before) + "^" * max(1, _width(under))
    hint = f" {one.hint.said_in(language)}" if one.hint else ""
    at = f" ({one.path})" if one.path else ""
    yield f"{one.severity}[{one.code}]: {one.message.said_in(language)}"
    yield f"{gutter}--> {one.file}:{one.line}:{one.column}{at}"
    yield f"{gutter} |"
    yield f"{one.line} | {shown.expandtabs(1)}"
    yield f"{gutter} | {marks}{hint}"


def _notes(one: Diagnostic, language: str) -> Iterator[str]:
    kind, gutter = CODES[one.code], _gutter(one)
    for name, text in ((WHY, kind.why), (MEND, kind.mend)):
        if text:
            yield f"{gutter} = {name.said_in(language)}: {text.said_in(language)}"
    if kind.source:
        yield f"{gutter} = {SOURCE.said_in(language)}: {kind.source}"


def _gutter(one: Diagnostic) -> str:
    return " " * len(str(one.line))


def _width(text: str) -> int:
    """Return the columns that a terminal gives a text: two for a Chinese character."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)
