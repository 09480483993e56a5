"""A plan's YAML file: read, checked, and its faults where they stand."""

from __future__ import annotations

import re
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from domain.plan.check import Finding, Severity, check
from domain.plan.model import Plan
from services import plan_yaml
from services.plan_diagnosis import Diagnosis, diagnose, meant
from services.plan_faults import Fault, said
from services.plan_yaml import Document, Misread, Spot

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Mapping, Sequence
    from datetime import date

    from domain.values import Text

DIAGNOSTICS_MAX = 100
"""Diagnostics of one file; whoever has more mends these first."""

LINE_BREAK = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
"""What YAML counts as the end of a line."""


class Diagnostic(NamedTuple):
    """Something wrong with a plan's file, where it stands, and how to mend it."""

    code: str
    severity: Severity
    file: str
    line: int
    column: int
    length: int
    """Characters to underline."""
    path: str
    """A JSON pointer to the field: `/tasks/3/post`; empty for the file as a whole."""
    message: Text
    hint: Text | None
    shown: str
    """The line."""

    @property
    def is_error(self) -> bool:
        """Tell whether the plan can't come into force with it."""
        return self.severity is Severity.ERROR


class Inspection(NamedTuple):
    """What was read: the plan if it has a plan's shape, and all that is wrong with it."""

    plan: Plan | None
    diagnostics: Sequence[Diagnostic]

    @property
    def errors(self) -> Sequence[Diagnostic]:
        """Return what keeps the plan from coming into force."""
        return [diagnostic for diagnostic in self.diagnostics if diagnostic.is_error]


def read_plan(text: str, name: str) -> Plan | Sequence[Diagnostic]:
    """Return the plan in a text, or all that is wrong with it."""
    found = inspect(text, name)
    return found.diagnostics if found.errors or found.plan is None else found.plan


def inspect(source: str | bytes, name: str, on: date | None = None) -> Inspection:
    """Read a plan's text and look at all of it, also for what is over by a day."""
    try:
        plan_yaml.limit(source)
        text = source if isinstance(source, str) else source.decode("utf-8-sig")
        document = plan_yaml.read(text)
    except UnicodeDecodeError as error:
        readable = error.object[: error.start].decode(errors="replace")
        spot = Spot(readable.count("\n") + 1, len(readable) - readable.rfind("\n"))
        return Inspection(None, [_Page(name, readable).misread(Misread(Fault.NOT_UTF8, spot))])
    except Misread as misread:
        shown = "" if misread.fault is Fault.TOO_LARGE else text
        return Inspection(None, [_Page(name, shown).misread(misread)])
    return _understood(document, _Page(name, text), on)


def inspect_file(path: pathlib.Path, on: date | None = None) -> Inspection:
    """Read a plan's file; no more of it than a plan may have. OSError if it can't be read."""
    with path.open("rb") as file:
        return inspect(file.read(plan_yaml.SIZE_MAX + 1), str(path), on)


def shipped() -> Mapping[str, str]:
    """Return the texts of the plans that ship with the product, by the plan's id."""
    return {
        file.name.removesuffix(".yaml"): file.read_text(encoding="utf-8")
        for file in sorted(resources.files("plans").iterdir(), key=lambda file: file.name)
        if file.name.endswith(".yaml")
    }


class _Page(NamedTuple):
    """A file's text, to point at."""

    name: str
    text: str

    def misread(self, misread: Misread) -> Diagnostic:
        message = said(misread.fault, **misread.found)
        return self.at(misread.spot, misread.fault, message)

    def at(  # noqa: PLR0913 - one place to make what has eight fields
        self,
        spot: Spot,
        code: str,
        message: Text,
        *,
        path: str = "",
        hint: Text | None = None,
        severity: Severity = Severity.ERROR,
    ) -> Diagnostic:
        lines = LINE_BREAK.split(self.text)
        shown = lines[spot.line - 1] if spot.line <= len(lines) else ""
        file, (line, column, length) = self.name, spot
        return Diagnostic(code, severity, file, line, column, length, path, message, hint, shown)


def _understood(document: Document, page: _Page, on: date | None) -> Inspection:
    try:
        plan = Plan.model_validate(document.plain)
    except ValidationError as error:
        found = diagnose(error.errors(include_url=False))
        return Inspection(None, _in_order([_fault(page, document, fault) for fault in found]))
    return Inspection(
        plan, _in_order([_finding(page, document, found) for found in check(plan, on)])
    )


def _fault(page: _Page, document: Document, fault: Diagnosis) -> Diagnostic:
    spot = document.spot(fault.path, key=fault.at_key)
    path = "".join(f"/{step}" for step in fault.path)
    return page.at(spot, fault.fault, fault.what, path=path, hint=fault.hint)


def _finding(page: _Page, document: Document, found: Finding) -> Diagnostic:
    return page.at(
        document.spot(document.path(found.where)),
        found.code,
        found.what,
        path=found.where,
        hint=meant(found.meant),
        severity=found.severity,
    )


def _in_order(diagnostics: Sequence[Diagnostic]) -> Sequence[Diagnostic]:
    ordered = sorted(diagnostics, key=lambda one: (one.line, one.column, one.code))
    errors_first = sorted(ordered, key=lambda one: not one.is_error)[:DIAGNOSTICS_MAX]
    return [one for one in ordered if one in errors_first]
