"""How much one reader is shown: decided on the reader's own stream."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.decider import CommandEnvelope, Refused
from domain.directory.person import PERSONS, Person, RegisterContact
from domain.record.disclosure import (
    DISCLOSURES,
    DisclosePersonalData,
    Disclosures,
    PersonalDataDisclosed,
)
from domain.record.divergence import DIVERGENCES, AcknowledgeDivergence, Acknowledgement
from domain.record.export import EXPORTS, Export, ExportCase
from domain.refusals import Refusal
from domain.resource.unit import UNITS, PutOutOfService, Unit
from domain.values import Actor, Command, IncidentId, Role

NOW = datetime(2026, 5, 1, 6, 30, tzinfo=UTC)
LIMIT = 3
OPERATOR = Actor("operator", frozenset({Role.OPERATOR}))
LOGISTICS = Actor("logistics", frozenset({Role.LOGISTICS}))
ASK = DisclosePersonalData(person="li")


def asked(command: Command = ASK, actor: Actor = OPERATOR, **said: str | None) -> CommandEnvelope:
    return CommandEnvelope(command, UUID(int=1), actor, **({"reason": "the hospital asks"} | said))  # type: ignore[arg-type] # texts


def shown(*minutes_ago: int) -> Disclosures:
    state = DISCLOSURES.initial
    for minutes in minutes_ago:
        at = NOW - timedelta(minutes=minutes)
        fact = PersonalDataDisclosed(incident=None, person="li", at=at)
        state = DISCLOSURES.evolve(state, fact)
    return state


def test_each_disclosure_is_a_fact_with_its_moment() -> None:
    facts = DISCLOSURES.decide(shown(), asked(), NOW, LIMIT)
    assert facts == [PersonalDataDisclosed(incident=None, person="li", at=NOW)]


def test_it_needs_a_reason() -> None:
    refused = DISCLOSURES.decide(shown(), asked(reason=None), NOW, LIMIT)
    assert refused == Refused(Refusal.REASON_REQUIRED)


@pytest.mark.parametrize("before", [(), (10,), (59, 1), (60, 30, 2), (300, 200, 61, 60, 5, 4)])
def test_below_the_limit_it_is_shown(before: tuple[int, ...]) -> None:
    assert isinstance(DISCLOSURES.decide(shown(*before), asked(), NOW, LIMIT), list)


@pytest.mark.parametrize(("before", "again"), [((59, 30, 2), 1), ((70, 40, 20, 10, 5), 40)])
def test_at_the_limit_it_is_refused_and_says_when_again(
    before: tuple[int, ...], again: int
) -> None:
    refused = DISCLOSURES.decide(shown(*before), asked(), NOW, LIMIT)
    moment = (NOW + timedelta(minutes=again)).isoformat()
    found = {"actor": "operator", "limit": "3", "again": moment}
    if before[0] == 70:
        found["again"] = (NOW + timedelta(minutes=60 - 20)).isoformat()
    assert refused == Refused(Refusal.DISCLOSURES_TOO_MANY, found)


def test_what_is_remembered_is_no_more_than_an_hour() -> None:
    assert len(shown(*range(600, 0, -1)).recent) == 60


# ------------------------------------------------------------------------------ on behalf of others


def test_only_who_may_enter_what_others_did_does_so_of_a_unit() -> None:
    command = PutOutOfService(cause="broken")
    refused = UNITS.decide(Unit(), asked(command, LOGISTICS, on_behalf_of="li"), NOW, None)
    assert refused == Refused(Refusal.MAY_NOT_SPEAK_FOR_OTHERS)
    allowed = UNITS.decide(Unit(), asked(command, OPERATOR, on_behalf_of="li"), NOW, None)
    assert allowed == Refused(Refusal.UNIT_UNKNOWN)


def test_only_who_may_enter_what_others_did_does_so_of_a_contact() -> None:
    planner = Actor("planner", frozenset({Role.PLANNER}))
    command = RegisterContact(person="li", channels=())
    refused = PERSONS.decide(Person(), asked(command, planner, on_behalf_of="wu"), NOW, None)
    assert refused == Refused(Refusal.MAY_NOT_SPEAK_FOR_OTHERS)


def test_nor_does_an_auditor_of_an_export_or_a_divergence() -> None:
    auditor = Actor("auditor", frozenset({Role.AUDITOR}))
    export = asked(ExportCase(incident=IncidentId("i")), auditor, on_behalf_of="wu")
    refused = Refused(Refusal.MAY_NOT_SPEAK_FOR_OTHERS)
    assert EXPORTS.decide(Export(), export, NOW, ()) == refused
    known = asked(AcknowledgeDivergence(divergence="d"), auditor, on_behalf_of="wu")
    assert DIVERGENCES.decide(Acknowledgement(), known, NOW, None) == refused
    disclosing = asked(ASK, auditor, on_behalf_of="wu")
    assert DISCLOSURES.decide(Disclosures(), disclosing, NOW, LIMIT) == refused
