"""Values as JSON and back, faster than they could be folded again: for states of named tuples.

A packing is made from a type once: named tuples become lists in the order of their fields, maps
lists of pairs, sets lists in order, instants microseconds, enumerations what they stand for.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Generic, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from rpds import HashTrieMap, HashTrieSet

K = TypeVar("K")
V = TypeVar("V")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

PLAIN = frozenset({str, int, float, bool, NoneType})

Turn = Callable[[Any], Any]


class _MapOf(Generic[K, V]):
    """Stands for a persistent map in annotations, which themselves take no arguments."""


class _SetOf(Generic[K]):
    """Stands for a persistent set."""


PERSISTENT = {"HashTrieMap": _MapOf, "HashTrieSet": _SetOf}


class _Way(NamedTuple):
    """How values of a type go there and back; None for those that are JSON already."""

    there: Turn | None
    back: Turn | None


class StateCodec(Generic[V]):
    """Packs values of one type. Raises TypeError for a type that it has no way for."""

    def __init__(self, shape: type[V]) -> None:
        of: Any = shape
        self._way = _way(of)

    def pack(self, value: V) -> str:
        """Return a value as JSON: the same text for equal values."""
        said = value if self._way.there is None else self._way.there(value)
        return json.dumps(said, ensure_ascii=False, separators=(",", ":"))

    def unpack(self, text: str) -> V:
        """Return the value. Raises ValueError, TypeError or KeyError for what was not packed."""
        said = json.loads(text)
        value: V = said if self._way.back is None else self._way.back(said)
        return value


@cache
def _way(shape: Any) -> _Way:
    origin, arguments = get_origin(shape), get_args(shape)
    if shape in PLAIN:
        return _Way(None, None)
    if origin in {Union, UnionType}:
        return _optional([one for one in arguments if one is not NoneType])
    if origin is tuple:
        return _row(_way(arguments[0]), tuple)
    if origin is _SetOf:
        return _set(_way(arguments[0]))
    if origin is _MapOf:
        return _map(_way(arguments[0]), _way(arguments[1]))
    if isinstance(shape, type):
        return _of_class(shape)
    raise TypeError(f"there is no packing for {shape}")


def _of_class(shape: type[Any]) -> _Way:
    if issubclass(shape, Enum):
        return _Way(lambda member: member.value, {one.value: one for one in shape}.__getitem__)
    if issubclass(shape, datetime):
        return _Way(
            lambda instant: (instant - EPOCH) // MICROSECOND,
            lambda microseconds: EPOCH + microseconds * MICROSECOND,
        )
    if issubclass(shape, BaseModel):
        return _Way(lambda value: value.model_dump(mode="json"), shape.model_validate)
    if hasattr(shape, "_fields"):
        hints = get_type_hints(shape, localns=PERSISTENT)
        return _fields(shape, [_way(hints[name]) for name in shape._fields])
    raise TypeError(f"there is no packing for {shape.__name__}")


def _optional(shapes: list[Any]) -> _Way:
    if len(shapes) != 1:
        raise TypeError(f"there is no packing for one of {shapes}")
    there, back = _way(shapes[0])
    return _Way(
        there and (lambda value: None if value is None else there(value)),
        back and (lambda said: None if said is None else back(said)),
    )


def _row(way: _Way, kind: Callable[[Any], Any]) -> _Way:
    there, back = way
    return _Way(
        list if there is None else (lambda row: [there(one) for one in row]),
        kind if back is None else (lambda row: kind(back(one) for one in row)),
    )


def _set(way: _Way) -> _Way:
    there, back = _row(way, HashTrieSet)
    return _Way(lambda members: sorted(there(members) if there else members), back)


def _map(keys: _Way, values: _Way) -> _Way:
    """Pack a map by its keys' order, which must be one that their packed form has."""
    pair_there, pair_back = _pair(keys, values)
    return _Way(
        lambda pairs: sorted(
            (pair_there(pair) for pair in pairs.items()), key=lambda pair: pair[0]
        ),
        lambda pairs: HashTrieMap([pair_back(pair) for pair in pairs]),
    )


def _pair(keys: _Way, values: _Way) -> tuple[Turn, Turn]:
    def there(pair: tuple[Any, Any]) -> list[Any]:
        key, value = pair
        return [
            key if keys.there is None else keys.there(key),
            value if values.there is None else values.there(value),
        ]

    def back(pair: list[Any]) -> tuple[Any, Any]:
        key, value = pair
        return (
            key if keys.back is None else keys.back(key),
            value if values.back is None else values.back(value),
        )

    return there, back


def _fields(shape: type[Any], ways: list[_Way]) -> _Way:
    """Pack a named tuple; only fields that have a way of their own are touched."""
    there = [(place, way.there) for place, way in enumerate(ways) if way.there]
    back = [(place, way.back) for place, way in enumerate(ways) if way.back]
    length, make = len(ways), shape._make

    def pack(value: Any) -> list[Any]:
        row = list(value)
        for place, turn in there:
            row[place] = turn(row[place])
        return row

    def unpack(row: list[Any]) -> Any:
        if len(row) != length:
            raise ValueError(f"{shape.__name__} has {length} fields, not {len(row)}")
        for place, turn in back:
            row[place] = turn(row[place])
        return make(row)

    return _Way(pack, unpack)
