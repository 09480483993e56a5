"""A long fold, in place: the same rules on a state that nobody else sees, frozen at the end."""

from __future__ import annotations

from typing import Any, cast

from rpds import HashTrieMap, HashTrieSet

from domain.incident.evolution.evolve import evolve
from domain.incident.state.incident import Incident
from domain.values import Event

THAW_AFTER_FACTS = 500
"""At the least: up to here the persistent state is as fast."""


class IncidentFold:
    """Folds facts of one incident, one after another.

    A state is thawed as soon as it has taken as many facts as it holds entries: copying an entry
    there and back costs what a fact saves, so a fold takes at most twice as long as it might.
    """

    def __init__(self, state: Incident) -> None:
        self._state = state
        self._facts = 0
        self._thaw_after = max(THAW_AFTER_FACTS, _entries(state))

    def take(self, fact: Event) -> None:
        """Take the next fact into account."""
        self._facts += 1
        if self._facts == self._thaw_after:
            self._state = cast("Incident", _Thawed(self._state))
        self._state = evolve(self._state, fact)

    def state(self) -> Incident:
        """Return the state after all facts so far. Nothing is to be taken after that."""
        thawed: object = self._state
        return thawed.frozen() if isinstance(thawed, _Thawed) else self._state


class _Thawed:
    """Looks like an `Incident` to the rules, and changes in place instead of making another."""

    def __init__(self, state: Incident) -> None:
        for name, value in zip(state._fields, state, strict=True):
            setattr(self, name, _thawed(value))

    def _replace(self, **changes: object) -> _Thawed:
        self.__dict__.update(changes)
        return self

    def frozen(self) -> Incident:
        """Return the same as an immutable value."""
        return Incident(**{name: _frozen(value) for name, value in self.__dict__.items()})


class _Map(dict[Any, Any]):
    """A map with the words of a persistent one."""

    def insert(self, key: object, value: object) -> _Map:
        self[key] = value
        return self

    def discard(self, key: object) -> _Map:
        self.pop(key, None)
        return self


class _Set(set[Any]):
    """A set with the words of a persistent one."""

    def insert(self, value: object) -> _Set:
        self.add(value)
        return self


def _entries(state: Incident) -> int:
    return sum(len(value) for value in state if isinstance(value, HashTrieMap | HashTrieSet))


def _thawed(value: object) -> object:
    match value:
        case HashTrieMap():
            return _Map(value)
        case HashTrieSet():
            return _Set(value)
        case _:
            return value


def _frozen(value: Any) -> Any:
    match value:
        case _Map():
            return HashTrieMap(value)
        case _Set():
            return HashTrieSet(value)
        case _:
            return value
