"""Writes the reference pages that come from the code: `python -m tests.docs.reference`."""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from google.rpc import code_pb2
from muster.v1 import errors_pb2, options_pb2
from pydantic import BaseModel, SecretStr

from compiler.check import KINDS
from compiler.diagnostics.faults import FAULTS
from compiler.diagnostics.findings import Kind
from compiler.report.catalogue import printable
from compiler.syntax.json_schema import plan_schema
from services.runtime.sentences import SENTENCES
from services.runtime.settings.settings import Section, Settings
from tests.docs.language import language

FOLDER = Path(__file__).parents[2] / "docs" / "reference"

ERRORS = """# Error reasons

Made from `protos/muster/v1/errors.proto` by `python -m tests.docs.reference`; a test keeps it true.

Every error is a `google.rpc.Status` with one `ErrorInfo` of the domain `muster`, whose `reason` is
one of these, and a text in the language of the call's `accept-language`. `{name}` stands for an
entry of the error's metadata.

A status takes at most 6,000 bytes in a call's trailers, so that every client can read it. Where
more is wrong than fits, the first violations are named, and the entries of the `ErrorInfo` say the
rest: `violations` how many there are, `left_off` how many are not named, `cut` which entries are
not whole, `names_all` the method that names all (`CheckPlan` with the document; `Submit` with the
same command).

| reason | code | 中文 | English |
| --- | --- | --- | --- |
"""

SETTINGS = """# Settings

Made from `services/runtime/settings/` by `python -m tests.docs.reference`; a test keeps it true.

In the environment a setting is `MUSTER_SECTION__NAME`, in `muster.toml` it is `name` under
`[section]`; the environment wins. `muster config show` prints what is in force, secrets hidden.

| setting | default | what it is |
| --- | --- | --- |
"""


FACTS = """# Facts

Made from `services/runtime/sentences.py` by `python -m tests.docs.reference`; a test keeps it true.
`{name}` stands for a field of the fact.

| fact | 中文 | English |
| --- | --- | --- |
"""

CODES_HEAD = """# Codes of `muster plan check`

Made from `compiler/report/catalogue.py` by `python -m tests.docs.reference`; a test keeps it true.

An error keeps a plan from coming into force, a warning does not. `{name}` stands for what was
found. The examples of the first part are whole texts; those of the second are changes to
[the example plan](example-plan.yaml), a line each: a JSON pointer, and what stands there instead
(`-` takes it away, a pointer that ends in `/-` adds to a list). A test applies each of them and
finds its code.

`muster plan explain CODE` says the same on the command line, in Chinese or in English.
"""


def schema() -> str:
    """Return the JSON Schema of a plan."""
    return json.dumps(plan_schema(), ensure_ascii=False, indent=2) + "\n"


def codes() -> str:
    """Return the page of the codes of a plan's check."""
    read = "".join(_code(kind) for kind in FAULTS.values())
    meant = "".join(_code(kind) for kind in KINDS.values())
    return f"{CODES_HEAD}\n## While reading\n{read}\n## In what was read\n{meant}"


def _code(kind: Kind) -> str:
    said = f"\n### {kind.code}\n\n{kind.severity}: {kind.en}  \n{kind.zh}\n"
    assert kind.why is not None
    assert kind.mend is not None
    why = f"\n{kind.why.en} {kind.mend.en}  \n{kind.why.zh}{kind.mend.zh}\n"
    source = f"\nSource: {kind.source}\n" if kind.source else ""
    example = f"\n```yaml\n{printable(kind.example)}\n```\n" if kind.example else ""
    return said + why + source + example


def facts() -> str:
    """Return the page of what each fact says."""
    rows = (f"| `{kind}` | {said.zh} | {said.en} |\n" for kind, said in SENTENCES.items())
    return FACTS + "".join(rows)


def errors() -> str:
    """Return the page of the error reasons."""
    values = errors_pb2.ErrorReason.DESCRIPTOR.values[1:]
    return ERRORS + "".join(_error(value) for value in values)


def settings() -> str:
    """Return the page of the settings."""
    return SETTINGS + "".join(_rows(Settings, ()))


def _error(value: Any) -> str:
    said = value.GetOptions().Extensions[options_pb2.error]
    reason = value.name.removeprefix("ERROR_REASON_")
    code = code_pb2.Code.Name(said.code)
    return f"| `{reason}` | {code} | {said.zh} | {said.en} |\n"


def _rows(shape: type[BaseModel], path: tuple[str, ...]) -> Iterator[str]:
    told = _docstrings(shape)
    for name, field in shape.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, Section):
            yield from _rows(section, (*path, name))
            continue
        default = (
            "" if field.is_required() else _shown(field.get_default(call_default_factory=True))
        )
        yield f"| `{'.'.join((*path, name))}` | {default} | {told.get(name, '')} |\n"


def _shown(default: object) -> str:
    match default:
        case None:
            return "none"
        case SecretStr():
            return "a secret"
        case (_, *_):
            return ", ".join(f"`{one}`" for one in default)
        case _:
            return f"`{default}`"


def _docstrings(shape: type[BaseModel]) -> dict[str, str]:
    """Return what stands below each field."""
    body = ast.parse(inspect.getsource(shape)).body[0].body  # type: ignore[attr-defined] # a class
    told = {}
    for field, below in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr):
            text = ast.literal_eval(below.value)
            told[field.target.id] = " ".join(text.split())  # type: ignore[union-attr] # a name
    return told


def main() -> None:
    """Write the pages."""
    (FOLDER / "errors.md").write_text(errors(), encoding="utf-8")
    (FOLDER / "settings.md").write_text(settings(), encoding="utf-8")
    (FOLDER / "facts.md").write_text(facts(), encoding="utf-8")
    (FOLDER / "plan-codes.md").write_text(codes(), encoding="utf-8")
    (FOLDER / "plan-language.md").write_text(language(), encoding="utf-8")
    (FOLDER / "plan.schema.json").write_text(schema(), encoding="utf-8")


if __name__ == "__main__":
    main()
