"""What pydantic found wrong with a plan, in the words of somebody who writes plans."""

from __future__ import annotations

import re
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, NamedTuple, Union, get_args, get_origin

from compiler.diagnostics.faults import Fault, said, said_in_each
from domain.plan.model.notation import spelled
from domain.plan.model.plan import SPAN_MAX, Plan
from domain.texts import BLANK, fault
from domain.values import ResponseLevel, Text, Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydantic_core import ErrorDetails

    from compiler.syntax.yaml import Path

SHOWN_MAX = 60
"""Characters of a wrong value that are repeated."""

KEY = "[key]"
"""What pydantic adds to a path when a key is at fault."""

SPANS = Text.of("写法：90 s、3 min、1 h、30 d", "write 90 s, 3 min, 1 h or 30 d")
TEXT_SHAPE = Text.of("写作 {zh: 中文, en: English}", "write {zh: 中文, en: English}")
LIST_SHAPE = Text.of("写作列表：[a, b]", "write a list: [a, b]")
QUOTES = Text.of("如为文本，请加引号", "put it in quotes if it is text")

_UNITS_AS_PEOPLE_SAY = {
    "s": ("s", "sec", "secs", "second", "seconds", "秒"),
    "min": ("m", "min", "mins", "minute", "minutes", "分", "分钟"),
    "h": ("h", "hr", "hrs", "hour", "hours", "小时", "时"),
    "d": ("d", "day", "days", "天", "日"),
}
_AMOUNT = re.compile(r"\s*(\d{1,9})\s*([^\W\d]*)\.?\s*")
_SLUG = re.compile(r"[^a-z0-9._-]+")
_CHOICE = re.compile(r"'([^']*)'")

_KINDS: dict[str, tuple[str, str]] = {
    "string_type": ("文本", "text"),
    "int_type": ("整数", "a whole number"),
    "int_parsing": ("整数", "a whole number"),
    "int_from_float": ("整数", "a whole number"),
    "float_type": ("数", "a number"),
    "float_parsing": ("数", "a number"),
    "finite_number": ("有限的数", "a finite number"),
    "bool_type": ("true 或 false", "true or false"),
    "bool_parsing": ("true 或 false", "true or false"),
    "tuple_type": ("列表", "a list"),
    "dict_type": ("键值表", "a mapping"),
    "model_type": ("键值表", "a mapping"),
    "time_delta_type": ("时限", "a span of time"),
}
_BOUNDS = {
    "greater_than": ("gt", "大于 {}", "more than {}"),
    "greater_than_equal": ("ge", "不小于 {}", "at least {}"),
    "less_than": ("lt", "小于 {}", "less than {}"),
    "less_than_equal": ("le", "不大于 {}", "at most {}"),
}
_SPAN_BOUNDS = {"greater_than": "0 s", "less_than_equal": spelled(SPAN_MAX)}


class Diagnosis(NamedTuple):
    """A fault at a path, and how to mend it."""

    fault: Fault
    path: Path
    what: Text
    hint: Text | None = None
    at_key: bool = False
    """Whether the key is at fault, and not its value."""


def diagnose(errors: Sequence[ErrorDetails]) -> Sequence[Diagnosis]:
    """Say in a planner's words what pydantic found.

    A list all of whose items are wrong is also called too short: that is left out.
    """
    places = [error["loc"] for error in errors]
    return [
        _diagnosis(error)
        for error in errors
        if error["type"] != "too_short" or not _has_faults_inside(error["loc"], places)
    ]


def meant(nearest: str | None) -> Text | None:
    """Return the question whether a name was meant."""
    if nearest is None:
        return None
    return Text.of(f"是否想写“{nearest}”？", f"did you mean '{nearest}'?")


