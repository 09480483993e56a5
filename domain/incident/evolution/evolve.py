"""What each fact changes. A table instead of a `match`: a fold of 100,000 facts meets it as often.

A test keeps it as complete as a `match` would be.
"""

from __future__ import annotations

from domain.incident.evolution import (
    aftermath,
    corrections,
    custody,
    duties,
    means,
    opening,
    people,
    response,
)
from domain.incident.evolution.changes import Changes
from domain.incident.state.incident import Incident
from domain.values import Event

CHANGES: Changes = {
    **opening.CHANGES,
    **response.CHANGES,
    **duties.CHANGES,
    **means.CHANGES,
    **aftermath.CHANGES,
    **people.CHANGES,
    **corrections.CHANGES,
    **custody.CHANGES,
}
"""Every kind of fact, and what it changes."""


def evolve(incident: Incident, fact: Event) -> Incident:
    """Take a fact into account."""
    return CHANGES[type(fact)](incident, fact)
