"""Corrections: they replace what was entered wrongly, and hide nothing.

What people observe can be corrected: reports and damage, with the time of what they tell. What
people decide can't: a level, a notice, a measure was what it was; it is countermanded by another
decision, and both stand in the record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from domain.decider import Decision, Refused, encode
from domain.incident.events.corrections import (
    Correction,
    DamageCorrected,
    Entry,
    ReportCorrected,
    subject_of,
)
from domain.incident.evolution.valid_time import DatedEvent
from domain.incident.policy.decisions import ALWAYS, Decisions, Rule
from domain.incident.state.context import Context
from domain.limits import Count, Fen, Happened
from domain.refusals import Refusal
from domain.values import Command, Event, Id, Line, Prose


class CorrectReport(Command):
    """Say what was wrong in a report that was filed, and what is right."""

    kind: Literal["CorrectReport"] = "CorrectReport"
    filing: Id
    summary: Prose | None = None
    headcount: Count | None = None
    casualties: Count | None = None
    happened_at: Happened | None = None


class CorrectDamage(Command):
    """Say what was wrong in a record of damage, and what is right."""

    kind: Literal["CorrectDamage"] = "CorrectDamage"
    damage: Id
    asset: Line | None = None
    description: Prose | None = None
    estimate_fen: Fen | None = None
    """In hundredths of a yuan."""
    happened_at: Happened | None = None


def correct(on: Context, ask: CorrectReport | CorrectDamage) -> Decision:
    """Correct an entry, or a correction of it, with a reason."""
    if isinstance(ask, CorrectReport):
        known = ask.filing in on.incident.filings
        fact: Correction = ReportCorrected(**ask.model_dump(exclude={"kind"}))
    else:
        known = ask.damage in on.incident.damages
        fact = DamageCorrected(**ask.model_dump(exclude={"kind"}))
    return _checked(on, fact) if known else _unknown(fact)


def _checked(on: Context, fact: Correction) -> Decision:
    if not given(fact):
        return Refusal.CORRECTION_EMPTY
    if on.asked.reason is None:
        return Refusal.REASON_REQUIRED
    if fact.happened_at and fact.happened_at > on.now:
        return Refused(Refusal.INSTANT_IN_FUTURE, {"now": on.now.isoformat()})
    if on.incident.corrections.get(subject_of(fact)) == encode(fact):
        return []
    return [fact]


def _unknown(fact: Correction) -> Refused:
    return Refused(Refusal.ENTRY_UNKNOWN, {"entry": subject_of(fact)})


def given(fact: Correction) -> dict[str, object]:
    """Return what a correction says to be otherwise, by the entry's own fields."""
    unsaid = {"kind", "filing", "damage", "happened_at"}
    said = fact.model_dump(exclude_none=True, exclude=unsaid)
    return said | ({"happened_at": fact.happened_at} if fact.happened_at else {})


Changes = Mapping[str, Mapping[str, object]]
"""What is right of the entries that were wrong, by entry and field."""

NOTHING_CHANGED: Changes = MappingProxyType({})


def gathered(facts: Iterable[Event], before: Changes = NOTHING_CHANGED) -> Changes:
    """Return what all corrections say, those before too; of the same field the later counts."""
    changes = {entry: dict(change) for entry, change in before.items()}
    for fact in facts:
        if isinstance(fact, Correction):
            changes.setdefault(subject_of(fact), {}).update(given(fact))
    return changes


def righted(told: DatedEvent, changes: Changes) -> DatedEvent:
    """Return a fact as it is known to be, in the place where it belongs.

    The corrections themselves stay as they are.
    """
    change = dict(changes.get(subject_of(told.fact), {})) if isinstance(told.fact, Entry) else {}
    happened = change.pop("happened_at", None) or told.happened
    assert isinstance(happened, datetime), happened  # noqa: S101 - an invariant
    fact = told.fact.model_copy(update=change) if change else told.fact
    return DatedEvent(happened, told.version, fact)


DECISIONS: Decisions = {
    CorrectReport: Rule(correct, phases=ALWAYS),
    CorrectDamage: Rule(correct, phases=ALWAYS),
}
