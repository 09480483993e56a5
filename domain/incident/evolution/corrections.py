"""What corrections change in what is known: that they were made."""

from __future__ import annotations

from domain.decider import encode
from domain.incident.events.corrections import (
    Correction,
    DamageCorrected,
    ReportCorrected,
    subject_of,
)
from domain.incident.evolution.changes import Changes
from domain.incident.state.incident import Incident


def _corrected(was: Incident, fact: Correction) -> Incident:
    return was._replace(corrections=was.corrections.insert(subject_of(fact), encode(fact)))


CHANGES: Changes = {ReportCorrected: _corrected, DamageCorrected: _corrected}
