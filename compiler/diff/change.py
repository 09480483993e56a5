"""Something that is otherwise, and how values are said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import IntEnum, StrEnum
from typing import NamedTuple

from compiler.diff.labels import label
from domain.plan.model.notation import spelled
from domain.values import Text, Value

SAID_MAX = 300
"""Characters of a value that are said."""

NOTHING = Text.of("无", "none")
COMMA = Text.of("、", ", ")
YES_OR_NO = {True: Text.of("是", "yes"), False: Text.of("否", "no")}


class Topic(StrEnum):
    """What a change is about."""

    SCOPE = "scope"
    PEOPLE = "people"
    DUTY = "duty"
    DEADLINE = "deadline"
    PLACE = "place"
    CLEAR_TIME = "clear_time"
    MEANS = "means"
    INFORMATION = "information"


class Change(NamedTuple):
    """Something that is otherwise in one text than in the other."""

    topic: Topic
    about: str
    """The id of a task, post, zone, passage …; `<venue>/<id>` for a place."""
    what: Text
    people: tuple[str, ...] = ()
    """For whom: contacts; empty if it is for everybody."""
    was: Text | None = None
    """None if it is new."""
    becomes: Text | None = None
    """None if it is gone."""


def said(value: object) -> Text:
    """Return a value as it is said in both languages."""
    return Text.of(_short(_said(value, "zh")), _short(_said(value, "en")))


def otherwise(of: Text, field: Text, was: Text, becomes: Text) -> Text:
    """Say that a field of something has another value."""
    return Text.of(
        f"{of.zh}：{field.zh} {was.zh} → {becomes.zh}",
        f"{of.en}: {field.en} {was.en} → {becomes.en}",
    )


def _said(value: object, language: str) -> str:  # noqa: PLR0911 - one line a kind of value
    match value:
        case None | () | "":
            return NOTHING.said_in(language)
        case bool():
            return YES_OR_NO[value].said_in(language)
        case Text():
            return value.said_in(language) or NOTHING.said_in(language)
        case Value():
            return _fields(value, language)
        case timedelta():
            return spelled(value)
        case IntEnum():
            return value.name
        case float():
            return f"{value:g}"
        case tuple():
            return COMMA.said_in(language).join(_said(one, language) for one in value)
        case Mapping():
            each = (f"{_said(key, language)} {_said(one, language)}" for key, one in value.items())
            return COMMA.said_in(language).join(each) or NOTHING.said_in(language)
        case _:
            return str(value)


def _fields(value: Value, language: str) -> str:
    """Say what a value says, field by field."""
    stated = {name: getattr(value, name) for name in value.model_fields_set}
    return COMMA.said_in(language).join(
        f"{label(name).said_in(language)} {_said(one, language)}"
        for name, one in sorted(stated.items())
        if one not in (None, (), {})
    )


def _short(text: str) -> str:
    return text if len(text) <= SAID_MAX else f"{text[: SAID_MAX - 1]}…"
