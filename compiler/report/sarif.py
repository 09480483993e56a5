"""Diagnostics in SARIF 2.1.0, which code hosts and editors show beside the lines."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from compiler.report.catalogue import CODES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compiler.diagnostics.diagnostic import Diagnostic
    from compiler.diagnostics.findings import Kind

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def sarif(diagnostics: Sequence[Diagnostic], language: str, version: str) -> dict[str, Any]:
    """Return one run of the check. Columns count Unicode code points, from 1."""
    codes = sorted({one.code for one in diagnostics})
    driver = {
        "name": "muster plan check",
        "semanticVersion": version,
        "rules": [_rule(CODES[code], language) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "language": "zh-CN" if language.startswith("zh") else "en-US",
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, codes.index(one.code), language) for one in diagnostics],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(kind: Kind, language: str) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "id": kind.code,
        "shortDescription": {"text": kind.zh if language.startswith("zh") else kind.en},
        "defaultConfiguration": {"level": str(kind.severity)},
    }
    if kind.why:
        rule["fullDescription"] = {"text": kind.why.said_in(language)}
    if kind.mend:
        rule["help"] = {"text": kind.mend.said_in(language)}
    if kind.source:
        rule["properties"] = {"source": kind.source}
    return rule


def _result(one: Diagnostic, number: int, language: str) -> dict[str, Any]:
    hint = f" ({one.hint.said_in(language)})" if one.hint else ""
    region = {
        "startLine": one.line,
        "startColumn": one.column,
        "endColumn": one.column + max(1, one.length),
    }
    place: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": {"uri": _uri(one.file)}, "region": region}
    }
    if one.path:
        place["logicalLocations"] = [{"fullyQualifiedName": one.path, "kind": "member"}]
    return {
        "ruleId": one.code,
        "ruleIndex": number,
        "level": str(one.severity),
        "message": {"text": f"{one.message.said_in(language)}{hint}"},
        "locations": [place],
    }


def _uri(file: str) -> str:
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
