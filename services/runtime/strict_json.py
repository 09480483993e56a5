"""JSON from outside, read as it is or refused: what would silently become something else."""

from __future__ import annotations

import json
from math import isfinite
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Sequence

DIGITS_MAX = 15
"""Digits of a fraction that a float keeps; a longer one would become another number."""


class JsonInvalid(ValueError):
    """The text is no JSON, or can be read in two ways."""


def read(text: str | bytes) -> object:
    """Read a value: no key twice, no NaN, no half of a pair, numbers exactly.

    Raises JsonInvalid.
    """
    try:
        value: object = json.loads(
            text, object_pairs_hook=_once, parse_float=_kept, parse_constant=_refused
        )
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise JsonInvalid("half of a surrogate pair stands alone") from None
    except RecursionError:
        raise JsonInvalid("too many levels") from None
    except JsonInvalid:
        raise
    except ValueError as error:
        raise JsonInvalid(str(error)) from None
    return value


def mapping(text: str | bytes) -> dict[str, Any]:
    """Read an object. Raises JsonInvalid, also for any other value."""
    value = read(text)
    if not isinstance(value, dict):
        raise JsonInvalid("an object is expected: {...}")
    return value


def _once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise JsonInvalid(f"the key {twice!r} is given twice")
    return value


def _kept(number: str) -> float:
    mantissa = number.lower().partition("e")[0].lstrip("-0.").replace(".", "")
    if not isfinite(float(number)):
        raise JsonInvalid(f"{number} is beyond every number")
    if len(mantissa) > DIGITS_MAX:
        raise JsonInvalid(f"{number} has more digits than are kept")
    return float(number)


def _refused(word: str) -> NoReturn:
    raise JsonInvalid(f"{word} is no number")
