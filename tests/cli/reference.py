"""Writes docs/reference/cli.md from the command line itself: `python -m tests.cli.reference`."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from services.cli.main import command_line
from services.cli.session.session import COMMON
from services.runtime import exit_codes
from services.runtime.exit_codes import Exit

FILE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"

HEAD = """# The command line

Made from the command line itself by `python -m tests.cli.reference`; a test keeps it true.
`muster COMMAND --help` says more.

Answers are tables for people; with `-o json` they are JSON for programs, with the field names of
the contract, on the output stream. What went wrong is on the error stream: a reason for programs,
a text in Chinese or English, the details, and what would be right; with `-o json` as
`{"error": {"reason", "text", "details", "fields", "hint"}}`. A reason is a value of
`muster.v1.ErrorReason`, or one of the command line's own (`NOT_RUNNING`, `FILE_UNREADABLE`,
`ROLE_UNKNOWN`, …).

Without `--address` and a token, the stack that runs in `.muster/` is used, with the token of the
role that the command needs; `--as commander` chooses another.
"""


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Return every command with the words that ask for it."""
    for name, command in sorted(group.commands.items()):
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


def every_command() -> list[tuple[tuple[str, ...], Any]]:
    """Return every command of `muster`."""
    return list(commands(typer.main.get_command(command_line())))


def exit_texts() -> dict[Exit, str]:
    """Return what the code says of each exit code."""
    (body,) = ast.parse(inspect.getsource(exit_codes.Exit)).body
    assert isinstance(body, ast.ClassDef)
    return {
        Exit[field.targets[0].id]: inspect.cleandoc(text.value.value)
        for field, text in zip(body.body, body.body[1:], strict=False)
        if isinstance(field, ast.Assign)
        and isinstance(field.targets[0], ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


def reference() -> str:
    """Return the whole page."""
    lines = [HEAD, "## Exit codes\n", "| code | name | when |", "| ---: | --- | --- |"]
    lines += [f"| {one.value} | {one.name} | {text} |" for one, text in exit_texts().items()]
    lines += ["\n## Options of every command that asks the service\n", "| option | what |"]
    lines += ["| --- | --- |"]
    for shape, _ in COMMON.values():
        (option,) = shape.__metadata__
        env = f" (`{option.envvar}`)" if option.envvar else ""
        flags = " ".join((str(option.default), *(option.param_decls or ())))
        lines.append(f"| `{flags}` | {option.help}{env} |")
    lines += ["\n## Commands\n", "| command | what |", "| --- | --- |"]
    for words, command in every_command():
        about = " ".join((command.help or "").split("\n\n")[0].split())
        lines.append(f"| `muster {' '.join(words)}` | {about} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(reference(), encoding="utf-8")
