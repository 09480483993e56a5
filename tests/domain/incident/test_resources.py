"""Units: requested, sent, late, released."""

from __future__ import annotations

import pytest

from domain.incident.events.means import (
    ResourceRequestCancelled,
    ResourceRequested,
    ResourceUnavailable,
    UnitArrived,
    UnitDispatched,
    UnitOverdue,
    UnitReleased,
    UnitReturned,
)
from domain.incident.resources import (
    CancelResourceRequest,
    ConfirmUnitReturned,
    DeclareResourceUnavailable,
    DispatchUnit,
    ReleaseUnit,
    ReportUnitArrived,
    RequestResource,
)
from domain.incident.state.incident import DeadlineKind
from domain.refusals import Refusal
from domain.values import Command
from tests.domain.incident.world import (
    CLOCK,
    COMMANDED,
    HANDS,
    MINUTE,
    due,
)
from tests.domain.spec import NOON

REQUEST = RequestResource(
    request="r1", resource_kind="guards", quantity=2, zone="north", arrive_within=10 * MINUTE
)
SEND_1, SEND_2 = (DispatchUnit(request="r1", unit=unit) for unit in ("g1", "g2"))
ARRIVED = ReportUnitArrived(unit="g1")
RELEASE = ReleaseUnit(unit="g1")
RETURNED = ConfirmUnitReturned(unit="g1")
ASKED = COMMANDED.having(REQUEST)
SENT = ASKED.having(SEND_1, HANDS)


def test_units_are_requested_once_under_a_name() -> None:
    COMMANDED.when(REQUEST).then(
        ResourceRequested(
            request="r1",
            resource_kind="guards",
            quantity=2,
            zone="north",
            arrive_by=NOON + 10 * MINUTE,
        )
    )
    ASKED.when(REQUEST).then_nothing()
    ASKED.when(REQUEST.model_copy(update={"quantity": 3})).then_refused(Refusal.ID_ALREADY_USED)
    COMMANDED.when(REQUEST.model_copy(update={"resource_kind": "x"})).then_refused(
        Refusal.RESOURCE_KIND_UNKNOWN
    )
    COMMANDED.when(REQUEST.model_copy(update={"zone": "x"})).then_refused(Refusal.ZONE_UNKNOWN)


def test_a_request_is_filled_unit_by_unit() -> None:
    ASKED.when(SEND_1, HANDS).then(UnitDispatched(request="r1", unit="g1"))
    SENT.when(SEND_1, HANDS).then_nothing()
    filled = SENT.having(SEND_2, HANDS)
    filled.when(DispatchUnit(request="r1", unit="g3"), HANDS).then_refused(Refusal.REQUEST_OVER)
    COMMANDED.when(SEND_1, HANDS).then_refused(Refusal.REQUEST_UNKNOWN)


def test_a_unit_serves_one_request_at_a_time() -> None:
    other = REQUEST.model_copy(update={"request": "r2"})
    SENT.having(other).when(DispatchUnit(request="r2", unit="g1"), HANDS).then_refused(
        Refusal.UNIT_NOT_AVAILABLE
    )


def test_a_cancelled_request_takes_no_unit() -> None:
    cancel = CancelResourceRequest(request="r1")
    ASKED.when(cancel).then(ResourceRequestCancelled(request="r1"))
    ASKED.having(cancel).when(cancel).then_nothing()
    ASKED.having(cancel).when(SEND_1, HANDS).then_refused(Refusal.REQUEST_OVER)
    SENT.having(SEND_2, HANDS).when(cancel).then_refused(Refusal.REQUEST_OVER)
    COMMANDED.when(cancel).then_refused(Refusal.REQUEST_UNKNOWN)


def test_a_unit_arrives_is_released_and_comes_back() -> None:
    SENT.when(ARRIVED).then(UnitArrived(unit="g1"))
    SENT.having(ARRIVED).when(ARRIVED).then_nothing()
    SENT.when(RETURNED, HANDS).then_refused(Refusal.UNIT_NOT_AVAILABLE)
    released = SENT.having(ARRIVED).having(RELEASE)
    assert UnitReleased(unit="g1") in released.facts
    released.when(RELEASE).then_nothing()
    released.when(RETURNED, HANDS).then(UnitReturned(unit="g1"))
    released.having(RETURNED, HANDS).when(RETURNED, HANDS).then_nothing()


@pytest.mark.parametrize("command", [ARRIVED, RELEASE])
def test_a_unit_that_was_not_sent_neither_arrives_nor_is_released(command: Command) -> None:
    ASKED.when(command).then_refused(Refusal.UNIT_NOT_DISPATCHED)


def test_units_that_are_late_are_told_of_until_all_have_arrived() -> None:
    overdue = due(DeadlineKind.UNIT_ARRIVAL, "r1", 10 * MINUTE)
    SENT.having(ARRIVED).when(overdue, CLOCK).then_among_others(UnitOverdue(request="r1"))
    complete = SENT.having(SEND_2, HANDS).having(ARRIVED).having(ReportUnitArrived(unit="g2"))
    complete.when(overdue, CLOCK).then_nothing()


def test_when_no_unit_is_to_be_had_those_in_charge_are_told_what_is_missing() -> None:
    declare = DeclareResourceUnavailable(request="r1")
    SENT.when(declare, HANDS).then_among_others(ResourceUnavailable(request="r1", missing=1))
    SENT.having(declare, HANDS).when(declare, HANDS).then_nothing()
    COMMANDED.when(declare, HANDS).then_refused(Refusal.REQUEST_UNKNOWN)
