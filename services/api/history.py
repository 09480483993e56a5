"""Incidents as they were: at a version, at a place in the log, at an instant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.aggregate import Known, decode
from domain.incident.decider import INCIDENTS

if TYPE_CHECKING:
    from domain.incident.state import Incident
    from eventstore.log import Log


async def at_position(log: Log, key: str, position: int) -> Known[Incident]:
    """Return what was known of an incident when the log ended at a position."""
    known = Known(INCIDENTS.initial)
    async for page in log.read_stream(f"{INCIDENTS.category}/{key}"):
        for event in page:
            if event.position > position:
                return known
            fact = decode(INCIDENTS, event.type, event.schema_version, event.data)
            state = INCIDENTS.evolve(known.state, fact)
            known = Known(state, event.version, event.position)
    return known
