"""`muster plan check`, and what its codes mean: plans looked at as a compiler looks at programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text as Shown

from compiler.analysis.failure_points import FailurePoint, failure_points
from compiler.diagnostics.diagnostic import Diagnostic
from compiler.diagnostics.findings import Kind
from compiler.driver import Inspection
from compiler.report.catalogue import CODES, nearest, printable
from compiler.report.sarif import sarif
from compiler.report.text import MEND, SOURCE, WHY, render, render_points
from domain.values import Text
from services.cli.output.answers import Output, grid
from services.cli.output.failure import Failure
from services.cli.plan.published import FileArgument, inspected
from services.cli.session.session import offline
from services.runtime.exit_codes import Exit
from services.runtime.vocabulary import Language, either

LOOKS = {"error[": "bold red", "warning[": "bold yellow"}


class Form(StrEnum):
    """How findings are written."""

    TEXT = "text"
    SARIF = "sarif"


FormOption = Annotated[
    Form, typer.Option("--format", help="sarif is for code hosts and editors (SARIF 2.1.0).")
]
BriefOption = Annotated[
    bool, typer.Option("--brief", help="Only what is wrong and where; not why, nor what hangs on.")
]
CodeArgument = Annotated[str, typer.Argument(metavar="CODE", help="As `muster plan check` says.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    for command in (check, codes, explain):
        offline(app, command.__name__)(command)


def check(
    output: Output,
    file: FileArgument,
    written: FormOption = Form.TEXT,
    *,
    brief: BriefOption = False,
) -> None:
    """Say what is wrong with a plan, where, why it matters and how to mend it. Needs no service."""
    found = inspected(file, datetime.now().astimezone().date())
    points = failure_points(found.plan) if found.plan and not brief else ()
    if written is Form.SARIF:
        output.line(sarif(found.diagnostics, output.language, version("muster")), indent=2)
    else:
        shown = _shown(found, points, file, output.language, brief=brief)
        output.show(_as_json(found, points), lambda: shown)
    if found.errors:
        raise typer.Exit(Exit.REFUSED)


def codes(output: Output) -> None:
    """List all codes that `muster plan check` prints. Needs no service."""
    zh = output.language.startswith("zh")
    rows = [(one.code, str(one.severity), one.zh if zh else one.en) for one in CODES.values()]
    output.show(
        [_as_said(one) for one in CODES.values()],
        lambda: grid(("code", "severity", "what"), rows, output.language),
    )


def explain(output: Output, code: CodeArgument) -> None:
    """Say what a code means, why it matters, how to mend it, with an example. Needs no service."""
    kind = CODES.get(code)
    if kind is None:
        meant = nearest(code)
        hint = output.said(f"是否想写 {meant}？", f"did you mean {meant}?") if meant else ""
        text = output.said(f"没有代码“{code}”", f"there is no code '{code}'")
        every = output.said("`muster plan codes` 列出全部", "`muster plan codes` lists all")
        raise Failure(Exit.USAGE, "CODE_UNKNOWN", text, hint=hint or every)
    output.show(_as_said(kind), lambda: _explained(kind, output.language))


def _shown(
    found: Inspection,
    points: Sequence[FailurePoint],
    file: Path,
    language: Language,
    *,
    brief: bool,
) -> Shown:
    errors, warnings = len(found.errors), len(found.diagnostics) - len(found.errors)
    outcome = either(
        language,
        f"{file}：{errors} 个错误，{warnings} 个警告",
        f"{file}: {_counted(errors, 'error')}, {_counted(warnings, 'warning')}",
    )
    parts = (
        render(found.diagnostics, language, explained=not brief),
        render_points(points, language),
        outcome,
    )
    text = Shown("\n\n".join(part for part in parts if part))
    for begin, look in LOOKS.items():
        text.highlight_regex(rf"(?m)^{begin[:-1]}\[[a-z-]+\]", look)
    return text


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _explained(kind: Kind, language: Language) -> str:
    parts = [f"{kind.severity}[{kind.code}]: {kind.zh if language.startswith('zh') else kind.en}"]
    named = ((WHY, kind.why), (MEND, kind.mend))
    parts += [f"{name.said_in(language)}: {said.said_in(language)}" for name, said in named if said]
    if kind.source:
        parts.append(f"{SOURCE.said_in(language)}: {kind.source}")
    if kind.example:
        leads = either(language, "例如，这样写会得到它：", "For example, this leads to it:")
        parts.append(
            "\n".join((leads, *(f"    {line}" for line in printable(kind.example).split("\n"))))
        )
    return "\n\n".join(parts)


def _as_json(found: Inspection, points: Sequence[FailurePoint]) -> dict[str, object]:
    return {
        "valid": not found.errors,
        "findings": [_finding(one) for one in found.diagnostics],
        "failure_points": [
            {
                "kind": str(one.kind),
                "name": one.name,
                "path": one.where,
                "breaks": one.breaks.model_dump(),
                "witness": list(one.witness),
            }
            for one in points
        ],
    }


def _finding(one: Diagnostic) -> dict[str, object]:
    kind = CODES[one.code]
    return {
        "code": one.code,
        "severity": one.severity,
        "file": one.file,
        "line": one.line,
        "column": one.column,
        "path": one.path,
        "message": one.message.model_dump(),
        "hint": _plain(one.hint),
        "why": _plain(kind.why),
        "mend": _plain(kind.mend),
        "source": kind.source,
    }


def _as_said(kind: Kind) -> dict[str, object]:
    return {
        "code": kind.code,
        "severity": str(kind.severity),
        "message": {"zh": kind.zh, "en": kind.en},
        "why": _plain(kind.why),
        "mend": _plain(kind.mend),
        "source": kind.source,
        "example": kind.example or None,
    }


def _plain(text: Text | None) -> object:
    return text.model_dump() if text else None
