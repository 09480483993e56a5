"""The people whom an incident is about, sealed; and their right to be forgotten."""

from __future__ import annotations

from typing import Literal

from domain import privacy
from domain.decider import Decision, Refused
from domain.incident.events.people import PersonConcern, PersonRecorded
from domain.incident.policy.decisions import ALWAYS, Decisions, Rule
from domain.incident.state.context import Context
from domain.incident.state.incident import OnFile
from domain.privacy import LegalBasis, Sealed
from domain.refusals import Refusal
from domain.values import Command, Id, Phase

RESPONSE_ENDED = (Phase.AFTERMATH, Phase.CLOSED, Phase.STOOD_DOWN)
"""When 突发事件应对法 art. 85 asks that personal data be destroyed."""


class RecordPerson(Command):
    """Say who a person is whom the incident is about; everything personal is sealed."""

    kind: Literal["RecordPerson"] = "RecordPerson"
    person: Id
    """A name for the file, never the person's own."""
    concern: PersonConcern
    name: Sealed | None = None
    contact: Sealed | None = None
    particulars: Sealed | None = None
    """Injuries, an enquiry, what somebody stated."""


def record_person(on: Context, ask: RecordPerson) -> Decision:
    file = OnFile(ask.concern, ask.name, ask.contact, ask.particulars)
    if on.incident.people.get(ask.person) == file:
        return []
    if privacy.unreadable(on.incident.privacy, file.sealed):
        return Refused(Refusal.KEY_DESTROYED, {"person": ask.person})
    return [
        PersonRecorded(
            person=ask.person,
            concern=ask.concern,
            name=ask.name,
            contact=ask.contact,
            particulars=ask.particulars,
        )
    ]


def protect(on: Context, ask: privacy.PrivacyCommand) -> Decision:
    """Erase, hold, or lift a hold. While the response lasts it needs what it knows."""
    if (
        isinstance(ask, privacy.ErasePersonalData)
        and ask.basis is LegalBasis.EMERGENCY_OVER
        and on.incident.phase not in RESPONSE_ENDED
    ):
        needed = ", ".join(RESPONSE_ENDED)
        found = {"phase": str(on.incident.phase), "needed": needed}
        return Refused(Refusal.PHASE_NOT_REACHED, found)
    return privacy.decide(on.incident.privacy, on.asked, ask, on.now)


DECISIONS: Decisions = {
    RecordPerson: Rule(record_person),
    privacy.ErasePersonalData: Rule(protect, phases=ALWAYS),
    privacy.PlaceLegalHold: Rule(protect, phases=ALWAYS),
    privacy.LiftLegalHold: Rule(protect, phases=ALWAYS),
}
