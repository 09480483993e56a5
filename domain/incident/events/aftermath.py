"""What came of it: damage, findings, corrective actions, the evaluation, the end."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from domain.values import Event, Id, Line, Prose


class DamageRecorded(Event):
    """Something was damaged or lost."""

    kind: Literal["DamageRecorded"] = "DamageRecorded"
    damage: Id
    asset: Line
    description: Prose
    estimate_fen: int | None
    """In hundredths of a yuan."""


class EvaluationCompleted(Event):
    """The figures of the incident were taken from its log."""

    kind: Literal["EvaluationCompleted"] = "EvaluationCompleted"
    up_to_version: int
    """The version of the incident that the figures cover."""
    report_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Of the after-action report in Markdown, which can be made again from the same events."""


class FindingAdded(Event):
    """The evaluation found something, and cites the events that show it."""

    kind: Literal["FindingAdded"] = "FindingAdded"
    finding: Id
    text: Prose
    cites: tuple[int, ...]
    """Versions of this incident's events."""


class CorrectiveActionProposed(Event):
    """Something is to be changed, by whom and why."""

    kind: Literal["CorrectiveActionProposed"] = "CorrectiveActionProposed"
    action: Id
    finding: Id
    text: Prose
    owner: Line


class IncidentClosed(Event):
    """The case is closed."""

    kind: Literal["IncidentClosed"] = "IncidentClosed"
