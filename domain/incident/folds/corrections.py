"""What corrections change in what is known: that they were made."""

from __future__ import annotations

from domain.incident.events import corrections
from domain.incident.folds.changes import Changes
from domain.incident.state import Incident


def _report(was: Incident, fact: corrections.ReportCorrected) -> Incident:
    said = fact.model_dump_json(exclude={"kind"})
    return was._replace(corrections=was.corrections.insert(f"report/{fact.filing}", said))


def _damage(was: Incident, fact: corrections.DamageCorrected) -> Incident:
    said = fact.model_dump_json(exclude={"kind"})
    return was._replace(corrections=was.corrections.insert(f"damage/{fact.damage}", said))


CHANGES: Changes = {
    corrections.ReportCorrected: _report,
    corrections.DamageCorrected: _damage,
}
