"""The compiler's driver: reads a plan's text, checks it, and locates each diagnostic."""

from __future__ import annotations

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from dataclasses import dataclass
from errno import ENOENT
from functools import cached_property
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from compiler.check import Finding, Severity, check
from compiler.diagnostics.diagnostic import Diagnostic
from compiler.diagnostics.faults import Fault, said
from compiler.syntax import yaml
from compiler.syntax.folder import merged
from compiler.syntax.validation import Diagnosis, diagnose, meant, unseen
from compiler.syntax.yaml import Document, Position, SyntaxFault
from domain.plan.model.plan import Plan

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Mapping, Sequence
    from datetime import date

    from domain.values import Text

DIAGNOSTICS_MAX = 100
"""Diagnostics of one file; whoever has more mends these first."""

FILES_MAX = 100
"""Files of one plan."""


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
    return inspect_all({name: source}, on)


def inspect_all(sources: Mapping[str, str | bytes], on: date | None = None) -> Inspection:
    """Do the same for a plan in several files, by name; each holds some of its keys."""
    opened = [_opened(name, source, n) for n, (name, source) in enumerate(sources.items())]
    pages = [page for page, _ in opened]
    faults = [page.misread(read) for page, read in opened if isinstance(read, SyntaxFault)]
    if faults:
        return Inspection(None, faults)
    documents = [read for _, read in opened if isinstance(read, Document)]
    try:
        yaml.limit("".join(page.text for page in pages))
        document = merged(documents, [*sources]) if len(pages) > 1 else documents[0]
    except SyntaxFault as misread:
        return Inspection(None, [pages[misread.spot.page].misread(misread)])
    return _understood(document, pages, on)


def inspect_file(path: pathlib.Path, on: date | None = None) -> Inspection:
    """Read a plan's file; no more of it than a plan may have. OSError if it can't be read."""
    return inspect(_bytes(path), str(path), on)


def inspect_folder(path: pathlib.Path, on: date | None = None) -> Inspection:
    """Read a plan that is a folder of YAML files. OSError if one can't be read, or none is there.

    Files are taken in the order of their names; what is hidden, and folders in it, are left alone.
    """
    files = sorted(one for one in path.glob("*.y*ml") if not one.name.startswith("."))
    if not files or len(files) > FILES_MAX:
        raise FileNotFoundError(
            ENOENT, f"a plan's folder holds 1 to {FILES_MAX} YAML files", str(path)
        )
    return inspect_all({str(file): _bytes(file) for file in files}, on)


def shipped() -> Mapping[str, str]:
    """Return the texts of the plans that ship with the product, by the plan's id."""
    return {
        file.name.removesuffix(".yaml"): file.read_text(encoding="utf-8")
        for file in sorted(resources.files("plans").iterdir(), key=lambda file: file.name)
        if file.name.endswith(".yaml")
    }


@dataclass(frozen=True)
class _Page:
    """A file's text, to point at."""

    name: str
    text: str

    @cached_property
    def lines(self) -> Sequence[str]:
        return yaml.LINE_BREAK.split(self.text)

    def misread(self, misread: SyntaxFault) -> Diagnostic:
        message = said(misread.fault, **misread.found)
        return self.at(misread.spot, misread.fault, message)

    def at(  # noqa: PLR0913 - one place to make what has eight fields
        self,
        spot: Position,
        code: str,
        message: Text,
        *,
        path: str = "",
        hint: Text | None = None,
        severity: Severity = Severity.ERROR,
    ) -> Diagnostic:
        is_within = spot.line <= len(self.lines)  # libyaml ends one line further, where none ends
        line, column, length, _ = spot if is_within else yaml.after(self.text)
        shown = self.lines[line - 1]
        return Diagnostic(
            code, severity, self.name, line, column, length, path, message, hint, shown
        )


def _opened(name: str, source: str | bytes, page: int) -> tuple[_Page, Document | SyntaxFault]:
    text = ""
    try:
        yaml.limit(source)
        text = source if isinstance(source, str) else source.decode("utf-8-sig")
        return _Page(name, text), yaml.read(text, page)
    except UnicodeDecodeError as error:
        readable = error.object[: error.start].decode(errors="replace")
        spot, likely = yaml.after(readable, page), _likely(error.object)
        return _Page(name, readable), SyntaxFault(Fault.NOT_UTF8, spot, likely=likely)
    except SyntaxFault as misread:
        return _Page(name, text), misread


def _likely(source: bytes) -> str:
    """Return the encoding that a text was probably saved in."""
    if source.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return "UTF-16"
    try:
        source.decode("gb18030")
    except UnicodeDecodeError:
        return "binary" if b"\0" in source else "ISO 8859-1"
    return "GBK (GB 18030)"


def _bytes(path: pathlib.Path) -> bytes:
    with path.open("rb") as file:
        return file.read(yaml.SIZE_MAX + 1)


def _understood(document: Document, pages: Sequence[_Page], on: date | None) -> Inspection:
    try:
        found = [*unseen(document.plain)]
        plan = Plan.model_validate(document.plain)
    except ValidationError as error:
        found += diagnose(error.errors(include_url=False))
    if found:
        return Inspection(None, _in_order([_fault(pages, document, one) for one in found], pages))
    findings = [_finding(pages, document, one) for one in check(plan, on)]
    return Inspection(plan, _in_order(findings, pages))


def _fault(pages: Sequence[_Page], document: Document, fault: Diagnosis) -> Diagnostic:
    spot = document.spot(fault.path, key=fault.at_key)
    path = "".join(f"/{step}" for step in fault.path)
    return pages[spot.page].at(spot, fault.fault, fault.what, path=path, hint=fault.hint)


def _finding(pages: Sequence[_Page], document: Document, found: Finding) -> Diagnostic:
    spot = document.spot(document.path(found.where))
    return pages[spot.page].at(
        spot,
        found.code,
        found.what,
        path=found.where,
        hint=meant(found.meant),
        severity=found.severity,
    )


def _in_order(diagnostics: Sequence[Diagnostic], pages: Sequence[_Page]) -> Sequence[Diagnostic]:
    """Return them as they stand in the files; of too many the errors."""
    place = {page.name: n for n, page in enumerate(pages)}
    ordered = sorted(diagnostics, key=lambda one: (place[one.file], one.line, one.column, one.code))
    numbered = sorted(enumerate(ordered), key=lambda one: not one[1].is_error)[:DIAGNOSTICS_MAX]
    return [one for _, one in sorted(numbered, key=lambda one: one[0])]
