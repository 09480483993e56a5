"""Entries that were wrong, and what is right. The entry stays; what is right stands beside it."""

from __future__ import annotations

from typing import Literal

from domain.incident.events.aftermath import DamageRecorded
from domain.incident.events.duties import SituationReported
from domain.values import Fact, Id, Instant, Line, Prose


class ReportCorrected(Fact):
    """A report was filed with something wrong in it. What is None was right."""

    kind: Literal["ReportCorrected"] = "ReportCorrected"
    filing: Id
    summary: Prose | None
    headcount: int | None
    casualties: int | None
    happened_at: Instant | None
    """When it was so."""


class DamageCorrected(Fact):
    """Damage was recorded with something wrong in it. What is None was right."""

    kind: Literal["DamageCorrected"] = "DamageCorrected"
    damage: Id
    asset: Line | None
    description: Prose | None
    estimate_fen: int | None
    """In hundredths of a yuan."""
    happened_at: Instant | None
    """When it was so."""


Correction = ReportCorrected | DamageCorrected
"""What is right, of an entry that was wrong."""

Entry = SituationReported | DamageRecorded
"""What can be corrected."""


def subject_of(fact: Fact) -> str:
    """Return which entry it is, or corrects; empty for what can't be corrected."""
    match fact:
        case SituationReported() | ReportCorrected():
            return f"report/{fact.filing}"
        case DamageRecorded() | DamageCorrected():
            return f"damage/{fact.damage}"
        case _:
            return ""
