"""The shape of a plan as JSON Schema, for editors that complete and check what somebody writes.

Made from the models that read plans: what they refuse of a shape, the schema refuses. What the
parts say together is for `muster plan check` to find.
"""

from __future__ import annotations

import ast
import inspect
from datetime import timedelta
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema

from domain.plan.model.notation import spelled
from domain.plan.model.plan import Plan
from domain.values import ResponseLevel, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import core_schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SPAN = r"^\s*[0-9]{1,9}\s*(s|min|h|d)\s*$|^P"
"""`90 s`, `3 min`, `1 h`, `30 d`, or ISO 8601."""
NEEDLESS = frozenset({"title", "gt", "le"})
LEVELS = [*ResponseLevel.__members__, *(level.value for level in ResponseLevel)]


def plan_schema() -> dict[str, Any]:
    """Return the schema of a plan (draft 2020-12)."""
    made = Plan.model_json_schema(schema_generator=_AsWritten)
    for name, model in models().items():
        shape = made if model is Plan else made["$defs"][name]
        _describe(shape, model)
    return {"$schema": DIALECT, "title": "A plan of Muster", **_tidied(made)}


@cache
def models() -> dict[str, type[Value]]:
    """Return the models that a plan is made of, by name; the plan's own first."""
    known: dict[str, type[Value]] = {}
    open_: list[type[Value]] = [Plan]
    while open_:
        model = open_.pop(0)
        if model.__name__ not in known:
            known[model.__name__] = model
            open_ += [inner for one in model.model_fields.values() for inner in _in(one.annotation)]
    return known


@cache
def told(model: type[Value]) -> dict[str, str]:
    """Return what stands below each field of a model."""
    body = ast.parse(inspect.getsource(model)).body[0]
    assert isinstance(body, ast.ClassDef)  # noqa: S101 - the source of a class
    return dict(_said(body.body))


def _said(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for field, below in pairwise(body):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str() as text)),
            ):
                yield name, " ".join(text.split())


def _in(annotation: Any) -> Iterator[type[Value]]:
    """Yield the models in a field's type."""
    if isinstance(annotation, type) and issubclass(annotation, Value):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _in(inner)


class _AsWritten(GenerateJsonSchema):
    """Says of spans and levels how they are written in a plan."""

    def timedelta_schema(self, schema: core_schema.TimedeltaSchema) -> dict[str, Any]:
        del schema
        return {"type": "string", "pattern": SPAN, "examples": ["90 s", "3 min", "1 h", "30 d"]}

    def enum_schema(self, schema: core_schema.EnumSchema) -> dict[str, Any]:
        if schema["cls"] is ResponseLevel:
            return {"title": "ResponseLevel", "enum": LEVELS}
        return super().enum_schema(schema)

    def encode_default(self, dft: Any) -> Any:
        match dft:
            case timedelta():
                return spelled(dft)
            case tuple() if dft and isinstance(dft[0], ResponseLevel):
                return [level.name for level in dft]
            case _:
                return super().encode_default(dft)


def _describe(shape: dict[str, Any], model: type[Value]) -> None:
    for name, text in told(model).items():
        if name in shape["properties"]:
            shape["properties"][name]["description"] = text


def _tidied(value: Any) -> Any:
    """Return a schema without what only repeats names, or is no keyword; keys checked, too."""
    match value:
        case {"properties": dict(properties), **rest}:
            shown = {name: _tidied(inner) for name, inner in properties.items()}
            return {**_tidied(rest), "properties": shown}
        case {"patternProperties": dict(), **_rest} if "additionalProperties" not in value:
            return _tidied({**value, "additionalProperties": False})
        case dict():
            return {name: _tidied(inner) for name, inner in value.items() if name not in NEEDLESS}
        case list():
            return [_tidied(inner) for inner in value]
        case _:
            return value
