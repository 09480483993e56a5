"""Which characters a text that people write may hold, and how others are shown.

Controls drive terminals, and marks of direction let a text read as another one than it is. What is
asked may hold none of them. What a log holds already is read as it is, and shown escaped.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # controls, but for tab and line feed
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks of direction
    "\u2028\u2029\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"  # breaks, notes, halves, tags
    "|\r(?!\n)"  # a return alone writes over the line
)
"""What nobody means to write, and nobody sees."""

SEEN = re.compile("[!-~\u3400-\u9fff]")
"""What is surely seen. Nearly every text has some of it, and it is found fast."""

FILLERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters that look like nothing."""

NOTHING_SEEN = frozenset({"Cc", "Cf", "Cn", "Cs", "Mn", "Me", "Zl", "Zp", "Zs"})
"""Categories of characters that alone show nothing."""

NOT_ALLOWED = "character_not_allowed"
BLANK = "blank"

Path = tuple[str | int, ...]


class Writing:
    """Marks a type as a text that people write."""


class Fault(NamedTuple):
    """What is wrong with a text within a value."""

    path: Path
    rule: str
    place: int = 0
    """Which character, from 1."""
    code: str = ""
    """Which it is: `U+001B`."""


Look = Callable[[Any, Path], Iterator[Fault]]


def fault(text: str) -> Fault | None:
    """Return what is wrong with a text."""
    if found := UNSEEN.search(text):
        code = f"U+{ord(found[0][0]):04X}"
        return Fault((), NOT_ALLOWED, found.start() + 1, code)
    return Fault((), BLANK) if is_blank(text) else None


def is_blank(text: str) -> bool:
    """Tell whether there is nothing to be seen."""
    return not SEEN.search(text) and all(
        letter in FILLERS or unicodedata.category(letter) in NOTHING_SEEN for letter in text
    )


def visible(text: str) -> str:
    r"""Return a text with escapes in the place of what can't be seen, such as `\x1b`."""
    return UNSEEN.sub(lambda found: _escape(found[0]), text)


def shown(value: Any) -> Any:
    """Return what a template puts into a page: a text as it can be seen, whatever its class."""
    if isinstance(value, str) and UNSEEN.search(value):
        return type(value)(visible(value))
    return value


def in_a_line(text: str) -> str:
    """Do the same, and have it in one line."""
    return visible(" ".join(text.splitlines()))


def faults(value: BaseModel) -> Iterator[Fault]:
    """Yield what is wrong with the texts in a value, also far within."""
    return _look_into(type(value))(value, ())


def refuse_unseen(value: BaseModel) -> None:
    """Raise ValidationError, naming each field whose text can't be seen or reads as another."""
    found = [
        InitErrorDetails(
            type=PydanticCustomError(one.rule, "{rule}", {"rule": one.rule, **one._asdict()}),
            loc=one.path,
            input=None,
        )
        for one in faults(value)
    ]
    if found:
        raise ValidationError.from_exception_data(type(value).__name__, found)


def _escape(letter: str) -> str:
    number = ord(letter)
    if number < 0x100:  # noqa: PLR2004 - what two digits can say
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"  # noqa: PLR2004 - four


def _nothing(_value: Any, _path: Path) -> Iterator[Fault]:
    return iter(())


@cache
def _look_into(model: type[BaseModel]) -> Look:
    """Compile what looks at the texts of a model."""
    fields = [
        (name, look)
        for name, field in model.model_fields.items()
        if (look := _look_at(field.rebuild_annotation())) is not _nothing
    ]
    if not fields:
        return _nothing

    def look_into(value: Any, path: Path) -> Iterator[Fault]:
        for name, look in fields:
            inner = getattr(value, name)
            if inner is not None:
                yield from look(inner, (*path, name))

    return look_into


def _look_at(shape: Any) -> Look:
    origin, arguments = get_origin(shape), get_args(shape)
    if origin is Annotated:
        is_writing = any(isinstance(one, Writing) for one in arguments[1:])
        return _look_at_text if is_writing else _look_at(arguments[0])
    if origin in {Union, UnionType}:
        return _look_at(next(one for one in arguments if one is not NoneType))
    if origin is tuple:
        return _each(_look_at(arguments[0]))
    if origin is dict:
        return _each_value(_look_at(arguments[1]))
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        return _look_into(shape)
    return _nothing


def _look_at_text(text: str, path: Path) -> Iterator[Fault]:
    found = fault(text)
    if found is not None:
        yield found._replace(path=path)


def _each(look: Look) -> Look:
    if look is _nothing:
        return _nothing

    def look_at_each(many: Any, path: Path) -> Iterator[Fault]:
        for number, one in enumerate(many):
            yield from look(one, (*path, number))

    return look_at_each


def _each_value(look: Look) -> Look:
    if look is _nothing:
        return _nothing

    def look_at_each(many: Any, path: Path) -> Iterator[Fault]:
        for name, one in many.items():
            yield from look(one, (*path, name))

    return look_at_each
