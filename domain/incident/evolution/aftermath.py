"""What damage, findings and the end change."""

from __future__ import annotations

from domain.incident.events import aftermath
from domain.incident.evolution.changes import Changes, over
from domain.incident.state.incident import Incident
from domain.values import Phase


def _damaged(was: Incident, fact: aftermath.DamageRecorded) -> Incident:
    return was._replace(damages=was.damages.insert(fact.damage))


def _evaluated(was: Incident, _: aftermath.EvaluationCompleted) -> Incident:
    return was._replace(evaluated=True)


def _found(was: Incident, fact: aftermath.FindingAdded) -> Incident:
    return was._replace(findings=was.findings.insert(fact.finding))


def _proposed(was: Incident, fact: aftermath.CorrectiveActionProposed) -> Incident:
    return was._replace(actions=was.actions.insert(fact.action))


CHANGES: Changes = {
    aftermath.DamageRecorded: _damaged,
    aftermath.EvaluationCompleted: _evaluated,
    aftermath.FindingAdded: _found,
    aftermath.CorrectiveActionProposed: _proposed,
    aftermath.IncidentClosed: over(Phase.CLOSED),
}
