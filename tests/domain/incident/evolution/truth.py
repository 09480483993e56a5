"""The true order told plainly, all at once: what everything faster is compared with."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from operator import itemgetter

from domain.incident.corrections import gathered, righted
from domain.incident.evolution.valid_time import DatedEvent, ValidTimeState
from domain.incident.state.incident import Incident


def all_corrected(told: Iterable[DatedEvent]) -> list[DatedEvent]:
    """Return each fact as it is known to be, where it belongs; in the order of the record."""
    found = list(told)
    changes = gathered(one.fact for one in found)
    return [righted(one, changes) for one in found]


def true_state(told: Iterable[DatedEvent], instant: datetime) -> Incident:
    """Return what is true at an instant."""
    happened = [one for one in told if one.happened <= instant]
    ordered = sorted(happened, key=itemgetter(0, 1))
    return ValidTimeState().after(one.fact for one in ordered).state
