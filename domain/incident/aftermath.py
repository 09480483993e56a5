"""After the response: damage, findings, corrective actions, the evaluation's end."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from domain.decider import Decision
from domain.incident.events.aftermath import (
    CorrectiveActionProposed,
    DamageRecorded,
    EvaluationCompleted,
    FindingAdded,
)
from domain.incident.policy.decisions import AFTERMATH, RESPONSE, Decisions, Rule
from domain.incident.state.context import Context
from domain.limits import EventVersion, Fen
from domain.refusals import Refusal
from domain.values import Command, Id, Line, Prose


class RecordDamage(Command):
    """Say what was damaged or lost."""

    kind: Literal["RecordDamage"] = "RecordDamage"
    damage: Id
    asset: Line
    description: Prose
    estimate_fen: Fen | None = None
    """In hundredths of a yuan."""


class AddFinding(Command):
    """Say what the evaluation found, and which events show it."""

    kind: Literal["AddFinding"] = "AddFinding"
    finding: Id
    text: Prose
    cites: tuple[EventVersion, ...] = ()
    """Versions of this incident's events."""


class ProposeCorrectiveAction(Command):
    """Say what is to be changed because of a finding, and who sees to it."""

    kind: Literal["ProposeCorrectiveAction"] = "ProposeCorrectiveAction"
    action: Id
    finding: Id
    text: Prose
    owner: Line
    """A post or a department; no person's name."""


class CompleteEvaluation(Command):
    """Say that the figures were taken from the log. Sent by the hands."""

    kind: Literal["CompleteEvaluation"] = "CompleteEvaluation"
    up_to_version: int = Field(ge=1)
    report_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


def record_damage(on: Context, ask: RecordDamage) -> Decision:
    if ask.damage in on.incident.damages:
        return []
    return [
        DamageRecorded(
            damage=ask.damage,
            asset=ask.asset,
            description=ask.description,
            estimate_fen=ask.estimate_fen,
        )
    ]


def add_finding(on: Context, ask: AddFinding) -> Decision:
    if ask.finding in on.incident.findings:
        return []
    return [FindingAdded(finding=ask.finding, text=ask.text, cites=ask.cites)]


def propose_corrective_action(on: Context, ask: ProposeCorrectiveAction) -> Decision:
    if ask.finding not in on.incident.findings:
        return Refusal.FINDING_UNKNOWN
    if ask.action in on.incident.actions:
        return []
    return [
        CorrectiveActionProposed(
            action=ask.action, finding=ask.finding, text=ask.text, owner=ask.owner
        )
    ]


def complete_evaluation(on: Context, ask: CompleteEvaluation) -> Decision:
    if on.incident.evaluated:
        return []
    return [EvaluationCompleted(up_to_version=ask.up_to_version, report_sha256=ask.report_sha256)]


DECISIONS: Decisions = {
    RecordDamage: Rule(record_damage, phases=RESPONSE | AFTERMATH),
    AddFinding: Rule(add_finding, phases=AFTERMATH),
    ProposeCorrectiveAction: Rule(propose_corrective_action, phases=AFTERMATH),
    CompleteEvaluation: Rule(complete_evaluation, phases=AFTERMATH),
}
