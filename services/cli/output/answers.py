"""How answers are shown: tables for people, JSON for programs; errors beside them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from domain.texts import visible
from services.cli.input.options import plain_name
from services.cli.output.failure import Failure
from services.cli.output.terminal import Terminal, as_json
from services.runtime.vocabulary import Language, either, heading

PIPE_WIDTH = 160
"""Columns of a table that goes to a file or a pipe, unless COLUMNS says otherwise."""


@dataclass(frozen=True)
class Output:
    """Where a command's answer goes, and in which form."""

    language: Language
    as_json: bool

    @property
    def console(self) -> Terminal:
        """Return what people read; what they wrote in brackets is no markup."""
        told = sys.stdout.isatty() or "COLUMNS" in os.environ
        return Terminal(width=None if told else PIPE_WIDTH, highlight=False, markup=False)

    def show(self, answer: object, table: Callable[[], RenderableType]) -> None:
        """Show an answer: as JSON, or as what the function makes of it."""
        if self.as_json:
            self.line(answer, indent=2)
        else:
            self.console.print(table())

    def verbatim(self, answer: object, text: str) -> None:
        """Show what other programs read, too: its lines are not broken, however wide they are."""
        if self.as_json:
            self.line(answer, indent=2)
        else:
            self.console.print(Text(text), soft_wrap=True)

    def line(self, answer: object, indent: int | None = None) -> None:
        """Write one JSON value."""
        sys.stdout.write(as_json(plain(answer), indent) + "\n")
        sys.stdout.flush()

    def fail(self, failure: Failure) -> None:
        """Say what went wrong, on the error stream."""
        self._report(failure, "error")

    def warn(self, warning: Failure) -> None:
        """Say what is wrong beside what was asked, on the error stream."""
        self._report(warning, "warning")

    def _report(self, failure: Failure, kind: str) -> None:
        if self.as_json:
            sys.stderr.write(as_json({kind: failure.as_json()["error"]}) + "\n")
            return
        console = Terminal(stderr=True, highlight=False, soft_wrap=True)
        console.print(Text.assemble((f"{failure.reason}: ", "bold red"), failure.text))
        for name, value in {**failure.details, **failure.fields}.items():
            console.print(Text.assemble((f"  {name}: ", "dim"), value))
        if failure.hint:
            console.print(Text(f"  {failure.hint}", style="dim"))

    def said(self, zh: str, en: str) -> str:
        """Return a text in the language of the answer."""
        return either(self.language, zh, en)


def plain(answer: object) -> object:
    """Return what JSON can say of an answer; messages with the names of the contract."""
    match answer:
        case Message():
            return MessageToDict(
                answer, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
            )
        case Mapping():
            return {name: plain(value) for name, value in answer.items()}
        case str() | bytes():
            return answer
        case Sequence():
            return [plain(value) for value in answer]
        case _:
            return answer


def grid(
    columns: Sequence[str],
    rows: Iterable[Sequence[RenderableType]],
    language: Language,
    title: str | None = None,
) -> Table:
    """Lay rows out under headings."""
    table = Table(title=title, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(heading(column, language), overflow="fold", no_wrap=number == 0)
    for row in rows:
        table.add_row(*(visible(cell) if isinstance(cell, str) else cell for cell in row))
    return table


def named(message: Message, field: str) -> str:
    """Return the value of an enum's field as people write it."""
    kind: Any = message.DESCRIPTOR.fields_by_name[field].enum_type
    return plain_name(kind, getattr(message, field))
