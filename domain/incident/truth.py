"""How an incident truly was at an instant, by all that is known today."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from operator import itemgetter

from domain.incident.fold import evolve
from domain.incident.state import NOTHING_YET, Incident
from domain.values import Fact

TOO_EARLY = (KeyError, AttributeError)
"""What the fold meets when a fact speaks of something that is not there yet."""


def true_state(
    told: Iterable[tuple[datetime, Fact]], instant: datetime, state: Incident = NOTHING_YET
) -> Incident:
    """Return the state at an instant, from facts in the order of their record, and one before them.

    Facts take their place by when they happened, late entries too; of what happened at once, what
    was recorded first goes first. One that is told to have happened before what it speaks of, such
    as a task that was finished before it was assigned, is taken in as soon as it can be.
    """
    waiting: list[Fact] = []
    for _, fact in sorted((one for one in told if one[0] <= instant), key=itemgetter(0)):
        state, waiting = _taken(state, [fact, *waiting])
    return state


def _taken(state: Incident, facts: list[Fact]) -> tuple[Incident, list[Fact]]:
    """Take in what can be, and return what can't be yet."""
    left: list[Fact] = []
    for fact in facts:
        try:
            state = evolve(state, fact)
        except TOO_EARLY:
            left.append(fact)
    return state, left
