"""What a plain word of YAML stands for: nothing, true or false, a number, or itself."""

from __future__ import annotations

import re
from math import isfinite

DIGITS_MAX = 15
"""Digits of a number; longer ones are text."""

MAY_MEAN_MORE = frozenset("~nNtTfF+-.0123456789")
"""What words begin with that may be no text."""

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOLEAN = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_INTEGER = re.compile(rf"[-+]?[0-9]{{1,{DIGITS_MAX}}}", re.ASCII)
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?", re.ASCII)


def resolved(word: str) -> str | int | float | bool | None:
    """Return what a word means; `yes`, `on` and `12:30` are text, as in YAML 1.2."""
    if word and word[0] not in MAY_MEAN_MORE:
        return word
    if _NULL.fullmatch(word):
        return None
    if word in _BOOLEAN:
        return _BOOLEAN[word]
    if _INTEGER.fullmatch(word):
        return int(word)
    if _NUMBER.fullmatch(word) and isfinite(float(word)) and _digits(word) <= DIGITS_MAX:
        return float(word)
    return word


def _digits(word: str) -> int:
    """Return how many digits of a number count: a float keeps no more than fifteen."""
    mantissa = re.split("[eE]", word, maxsplit=1)[0].lstrip("+-0.")
    return sum(one.isdigit() for one in mantissa)
