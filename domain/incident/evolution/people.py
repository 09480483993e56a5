"""What is known of people, until it is erased."""

from __future__ import annotations

from domain import privacy
from domain.incident.events import people
from domain.incident.evolution.changes import Changes
from domain.incident.state.incident import Incident, OnFile


def _recorded(was: Incident, fact: people.PersonRecorded) -> Incident:
    file = OnFile(fact.concern, fact.name, fact.contact, fact.particulars)
    return was._replace(
        people=was.people.insert(fact.person, file),
        privacy=privacy.recorded(was.privacy, fact.person, file.sealed),
    )


def _erased(was: Incident, fact: people.PersonalDataErased) -> Incident:
    return was._replace(
        people=was.people.discard(fact.person), privacy=privacy.evolve(was.privacy, fact)
    )


def _protected(was: Incident, fact: people.LegalHoldPlaced | people.LegalHoldLifted) -> Incident:
    return was._replace(privacy=privacy.evolve(was.privacy, fact))


CHANGES: Changes = {
    people.PersonRecorded: _recorded,
    people.PersonalDataErased: _erased,
    people.LegalHoldPlaced: _protected,
    people.LegalHoldLifted: _protected,
}
