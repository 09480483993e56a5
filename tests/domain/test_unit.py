"""A unit: registered once, reserved for one request at a time."""

from __future__ import annotations

from functools import reduce

import pytest
from pydantic import ValidationError

from domain.decider import decode, encode
from domain.refusals import Refusal
from domain.resource.unit import (
    UNITS,
    PutOutOfService,
    RegisterUnit,
    ReleaseReservation,
    ReserveUnit,
    ReturnToService,
    Unit,
    UnitPutOutOfService,
    UnitRegistered,
    UnitReservationReleased,
    UnitReserved,
    UnitReturnedToService,
    UnitStatus,
)
from domain.values import Text
from tests.domain.spec import given

GUARDS = Text.of("保安一队", "Guard team 1")
INCIDENT = "0b8f6c0e-8d4a-4a5e-9d3f-1c2b3a4d5e6f"
ANOTHER_INCIDENT = "7c1d2e3f-0000-4000-8000-000000000000"

REGISTER = RegisterUnit(unit="guards-1", title=GUARDS, resource_kind="guard", x=12.0, y=3.5)
RESERVE = ReserveUnit(incident=INCIDENT, request="plan.guard.1")
RESERVE_FOR_ANOTHER = ReserveUnit(incident=ANOTHER_INCIDENT, request="plan.guard.1")
RELEASE = ReleaseReservation(incident=INCIDENT, request="plan.guard.1")
BREAK_DOWN = PutOutOfService(cause="flat battery")
MEND = ReturnToService()

REGISTERED = UnitRegistered(unit="guards-1", title=GUARDS, resource_kind="guard", x=12.0, y=3.5)
RESERVED = UnitReserved(incident=INCIDENT, request="plan.guard.1")
RESERVED_ELSEWHERE = UnitReserved(incident=ANOTHER_INCIDENT, request="plan.guard.1")
RELEASED = UnitReservationReleased(incident=INCIDENT, request="plan.guard.1")
BROKEN_DOWN = UnitPutOutOfService(cause="flat battery")
MENDED = UnitReturnedToService()


def test_a_unit_is_registered() -> None:
    given(UNITS).when(REGISTER).then(REGISTERED)


def test_registering_the_same_unit_again_changes_nothing() -> None:
    given(UNITS, REGISTERED).when(REGISTER).then_nothing()


def test_a_registered_name_is_not_given_to_another_unit() -> None:
    elsewhere = REGISTER.model_copy(update={"x": 99.0})
    given(UNITS, REGISTERED).when(elsewhere).then_refused(Refusal.UNIT_ALREADY_REGISTERED)


def test_a_unit_is_reserved_for_a_request() -> None:
    given(UNITS, REGISTERED).when(RESERVE).then(RESERVED)


def test_reserving_again_for_the_same_request_changes_nothing() -> None:
    given(UNITS, REGISTERED, RESERVED).when(RESERVE).then_nothing()


def test_two_incidents_never_get_the_same_unit() -> None:
    given(UNITS, REGISTERED, RESERVED).when(RESERVE_FOR_ANOTHER).then_refused(
        Refusal.UNIT_RESERVED_ELSEWHERE, unit="guards-1", incident=INCIDENT, request="plan.guard.1"
    )


def test_two_requests_of_an_incident_never_get_the_same_unit() -> None:
    another = ReserveUnit(incident=INCIDENT, request="plan.guard.2")
    given(UNITS, REGISTERED, RESERVED).when(another).then_refused(Refusal.UNIT_RESERVED_ELSEWHERE)


def test_a_unit_that_was_given_back_is_reserved_anew() -> None:
    given(UNITS, REGISTERED, RESERVED, RELEASED).when(RESERVE_FOR_ANOTHER).then(RESERVED_ELSEWHERE)


def test_a_reservation_is_given_back() -> None:
    given(UNITS, REGISTERED, RESERVED).when(RELEASE).then(RELEASED)


def test_giving_back_twice_changes_nothing() -> None:
    given(UNITS, REGISTERED, RESERVED, RELEASED).when(RELEASE).then_nothing()


def test_giving_back_late_does_not_free_what_another_incident_holds() -> None:
    given(UNITS, REGISTERED, RESERVED_ELSEWHERE).when(RELEASE).then_nothing()


def test_a_unit_out_of_service_is_not_reserved() -> None:
    given(UNITS, REGISTERED, BROKEN_DOWN).when(RESERVE).then_refused(
        Refusal.UNIT_NOT_AVAILABLE, unit="guards-1", cause="flat battery"
    )


def test_a_unit_breaks_down_and_is_mended() -> None:
    given(UNITS, REGISTERED).when(BREAK_DOWN).then(BROKEN_DOWN)
    given(UNITS, REGISTERED, BROKEN_DOWN).when(BREAK_DOWN).then_nothing()
    given(UNITS, REGISTERED, BROKEN_DOWN).when(MEND).then(MENDED)
    given(UNITS, REGISTERED).when(MEND).then_nothing()


def test_a_unit_that_breaks_down_on_duty_can_still_be_given_back() -> None:
    given(UNITS, REGISTERED, RESERVED, BROKEN_DOWN).when(RELEASE).then(RELEASED)


@pytest.mark.parametrize("ask", [RESERVE, RELEASE, BREAK_DOWN, MEND], ids=lambda ask: ask.kind)
def test_nothing_is_asked_of_an_unknown_unit(ask: ReserveUnit) -> None:
    given(UNITS).when(ask).then_refused(Refusal.UNIT_UNKNOWN)


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ([REGISTERED], UnitStatus.AVAILABLE),
        ([REGISTERED, RESERVED], UnitStatus.ASSIGNED),
        ([REGISTERED, RESERVED, RELEASED], UnitStatus.AVAILABLE),
        ([REGISTERED, RESERVED, BROKEN_DOWN], UnitStatus.OUT_OF_SERVICE),
        ([REGISTERED, RESERVED, BROKEN_DOWN, MENDED], UnitStatus.ASSIGNED),
    ],
)
def test_a_unit_stands_in_one_of_three_places(
    facts: list[UnitRegistered], status: UnitStatus
) -> None:
    assert reduce(UNITS.evolve, facts, Unit()).status is status


@pytest.mark.parametrize(
    "fact", [REGISTERED, RESERVED, RELEASED, BROKEN_DOWN, MENDED], ids=lambda fact: fact.kind
)
def test_every_fact_survives_storage(fact: UnitRegistered) -> None:
    assert decode(UNITS, fact.kind, 1, encode(fact)) == fact


@pytest.mark.parametrize("field", [{"x": float("nan")}, {"capacity": 0}, {"unit": "Guards 1"}])
def test_a_unit_has_a_name_a_place_and_room(field: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RegisterUnit.model_validate(REGISTER.model_dump() | field)
