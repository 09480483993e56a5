"""A diagnostic: something wrong with a plan's text, where it stands, and how to mend it."""

from __future__ import annotations

from typing import NamedTuple

from compiler.diagnostics.findings import Severity
from domain.values import Text


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
