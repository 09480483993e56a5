"""Entries that were wrong, and what is right. The entry stays; what is right stands beside it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from domain.incident.events.aftermath import DamageRecorded
from domain.incident.events.duties import SituationReported
from domain.values import Event, Id, Instant, Line, Prose


class ReportCorrected(Event):
    """A report was filed with something wrong in it. What is None was right."""

    kind: Literal["ReportCorrected"] = "ReportCorrected"
    filing: Id
    summary: Prose | None
    headcount: int | None
    casualties: int | None
    happened_at: Instant | None
    """When it was so."""


class DamageCorrected(Event):
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


def subject_of(fact: Event) -> str:
    """Return which entry it is, or corrects; empty for what can't be corrected."""
    match fact:
        case SituationReported() | ReportCorrected():
            return f"report/{fact.filing}"
        case DamageRecorded() | DamageCorrected():
            return f"damage/{fact.damage}"
        case _:
            return ""


NAMED_BY = {
    SituationReported.__name__: "filing",
    ReportCorrected.__name__: "filing",
    DamageRecorded.__name__: "damage",
    DamageCorrected.__name__: "damage",
}
"""Which field names the entry, of what can be corrected and of what corrects it."""


class EntryName(NamedTuple):
    """By what an entry is found in its stream."""

    kind: str
    name: str

    @classmethod
    def of(cls, fact: Correction) -> EntryName:
        """Return how the entry is found that something corrects."""
        if isinstance(fact, ReportCorrected):
            return cls(SituationReported.__name__, fact.filing)
        return cls(DamageRecorded.__name__, fact.damage)
