"""A plan's YAML text with values changed where they stand: all else stays as it was written."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from compiler.syntax.yaml import Document, Path

_PLAIN = re.compile(r"[^\W_][\w ./()·（）、，-]*")
_RESERVED = re.compile(r"(?i:null|true|false|yes|no|on|off)|[-+.\d]+")


def edited(text: str, document: Document, changes: Mapping[Path, object]) -> str:
    """Return the text with values replaced where they stand, the last ones first."""
    lines = text.split("\n")
    spots = {document.spot(path): value for path, value in changes.items()}
    for spot in sorted(spots, reverse=True):
        line, begin = lines[spot.line - 1], spot.column - 1
        end = begin + spot.length
        lines[spot.line - 1] = f"{line[:begin]}{_spelled(spots[spot])}{line[end:]}"
    return "\n".join(lines)


def _spelled(value: object) -> str:
    """Return a value as YAML has it: plain where that can't be misread, else in quotes."""
    if isinstance(value, int | float | date):
        return str(value)
    text = str(value)
    plain = _PLAIN.fullmatch(text) and not _RESERVED.fullmatch(text) and text == text.strip()
    return text if plain else json.dumps(text, ensure_ascii=False)


def without(text: str, document: Document, items: Sequence[Path]) -> str:
    """Return the text without items of lists: each from its dash to whatever is less indented."""
    lines = text.split("\n")
    for begin in sorted({document.spot(path).line - 1 for path in items}, reverse=True):
        del lines[begin : _end(lines, begin)]
    return "\n".join(lines)


def _end(lines: Sequence[str], begin: int) -> int:
    """Return the line after an item of a list that begins in a line with its dash."""
    dash = lines[begin].index("-")
    end = begin + 1
    for n in range(begin + 1, len(lines)):
        line = lines[n]
        if line.strip() and len(line) - len(line.lstrip()) <= dash:
            break
        if line.strip():
            end = n + 1
    return end
