"""What each fact changed: a fold that writes down every field it touches, and what stood there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from domain.incident.evolution.evolve import evolve
from domain.incident.state.incident import Incident
from domain.values import Event

Path = tuple[str, ...]
"""Where in an incident: a field, then a key of its map, then a field of what is there.

A touch is told of a field, or of a key of its map; `differences` says what differs within.
"""

ABSENT: Any = object()
"""What stood where nothing stood."""


class FieldChange(NamedTuple):
    """One place that a fact changed."""

    path: Path
    before: Any
    after: Any


class FieldDiff:
    """Folds facts of one incident, and says of each what it changed: in time for what it touches.

    Comparing two whole states after every fact would cost as much as they hold.
    """

    def __init__(self, state: Incident) -> None:
        self._touches: list[FieldChange] = []
        self._state = _Traced(state, self._touches)

    def take(self, fact: Event) -> list[FieldChange]:
        """Take the next fact into account, and return what it changed."""
        self._touches.clear()
        evolve(cast("Incident", self._state), fact)
        return list(self._touches)


class _Traced:
    """Looks like an `Incident` to the rules; changes in place, and writes down what changed."""

    def __init__(self, state: Incident, touches: list[FieldChange]) -> None:
        self._touches = touches
        for name, value in zip(state._fields, state, strict=True):
            setattr(self, name, self._watched(name, value))

    def _replace(self, **changes: Any) -> _Traced:
        for name, value in changes.items():
            was = getattr(self, name)
            if was is value:  # a map that was changed in place has told of it
                continue
            setattr(self, name, self._watched(name, value))
            self._touches.append(FieldChange((name,), was, value))
        return self

    def _watched(self, name: str, value: Any) -> Any:
        if hasattr(value, "items"):
            return _Map(name, value, self._touches)
        return _Set(name, value, self._touches) if hasattr(value, "insert") else value


class _Map(dict[Any, Any]):
    """A map with the words of a persistent one, which tells of each change."""

    def __init__(self, name: str, pairs: Any, touches: list[FieldChange]) -> None:
        super().__init__(pairs)
        self._name, self._touches = name, touches

    def insert(self, key: Any, value: Any) -> _Map:
        self._touches.append(FieldChange((self._name, str(key)), self.get(key, ABSENT), value))
        self[key] = value
        return self

    def discard(self, key: Any) -> _Map:
        if key in self:
            self._touches.append(FieldChange((self._name, str(key)), self.pop(key), ABSENT))
        return self


class _Set(set[Any]):
    """A set with the words of a persistent one, which tells of each change."""

    def __init__(self, name: str, members: Any, touches: list[FieldChange]) -> None:
        super().__init__(members)
        self._name, self._touches = name, touches

    def insert(self, member: Any) -> _Set:
        if member not in self:
            self._touches.append(FieldChange((self._name, str(member)), ABSENT, member))
            self.add(member)
        return self


def _plain(value: Any) -> Any:
    """Return a map or a set that is replaced as a whole as what it holds."""
    return dict(value) if hasattr(value, "items") else value


def differences(path: Path, before: Any, after: Any) -> Iterator[FieldChange]:
    """Yield the innermost places where two values differ."""
    before, after = _plain(before), _plain(after)
    if before is after or before == after:
        return
    fields = getattr(after, "_fields", None)
    if isinstance(before, dict) and isinstance(after, dict):
        for key in before.keys() | after.keys():
            pair = before.get(key, ABSENT), after.get(key, ABSENT)
            yield from differences((*path, str(key)), *pair)
    elif fields and type(before) is type(after):
        for name, was, now in zip(fields, before, after, strict=True):
            yield from differences((*path, name), was, now)
    else:
        yield FieldChange(path, before, after)
