"""Erasing, and what forbids it: the same rules for an incident's people and for contacts."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from domain.directory.person import PERSONS, Channel, ContactRegistered, RegisterContact
from domain.incident.events.people import PersonConcern, PersonRecorded
from domain.incident.people import RecordPerson
from domain.incident.warning import CancelWarning
from domain.plan.model.plan import ChannelKind
from domain.privacy import (
    ErasePersonalData,
    LegalBasis,
    LegalHoldLifted,
    LegalHoldPlaced,
    LiftLegalHold,
    PersonalDataErased,
    PlaceLegalHold,
)
from domain.refusals import Refusal
from domain.values import Mode
from tests.domain.incident.world import NOTHING, RESPONDING, WARNED
from tests.domain.spec import NOON, given

WHY = "They asked for it"
OLD = "sealed:v1:key-1:" + "A" * 40
NEW = "sealed:v1:key-2:" + "B" * 40
MAIL = Channel(kind=ChannelKind.MAIL, address=OLD)
NEW_MAIL = Channel(kind=ChannelKind.MAIL, address=NEW)
COURT = "The district court"

REGISTERED = ContactRegistered(person="li", name=OLD, channels=(MAIL,))
ERASE = ErasePersonalData(person="li", basis=LegalBasis.CONSENT_WITHDRAWN)
ERASED = PersonalDataErased(person="li", keys=("key-1",), basis=LegalBasis.CONSENT_WITHDRAWN)
HOLD = PlaceLegalHold(hold="case-7", person="li", authority=COURT)
HELD = LegalHoldPlaced(
    hold="case-7", person="li", authority=COURT, placed_by="operator-1", placed_at=NOON
)
LIFT = LiftLegalHold(hold="case-7")
LIFTED = LegalHoldLifted(hold="case-7")

RECORD = RecordPerson(person="li", concern=PersonConcern.WITNESS, name=OLD)
ON_FILE = PersonRecorded(
    person="li", concern=PersonConcern.WITNESS, name=OLD, contact=None, particulars=None
)
EVERYBODY = ErasePersonalData(basis=LegalBasis.PURPOSE_ACHIEVED)


def test_erasing_names_every_key_that_sealed_what_is_known() -> None:
    moved = ContactRegistered(person="li", channels=(NEW_MAIL,))
    both = ERASED.model_copy(update={"keys": ("key-1", "key-2")})
    given(PERSONS, REGISTERED, moved).when(ERASE, because=WHY).then(both)


def test_who_was_erased_can_not_be_reached() -> None:
    person = given(PERSONS, REGISTERED, ERASED).state
    assert (person.name, person.channels, person.reachable_in(Mode.LIVE)) == (None, (), ())


def test_erasing_twice_is_once() -> None:
    given(PERSONS, REGISTERED, ERASED).when(ERASE, because=WHY).then_nothing()


def test_nothing_is_erased_of_somebody_unknown() -> None:
    given(PERSONS).when(ERASE, because=WHY).then_refused(Refusal.PERSONAL_DATA_UNKNOWN, person="li")


@pytest.mark.parametrize("command", [ERASE, HOLD, LIFT], ids=lambda one: one.kind)
def test_nobody_erases_or_holds_without_a_reason(command: ErasePersonalData) -> None:
    given(PERSONS, REGISTERED).when(command).then_refused(Refusal.REASON_REQUIRED)


def test_what_an_authority_holds_is_not_erased_and_the_refusal_says_who_and_since_when() -> None:
    given(PERSONS, REGISTERED).when(HOLD, because=WHY).then(HELD)
    given(PERSONS, REGISTERED, HELD).when(ERASE, because=WHY).then_refused(
        Refusal.LEGAL_HOLD_IN_FORCE,
        hold="case-7",
        authority=COURT,
        placed_by="operator-1",
        since=NOON.isoformat(),
    )


def test_a_hold_that_was_lifted_forbids_nothing() -> None:
    given(PERSONS, REGISTERED, HELD).when(LIFT, because=WHY).then(LIFTED)
    given(PERSONS, REGISTERED, HELD, LIFTED).when(ERASE, because=WHY).then(ERASED)
    given(PERSONS, REGISTERED, HELD, LIFTED).when(LIFT, because=WHY).then_nothing()


def test_a_hold_is_placed_once_and_its_name_is_never_another_hold() -> None:
    held = given(PERSONS, REGISTERED, HELD)
    held.when(HOLD, because=WHY).then_nothing()
    other = PlaceLegalHold(hold="case-7", person="li", authority="The police")
    held.when(other, because=WHY).then_refused(Refusal.ID_ALREADY_USED)
    again = given(PERSONS, REGISTERED, HELD, LIFTED)
    again.when(HOLD, because=WHY).then_refused(Refusal.ID_ALREADY_USED)


def test_a_hold_that_nobody_placed_is_not_lifted() -> None:
    given(PERSONS, REGISTERED).when(LIFT, because=WHY).then_refused(
        Refusal.LEGAL_HOLD_UNKNOWN, hold="case-7"
    )


def test_nothing_is_recorded_that_a_destroyed_key_sealed() -> None:
    late = RegisterContact(person="li", channels=(MAIL,))
    given(PERSONS, REGISTERED, ERASED).when(late).then_refused(Refusal.KEY_DESTROYED)
    NOTHING_LEFT.when(RECORD).then_refused(Refusal.KEY_DESTROYED, person="li")


def test_who_was_erased_may_come_back_under_a_new_key() -> None:
    again = RegisterContact(person="li", channels=(NEW_MAIL,))
    back = given(PERSONS, REGISTERED, ERASED).having(again)
    new = ERASED.model_copy(update={"keys": ("key-2",)})
    back.when(ERASE, because=WHY).then(new)


FILED = RESPONDING.having(RECORD)
NOTHING_LEFT = FILED.having(ERASE, because=WHY)


def test_somebody_is_put_on_file_once_and_said_again_the_later_one_holds() -> None:
    RESPONDING.when(RECORD).then(ON_FILE)
    FILED.when(RECORD).then_nothing()
    hurt = RECORD.model_copy(update={"concern": PersonConcern.CASUALTY})
    FILED.when(hurt).then_kinds("PersonRecorded")


def test_everybody_of_an_incident_is_erased_at_once_unless_one_is_held() -> None:
    both = FILED.having(RecordPerson(person="wang", concern=PersonConcern.WITNESS, name=NEW))
    both.when(EVERYBODY, because=WHY).then_kinds("PersonalDataErased", "PersonalDataErased")
    held = both.having(HOLD, because=WHY)
    held.when(EVERYBODY, because=WHY).then_refused(Refusal.LEGAL_HOLD_IN_FORCE)
    only = ErasePersonalData(person="wang", basis=LegalBasis.OTHER_LAW)
    held.when(only, because=WHY).then_kinds("PersonalDataErased")
    everybody = PlaceLegalHold(hold="all", authority=COURT)
    both.having(everybody, because=WHY).when(only, because=WHY).then_refused(
        Refusal.LEGAL_HOLD_IN_FORCE
    )


def test_where_nobody_is_on_file_there_is_nothing_to_erase() -> None:
    RESPONDING.when(EVERYBODY, because=WHY).then_nothing()


def test_the_emergency_law_asks_for_it_when_the_emergency_is_over_not_before() -> None:
    over = ErasePersonalData(person="li", basis=LegalBasis.EMERGENCY_OVER)
    FILED.when(over, because=WHY).then_refused(
        Refusal.PHASE_NOT_REACHED, phase="response", needed="aftermath, closed, stood_down"
    )
    stood_down = WARNED.having(RECORD).having(CancelWarning(issuer="desk"))
    stood_down.when(over, because=WHY).then_kinds("PersonalDataErased")


def test_a_closed_incident_can_still_be_held_and_erased_but_nobody_is_put_on_file() -> None:
    over = WARNED.having(RECORD).having(CancelWarning(issuer="desk"))
    over.when(HOLD, because=WHY).then_kinds("LegalHoldPlaced")
    over.when(ERASE, because=WHY).then_kinds("PersonalDataErased")
    over.when(RECORD.model_copy(update={"person": "wang"})).then_refused(Refusal.PHASE_OVER)


def test_an_incident_that_never_was_has_nothing_to_erase() -> None:
    NOTHING.when(ERASE, because=WHY).then_refused(Refusal.INCIDENT_UNKNOWN)


@pytest.mark.parametrize("plain", ["Li Wei", "13800000000", "sealed:v1:key:short"])
def test_nothing_plain_gets_on_file(plain: str) -> None:
    for field in ("name", "contact", "particulars"):
        with pytest.raises(ValidationError):
            RecordPerson(person="li", concern=PersonConcern.WITNESS, **{field: plain})
