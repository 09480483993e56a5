"""Options from the contract: a field of a request is an option of its command, whatever it is."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import Enum, StrEnum
from functools import cache
from typing import Annotated, Any, NamedTuple

import typer
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from services.cli.input import moments, personal_text
from services.runtime import strict_json

TEXT = "muster.v1.Text"
TIMESTAMP = "google.protobuf.Timestamp"
DURATION = "google.protobuf.Duration"
LANGUAGES = ("zh", "en")

_SCALARS: dict[int, type] = {
    FieldDescriptor.CPPTYPE_STRING: str,
    FieldDescriptor.CPPTYPE_BOOL: bool,
    FieldDescriptor.CPPTYPE_DOUBLE: float,
    FieldDescriptor.CPPTYPE_FLOAT: float,
}
"""Every other scalar is a whole number."""


class Help(NamedTuple):
    """What is said of a message's fields, and which can't be left out."""

    texts: Mapping[str, str] = {}
    required: Collection[str] = ()


class _Reading(NamedTuple):
    """How the text of an option becomes the value of a field."""

    shape: Any
    parser: Callable[[str], Any] | None = None
    hint: str = ""


def parameters(
    message: Descriptor, told: Help, *, skip: Collection[str]
) -> list[inspect.Parameter]:
    """Return the options that fill a message, as parameters of a function for typer."""
    return [
        parameter
        for field in message.fields
        if field.name not in skip
        for parameter in _parameters_of(field, told)
    ]


def fill(message: Message, values: Mapping[str, Any]) -> None:
    """Set the fields of a message from the options that were given."""
    fields: Sequence[FieldDescriptor] = message.DESCRIPTOR.fields  # type: ignore[assignment] # two stubs of one class
    for field in fields:
        if _is_text(field):
            _fill_text(message, field, values)
        elif (value := values.get(field.name)) not in (None, [], ()):
            _set(message, field, value)


def plain_name(kind: EnumDescriptor, number: int) -> str:
    """Return an enum's value as people write it: without its prefix, in lower case."""
    name = kind.values_by_number[number].name
    return name.removeprefix(_prefix(kind)).lower()


@cache
def choices(kind: EnumDescriptor) -> type[Enum]:
    """Return what an option for an enum may be; the unspecified value is not offered."""
    names = [plain_name(kind, value.number) for value in kind.values if value.number]
    return _enum(kind.name, names)


def _enum(name: str, values: Sequence[str]) -> type[Enum]:
    made: Any = StrEnum
    enum: type[Enum] = made(name, [(value, value) for value in values])
    return enum


def number_of(kind: EnumDescriptor, name: str) -> int:
    """Return the number of a value as people write it. KeyError when there is none."""
    return kind.values_by_name[_prefix(kind) + name.upper()].number


def _parameters_of(field: FieldDescriptor, told: Help) -> Iterable[inspect.Parameter]:
    help_text = told.texts.get(field.name, "")
    if _is_text(field):
        for language in LANGUAGES:
            text = f"{help_text} In {'Chinese' if language == 'zh' else 'English'}.".strip()
            yield _parameter(f"{field.name}_{language}", _Reading(str), text, required=False)
        return
    reading = _reading(field)
    text = " ".join(part for part in (help_text, reading.hint) if part)
    required = field.name in told.required
    if field.is_repeated:
        reading = reading._replace(shape=_list_of(reading.shape))
        text = f"{text} May be given several times.".strip()
    yield _parameter(field.name, reading, text, required=required)


def _parameter(name: str, reading: _Reading, text: str, *, required: bool) -> inspect.Parameter:
    flag = f"--{name.replace('_', '-')}"
    if reading.shape is bool and required:
        flag = f"{flag}/--no-{name.replace('_', '-')}"
    option = typer.Option(flag, help=text or None, parser=reading.parser, show_default=False)
    if reading.parser is not None:
        option.metavar = "TEXT"
    shape: Any = reading.shape if required else reading.shape | None
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if required else None,
        annotation=Annotated[shape, option],
    )


def _reading(field: FieldDescriptor) -> _Reading:
    if field.enum_type is not None:
        return _Reading(choices(field.enum_type))
    if field.message_type is None:
        return _scalar(field)
    match field.message_type.full_name:
        case name if name == TIMESTAMP:
            return _Reading(Message, moments.instant, f"As {moments.INSTANT_HINT}.")
        case name if name == DURATION:
            return _Reading(Message, moments.span, f"As {moments.SPAN_HINT}.")
        case _ if names := _pair(field.message_type):
            return _Reading(Message, _pair_reader(field.message_type), f"As `{'='.join(names)}`.")
        case _:
            return _Reading(Message, _json_reader(field.message_type), "As JSON.")


def _scalar(field: FieldDescriptor) -> _Reading:
    if personal_text.is_personal(field):
        return _Reading(str, personal_text.text_of, personal_text.HINT)
    return _Reading(_SCALARS.get(field.cpp_type, int))


def _list_of(shape: Any) -> Any:
    return list.__class_getitem__(shape)


def _set(message: Message, field: FieldDescriptor, value: Any) -> None:
    kind = field.enum_type
    if kind is not None and field.is_repeated:
        getattr(message, field.name).extend(number_of(kind, one.value) for one in value)
    elif kind is not None:
        setattr(message, field.name, number_of(kind, value.value))
    elif field.is_repeated:
        getattr(message, field.name).extend(value)
    elif field.message_type is not None:
        getattr(message, field.name).CopyFrom(value)
    else:
        setattr(message, field.name, value)


def _fill_text(message: Message, field: FieldDescriptor, values: Mapping[str, Any]) -> None:
    for language in LANGUAGES:
        if text := values.get(f"{field.name}_{language}"):
            setattr(getattr(message, field.name), language, text)


def _is_text(field: FieldDescriptor) -> bool:
    kind = field.message_type
    return kind is not None and kind.full_name == TEXT and not field.is_repeated


def _pair(kind: Descriptor) -> tuple[str, str] | None:
    """Return the names of a message's two fields, if it is just two strings."""
    strings = [one.name for one in kind.fields if one.type == FieldDescriptor.TYPE_STRING]
    return (strings[0], strings[1]) if len(strings) == len(kind.fields) == 2 else None  # noqa: PLR2004 - a pair


def _pair_reader(kind: Descriptor) -> Callable[[str], Message]:
    names = _pair(kind) or ("", "")

    def read(text: str) -> Message:
        first, mark, second = text.partition("=")
        if not mark:
            message = f"{text!r} lacks its `=`; write {names[0]}={names[1]}"
            raise typer.BadParameter(message)
        return ParseDict({names[0]: first.strip(), names[1]: second.strip()}, _new(kind))

    return read


def _json_reader(kind: Descriptor) -> Callable[[str], Message]:
    def read(text: str) -> Message:
        try:
            return ParseDict(strict_json.mapping(text), _new(kind))
        except (ValueError, ParseError) as error:
            message = f"not a {kind.name} in JSON: {error}"
            raise typer.BadParameter(message) from None

    return read


def _new(kind: Descriptor) -> Message:
    return GetMessageClass(kind)()


def _prefix(kind: EnumDescriptor) -> str:
    """Return what the names of an enum's values begin with: `PHASE_` of `PHASE_UNSPECIFIED`."""
    return kind.values_by_number[0].name.removesuffix("UNSPECIFIED")
