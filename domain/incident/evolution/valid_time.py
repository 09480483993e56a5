"""How an incident truly was, by all that is known today."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from domain.decider import NotYet
from domain.incident.evolution.evolve import evolve
from domain.incident.state.incident import NOTHING_YET, Incident
from domain.values import Event


class DatedEvent(NamedTuple):
    """A fact where it belongs: by when it happened; of what happened at once, by its record."""

    happened: datetime
    version: int
    fact: Event


class ValidTimeState(NamedTuple):
    """What is true by a moment, and what was told of things that were not there by then.

    What is told to have happened before what it speaks of, such as a task that was finished before
    it was assigned, is taken in as soon as it can be.
    """

    state: Incident = NOTHING_YET
    waiting: tuple[Event, ...] = ()

    def after(self, facts: Iterable[Event]) -> ValidTimeState:
        """Return what is true after the facts that happened next, in that order."""
        state, waiting = self
        for fact in facts:
            state, waiting = _taken(state, (fact, *waiting))
        return ValidTimeState(state, waiting)


def _taken(state: Incident, facts: tuple[Event, ...]) -> tuple[Incident, tuple[Event, ...]]:
    """Take in what can be, also because of what was just taken in, and return what can't be yet."""
    left: list[Event] = []
    for fact in facts:
        try:
            state = evolve(state, fact)
        except NotYet:
            left.append(fact)
    if 0 < len(left) < len(facts):
        return _taken(state, tuple(left))
    return state, tuple(left)
