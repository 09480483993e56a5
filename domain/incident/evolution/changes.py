"""A table of changes: what each kind of fact makes of an incident."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from domain.incident.evolution.armed_deadlines import disarmed
from domain.incident.state.incident import Incident
from domain.values import Event, Phase

Changes = dict[type[Event], Callable[[Incident, Any], Incident]]


def over(phase: Phase) -> Callable[[Incident, Any], Incident]:
    """Return the end of an incident in a phase: nothing is due any more."""

    def change(was: Incident, _: Event) -> Incident:
        return was._replace(phase=phase, deadlines=disarmed(was, *was.deadlines))

    return change
