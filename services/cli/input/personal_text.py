"""Personal texts, also from a file or standard input, where no list of processes shows them."""

from __future__ import annotations

import sys
from pathlib import Path

import typer
from google.protobuf.descriptor import FieldDescriptor
from muster.v1 import options_pb2

HINT = "`@FILE` reads it from a file, `@-` from standard input: other users see what is typed here."

MARK, STANDARD_INPUT = "@", "-"

TEXT_BYTES_MAX = 16_384
"""More than any name or address that the service takes."""


def is_personal(field: FieldDescriptor) -> bool:
    """Tell whether a text is sealed before it is recorded."""
    return bool(field.GetOptions().Extensions[options_pb2.personal])


def text_of(said: str) -> str:
    """Return a text as it was typed, or read from where `@…` says. Raises BadParameter."""
    if not said.startswith(MARK):
        return said
    place = said.removeprefix(MARK)
    if not place:
        raise typer.BadParameter("name a file after the @, or - for standard input")
    try:
        content = _standard_input() if place == STANDARD_INPUT else _file(Path(place))
        text = content.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except OSError as error:
        raise typer.BadParameter(f"{place} can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise typer.BadParameter(f"{_named(place)} is not UTF-8") from None
    if not text:
        raise typer.BadParameter(f"{_named(place)} is empty")
    return text


def _file(path: Path) -> bytes:
    with path.open("rb") as file:
        return _bounded(file.read(TEXT_BYTES_MAX + 1), str(path))


def _standard_input() -> bytes:
    return _bounded(sys.stdin.buffer.read(TEXT_BYTES_MAX + 1), STANDARD_INPUT)


def _bounded(content: bytes, place: str) -> bytes:
    if len(content) > TEXT_BYTES_MAX:
        raise typer.BadParameter(f"{_named(place)} holds more than {TEXT_BYTES_MAX} bytes")
    return content


def _named(place: str) -> str:
    return "standard input" if place == STANDARD_INPUT else place
