"""The chain of custody, which changes nothing about the incident itself."""

from __future__ import annotations

from domain.incident.events import custody
from domain.incident.evolution.changes import Changes
from domain.incident.state.incident import Incident


def _unchanged(was: Incident, _: custody.ExportRecorded) -> Incident:
    return was


CHANGES: Changes = {custody.ExportRecorded: _unchanged}
