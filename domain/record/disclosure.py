"""Who was shown what is known of somebody: recorded before it is shown, on a stream per reader.

The stream is that of whoever reads, so that how much one reads in an hour is decided where it is
recorded: two calls at once can't both be the last one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from domain.decider import CommandEnvelope, Decider, Refused
from domain.delegation import may_not_speak
from domain.refusals import Refusal
from domain.values import Command, Event, Id, IncidentId, Instant

WINDOW = timedelta(hours=1)
"""The time within which disclosures are counted."""


class PersonalDataDisclosed(Event):
    """What is known of a person was shown to whoever asked, who said why."""

    kind: Literal["PersonalDataDisclosed"] = "PersonalDataDisclosed"
    incident: IncidentId | None
    """Where the person is on file; the directory of contacts if None."""
    person: Id
    at: Instant


class DisclosePersonalData(Command):
    """Ask to be shown what is known of a person; the context's reason says why."""

    kind: Literal["DisclosePersonalData"] = "DisclosePersonalData"
    incident: IncidentId | None = None
    person: Id


class Disclosures(NamedTuple):
    """What one reader was shown, within the last hour before the last time."""

    recent: tuple[datetime, ...] = ()

    def within(self, now: datetime) -> tuple[datetime, ...]:
        """Return when the reader was shown something within the hour before a moment."""
        return tuple(at for at in self.recent if at > now - WINDOW)


def evolve(state: Disclosures, fact: Event) -> Disclosures:
    """Take a fact into account."""
    assert isinstance(fact, PersonalDataDisclosed), fact  # noqa: S101 - no other kind
    return Disclosures((*state.within(fact.at), fact.at))


def decide(
    state: Disclosures, asked: CommandEnvelope, now: datetime, surroundings: object
) -> Sequence[Event] | Refused:
    """Decide whether a reader is shown something; `surroundings` is how often in an hour."""
    ask = asked.command
    assert isinstance(ask, DisclosePersonalData), ask  # noqa: S101 - the only command
    assert isinstance(surroundings, int), surroundings  # noqa: S101 - a setting
    if refusal := may_not_speak(asked):
        return refusal
    if not asked.reason:
        return Refused(Refusal.REASON_REQUIRED)
    recent = state.within(now)
    if len(recent) >= surroundings:
        again = recent[len(recent) - surroundings] + WINDOW
        found = {"actor": asked.actor.id, "limit": str(surroundings), "again": again.isoformat()}
        return Refused(Refusal.DISCLOSURES_TOO_MANY, found)
    return [PersonalDataDisclosed(incident=ask.incident, person=ask.person, at=now)]


DISCLOSURES = Decider[Disclosures](
    category="disclosure",
    initial=Disclosures(),
    facts={"PersonalDataDisclosed": PersonalDataDisclosed},
    evolve=evolve,
    decide=decide,
)
