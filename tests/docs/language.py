"""The reference page of the language of plans, made from the models that read them."""

from __future__ import annotations

import inspect
import json
from enum import Enum
from typing import Any

from compiler.syntax.json_schema import LEVELS, SPAN, models, plan_schema
from domain.values import Value

HEAD = """# The language of plans

Made from the models that read plans by `python -m tests.docs.reference`; a test keeps it true.

A plan is YAML, in Chinese, in English or in both: one file, or a folder of files, each of which
holds some of its keys; lists may go on in the next. Editors complete and check it with
[plan.schema.json](plan.schema.json) (`muster plan schema` prints it); a first line
`# yaml-language-server: $schema=plan.schema.json` is what most of them look for.
[The example plan](example-plan.yaml) uses every part of it, `muster plan check` says what the parts
mean together ([codes](plan-codes.md)).

| written | means |
| --- | --- |
| text | `{zh: 中文, en: English}`, or one of the two |
| name | lower case letters, digits, dots, hyphens and underscores: how other parts name this one |
| span | `90 s`, `3 min`, `1 h`, `30 d`; a number without its unit is refused |
| day, hour | `2026-11-09`, `'07:30'` |
| level | `I`, `II`, `III`, `IV`; I is the highest |

A field in **bold** must be there. What is left out has the default that is shown; a default of a
duty or a figure says where it comes from.
"""

WORDS = {"string": "line", "boolean": "true or false", "null": "nothing"}


def language() -> str:
    """Return the page."""
    schema = plan_schema()
    shapes = {"Plan": schema, **schema["$defs"]}
    told = [_model(name, model, shapes[name]) for name, model in models().items() if name != "Text"]
    words = [_enum(name, _enums()[name]) for name in sorted(_enums())]
    return HEAD + "".join(told) + "\n## Words\n" + "".join(words)


def _model(name: str, model: type[Value], shape: dict[str, Any]) -> str:
    needed = shape.get("required", ())
    rows = [
        f"| {f'**`{field}`**' if field in needed else f'`{field}`'} | {_shape(one)} "
        f"| {_default(one)} | {one.get('description', '')} |\n"
        for field, one in shape["properties"].items()
    ]
    about = " ".join((inspect.getdoc(model) or "").split())
    table = "\n| field | written as | default | what it means |\n| --- | --- | --- | --- |\n"
    return f"\n## {name}\n\n{about}\n{table}{''.join(rows)}"


def _shape(shape: dict[str, Any]) -> str:  # noqa: C901, PLR0911, PLR0912 - one case a shape
    match shape:
        case {"$ref": str(ref)}:
            return _named(ref.rsplit("/", 1)[1])
        case {"anyOf": [first, *_]}:
            return _shape(first)
        case {"type": "array", "items": items}:
            return f"list of {_shape(items)}"
        case {"type": "array"}:
            return "east, north in metres"
        case {"patternProperties": values}:
            return f"name → {_shape(next(iter(values.values())))}"
        case {"additionalProperties": dict(inner)}:
            return f"level → {_shape(inner)}"
        case {"pattern": str(pattern)} if pattern == SPAN:
            return "span"
        case {"pattern": str(pattern)} if ":" in pattern:
            return "hour"
        case {"pattern": _}:
            return "name"
        case {"format": "date"}:
            return "day"
        case {"enum": choices} | {"type": "string", "enum": choices}:
            return ", ".join(f"`{one}`" for one in choices)
        case {"const": one}:
            return f"`{one}`"
        case {"type": "integer" | "number" as kind}:
            return _number("whole number" if kind == "integer" else "number", shape)
        case {"type": str(kind)}:
            return WORDS[kind]
        case _:
            return ""


def _number(called: str, shape: dict[str, Any]) -> str:
    bounds = {"exclusiveMinimum": "> ", "minimum": "≥ ", "maximum": "≤ "}
    said = [f"{sign}{shape[key]:,}" for key, sign in bounds.items() if key in shape]
    return f"{called} {', '.join(said)}".rstrip()


def _named(name: str) -> str:
    return {"Text": "text", "ResponseLevel": "level"}.get(name) or f"[{name}](#{name.lower()})"


def _default(shape: dict[str, Any]) -> str:
    default = shape.get("default")
    if default in (None, [], {}):
        return ""
    return "all levels" if default == LEVELS[:4] else f"`{json.dumps(default)}`"


def _enum(name: str, kind: type[Enum]) -> str:
    about = " ".join((inspect.getdoc(kind) or "").split())
    listed = ", ".join(f"`{one.value}`" for one in kind)
    return f"\n### {name}\n\n{about} {listed}\n"


def _enums() -> dict[str, type[Enum]]:
    found: dict[str, type[Enum]] = {}
    open_: list[Any] = [
        one.annotation for model in models().values() for one in model.model_fields.values()
    ]
    while open_:
        one = open_.pop()
        open_ += getattr(one, "__args__", ())
        if isinstance(one, type) and issubclass(one, Enum) and one.__name__ != "ResponseLevel":
            found[one.__name__] = one
    return found
