"""The texts that the code says of itself, for the help of commands that nobody wrote by hand."""

from __future__ import annotations

import ast
import inspect
import textwrap
from functools import cache


def text_of(shape: type) -> str:
    """Return a class's own docstring, without the quotes of code."""
    return inspect.cleandoc(shape.__dict__.get("__doc__") or "")


@cache
def field_texts(shape: type) -> dict[str, str]:
    """Return the strings below a class's fields, its ancestors' first."""
    texts: dict[str, str] = {}
    for ancestor in reversed(shape.__mro__):
        if ancestor.__module__.partition(".")[0] == "domain":
            texts |= _below_fields(ancestor)
    return texts


def _below_fields(shape: type) -> dict[str, str]:
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(shape))).body
    if not isinstance(body, ast.ClassDef):
        return {}
    return {
        field.target.id: inspect.cleandoc(text.value.value)
        for field, text in zip(body.body, body.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