def unseen(value: object, path: Path = ()) -> Iterator[Diagnosis]:
    """Yield what is wrong with texts that can't be seen, or that read as another one."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from unseen(inner, (*path, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from unseen(inner, (*path, number))
    elif isinstance(value, str) and value and (found := fault(value)):
        shown = {"place": found.place, "code": found.code}
        kind = Fault.EMPTY if found.rule == BLANK else Fault.CHARACTER_UNSEEN
        yield Diagnosis(kind, path, said(kind, **shown))


def _has_faults_inside(place: Path, places: Sequence[Path]) -> bool:
    return any(len(other) > len(place) and other[: len(place)] == place for other in places)


def _diagnosis(error: ErrorDetails) -> Diagnosis:
    path = tuple(step for step in error["loc"] if step != KEY)
    found = _Found(path, error["type"], error["input"], error.get("ctx", {}), error["msg"])
    if found.kind in _BOUNDS:
        diagnosis = _out_of_range(found)
    elif found.kind in _KINDS:
        diagnosis = _wrong_type(found)
    else:
        diagnosis = _SAYINGS.get(found.kind, _wrong)(found)
    return diagnosis._replace(at_key=diagnosis.at_key or KEY in error["loc"])


class _Found(NamedTuple):
    path: Path
    kind: str
    value: object
    context: Mapping[str, object]
    message: str

    @property
    def shown(self) -> str:
        return _shown(self.value)

    def says(self, fault: Fault, hint: Text | None = None, **found: object) -> Diagnosis:
        return Diagnosis(fault, self.path, said(fault, **found), hint)


def _missing(found: _Found) -> Diagnosis:
    return found.says(Fault.KEY_MISSING, name=found.path[-1])


def _unknown_key(found: _Found) -> Diagnosis:
    name, known = str(found.path[-1]), _fields_at(found.path[:-1])
    nearest = get_close_matches(name, known, n=1)
    listed = ", ".join(known)
    hint = meant(nearest[0]) if nearest else Text.of(f"可用的键：{listed}", f"known: {listed}")
    return found.says(Fault.KEY_UNKNOWN, hint, name=name)._replace(at_key=True)


def _unknown_word(found: _Found) -> Diagnosis:
    words = _CHOICE.findall(str(found.context.get("expected")))
    choices = words or [*ResponseLevel.__members__]
    spelt = found.shown.lower() if words else found.shown.upper()
    nearest = get_close_matches(spelt, choices, n=1, cutoff=0.6 if words else 1.0)
    hint = meant(nearest[0]) if nearest else None
    return found.says(Fault.WORD_UNKNOWN, hint, value=found.shown, choices=", ".join(choices))


def _malformed_id(found: _Found) -> Diagnosis:
    slug = _SLUG.sub("-", found.shown.lower()).strip("-._")
    return found.says(Fault.ID_MALFORMED, meant(slug or None), value=found.shown)


def _malformed_span(found: _Found) -> Diagnosis:
    return found.says(Fault.SPAN_MALFORMED, _span_meant(found.shown), value=found.shown)


def _empty(found: _Found) -> Diagnosis:
    return found.says(Fault.EMPTY)


def _too_long(found: _Found) -> Diagnosis:
    return found.says(Fault.TOO_LONG, limit=found.context["max_length"])


def _wrong(found: _Found) -> Diagnosis:
    return found.says(Fault.VALUE_WRONG, problem=found.message)


_SAYINGS = {
    "missing": _missing,
    "extra_forbidden": _unknown_key,
    "enum": _unknown_word,
    "string_pattern_mismatch": _malformed_id,
    "time_delta_parsing": _malformed_span,
    "value_error": _malformed_span,
    "too_short": _empty,
    "string_too_short": _empty,
    "string_too_long": _too_long,
}


def _out_of_range(found: _Found) -> Diagnosis:
    key, zh, en = _BOUNDS[found.kind]
    bound = found.context[key]
    limit = _SPAN_BOUNDS[found.kind] if "timedelta" in str(bound) else bound
    what = said_in_each(
        Fault.OUT_OF_RANGE,
        {"value": found.shown, "bound": zh.format(limit)},
        {"value": found.shown, "bound": en.format(limit)},
    )
    return Diagnosis(Fault.OUT_OF_RANGE, found.path, what)


def _wrong_type(found: _Found) -> Diagnosis:
    expected, called = _KINDS[found.kind], _called(found.value)
    what = said_in_each(
        Fault.TYPE_WRONG,
        {"expected": expected[0], "found": called[0]},
        {"expected": expected[1], "found": called[1]},
    )
    return Diagnosis(Fault.TYPE_WRONG, found.path, what, _shape_hint(found))


def _shape_hint(found: _Found) -> Text | None:
    if found.kind == "model_type" and _model_at(found.path) is Text:
        return TEXT_SHAPE
    if found.kind == "string_type" and isinstance(found.value, int | float):
        return QUOTES
    return {"tuple_type": LIST_SHAPE, "time_delta_type": SPANS}.get(found.kind)


def _called(value: object) -> tuple[str, str]:
    match value:
        case None:
            return "空值", "nothing"
        case bool():
            return f"“{str(value).lower()}”", f"'{str(value).lower()}'"
        case dict():
            return "键值表", "a mapping"
        case list():
            return "列表", "a list"
        case _:
            return f"“{_shown(value)}”", f"'{_shown(value)}'"


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= SHOWN_MAX else f"{text[: SHOWN_MAX - 1]}…"


def _span_meant(shown: str) -> Text:
    found = _AMOUNT.fullmatch(shown)
    units = _UNITS_AS_PEOPLE_SAY.items()
    right = next((unit for unit, names in units if found and found[2].lower() in names), None)
    if found is None or right is None:
        return SPANS
    mended = f"{int(found[1])} {right}"
    return Text.of(f"应写作“{mended}”", f"write '{mended}'")


def _fields_at(path: Path) -> Sequence[str]:
    model = _model_at(path)
    return [*model.model_fields] if model else []


def _model_at(path: Path) -> type[Value] | None:
    """Return the model that a path through a plan leads to."""
    shape: object = Plan
    for step in path:
        inner = _bare(shape)
        if isinstance(inner, type) and issubclass(inner, Value):
            named = inner.model_fields.get(str(step))
            shape = named.annotation if named else None
        else:
            shape = _item(inner)
    model = _bare(shape)
    return model if isinstance(model, type) and issubclass(model, Value) else None


def _bare(shape: object) -> object:
    """Return a type without what annotates it, and without None."""
    if get_origin(shape) is Annotated:
        return _bare(get_args(shape)[0])
    if get_origin(shape) in {Union, UnionType}:
        return _bare(next(one for one in get_args(shape) if one is not NoneType))
    return shape


def _item(shape: object) -> object:
    """Return what a tuple or a dict holds."""
    inner = get_args(shape)
    if not inner:
        return None
    return inner[1] if get_origin(shape) is dict else inner[0]
