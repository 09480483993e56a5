"""Warnings and alarms: how an incident opens, and how it stands down."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from domain.incident.decider import INCIDENTS
from domain.incident.events.duties import Message, NotificationOrdered, ReportExpected
from domain.incident.events.opening import (
    AlarmFoundFalse,
    AlarmLeftUnverified,
    AlarmReported,
    AlarmVerified,
    IncidentStoodDown,
    WarningAdjusted,
    WarningCancelled,
)
from domain.incident.events.response import MeasureImposed, MeasureLifted
from domain.incident.obligations.deadlines import LetDeadlinePass
from domain.incident.state.incident import DeadlineKind
from domain.incident.warning import AdjustWarning, CancelWarning, RaiseWarning, VerifyAlarm
from domain.refusals import Refusal
from domain.values import HazardKind, Mode, Phase, ResponseLevel, WarningColour
from tests.domain.incident.world import (
    ACTIVATE,
    ALARM,
    ALARMED,
    CLOCK,
    ELSEWHERE,
    MINUTE,
    NOTHING,
    OPENED,
    RESPONDING,
    WARN,
    WARNED,
)
from tests.domain.spec import NOON, Given

ADJUST = AdjustWarning(
    colour=WarningColour.RED, scope=("north", "south"), matters="Leave.", issuer="desk"
)
CANCEL = CancelWarning(issuer="desk")
UNVERIFIED = LetDeadlinePass(
    deadline=DeadlineKind.ALARM_VERIFICATION, subject="alarm", due_at=NOON + 2 * MINUTE
)


def test_a_warning_opens_an_incident_and_begins_its_duties_in_one_piece() -> None:
    NOTHING.when(WARN).then_kinds(
        "IncidentOpened",
        "WarningRaised",
        "MeasureImposed",
        "TaskAssigned",
        "NotificationOrdered",
        "ReportExpected",
    )


def test_an_incident_is_pinned_to_the_plan_in_force() -> None:
    NOTHING.when(WARN).then_among_others(OPENED, MeasureImposed(measure="one-way", title="One way"))


def test_a_warning_expects_the_first_report_within_ten_minutes() -> None:
    NOTHING.when(WARN).then_among_others(
        NotificationOrdered(
            notification="n1", to="lead", message=Message.TASK_ASSIGNED, about="task/prepare"
        ),
        ReportExpected(report="sitrep", due_at=NOON + 10 * MINUTE),
    )


@pytest.mark.parametrize("field", ["scope", "matters", "measures", "issuer", "starts_at", "colour"])
def test_a_warning_must_state_what_the_law_asks_for(field: str) -> None:
    stated = WARN.model_dump()
    del stated[field]
    with pytest.raises(ValidationError, match=field):
        RaiseWarning.model_validate(stated)


def test_the_same_warning_again_changes_nothing() -> None:
    WARNED.when(WARN).then_nothing()


def test_another_warning_does_not_open_the_incident_again() -> None:
    WARNED.when(WARN.model_copy(update={"matters": "Else."})).then_refused(
        Refusal.INCIDENT_ALREADY_OPEN
    )


def test_a_plan_for_other_venues_is_not_used() -> None:
    NOTHING.when(WARN.model_copy(update={"venue": "station"})).then_refused(
        Refusal.PLAN_NOT_FOR_VENUE
    )


def test_a_hazard_that_the_plan_does_not_cover_is_refused() -> None:
    NOTHING.when(WARN.model_copy(update={"hazard": HazardKind.SECURITY})).then_refused(
        Refusal.HAZARD_NOT_IN_PLAN
    )


def test_a_zone_must_be_of_the_venue() -> None:
    NOTHING.when(WARN.model_copy(update={"scope": ("roof",)})).then_refused(Refusal.ZONE_UNKNOWN)
    NOTHING.when(ALARM.model_copy(update={"zone": "roof"})).then_refused(Refusal.ZONE_UNKNOWN)


def test_without_a_plan_nothing_opens() -> None:
    Given(INCIDENTS, [], None).when(WARN).then_refused(Refusal.PLAN_UNKNOWN)


def test_only_an_exercise_has_a_pace() -> None:
    NOTHING.when(WARN.model_copy(update={"pace": 10.0})).then_refused(Refusal.EXERCISE_ONLY)


def test_an_exercise_at_a_pace_shortens_what_the_plan_promises() -> None:
    drill = WARN.model_copy(update={"mode": Mode.EXERCISE, "pace": 10.0})
    NOTHING.when(drill).then_among_others(ReportExpected(report="sitrep", due_at=NOON + MINUTE))


def test_whoever_was_not_let_in_at_a_venue_may_not_act_there() -> None:
    NOTHING.when(WARN, ELSEWHERE).then_refused(Refusal.VENUE_NOT_PERMITTED)
    WARNED.when(ADJUST, ELSEWHERE).then_refused(Refusal.VENUE_NOT_PERMITTED)


def test_an_unknown_incident_knows_no_commands_but_those_that_open_it() -> None:
    NOTHING.when(ADJUST).then_refused(Refusal.INCIDENT_UNKNOWN)


def test_a_warning_is_adjusted_once() -> None:
    adjusted = WarningAdjusted(
        colour=WarningColour.RED, scope=("north", "south"), matters="Leave.", issuer="desk"
    )
    WARNED.when(ADJUST).then(adjusted)
    WARNED.having(ADJUST).when(ADJUST).then_nothing()


def test_without_a_warning_there_is_none_to_adjust_or_cancel() -> None:
    ALARMED.when(ADJUST).then_refused(Refusal.NO_WARNING_IN_FORCE)
    ALARMED.when(CANCEL).then_refused(Refusal.NO_WARNING_IN_FORCE)


def test_cancelling_lifts_every_measure_and_stands_the_incident_down() -> None:
    WARNED.when(CANCEL).then_among_others(
        WarningCancelled(issuer="desk"), MeasureLifted(measure="one-way"), IncidentStoodDown()
    )


def test_what_stood_down_is_over_and_nothing_is_due() -> None:
    over = WARNED.having(CANCEL)
    assert not over.state.deadlines
    assert over.state.phase is Phase.STOOD_DOWN
    over.when(ACTIVATE).then_refused(Refusal.PHASE_OVER)


def test_cancelling_during_the_response_only_ends_the_warning() -> None:
    RESPONDING.when(CANCEL).then(WarningCancelled(issuer="desk"))


def test_an_alarm_opens_an_incident_that_somebody_must_look_at() -> None:
    NOTHING.when(ALARM).then_among_others(
        AlarmReported(zone="north", source="button", verify_by=NOON + 2 * MINUTE)
    )
    ALARMED.when(ALARM).then_nothing()


def test_a_genuine_alarm_is_verified_once() -> None:
    ALARMED.when(VerifyAlarm(genuine=True)).then(AlarmVerified())
    ALARMED.having(VerifyAlarm(genuine=True)).when(VerifyAlarm(genuine=True)).then_nothing()


def test_a_verified_alarm_is_not_found_false_later() -> None:
    ALARMED.having(VerifyAlarm(genuine=True)).when(VerifyAlarm(genuine=False)).then_refused(
        Refusal.ALARM_ALREADY_VERIFIED
    )


def test_a_false_alarm_stands_down() -> None:
    ALARMED.when(VerifyAlarm(genuine=False)).then(AlarmFoundFalse(), IncidentStoodDown())


def test_a_false_alarm_leaves_a_warning_in_force() -> None:
    ALARMED.having(WARN).when(VerifyAlarm(genuine=False)).then(AlarmFoundFalse())


def test_without_an_alarm_there_is_none_to_verify() -> None:
    WARNED.when(VerifyAlarm(genuine=True)).then_refused(Refusal.NO_ALARM_REPORTED)


def test_an_alarm_that_nobody_verifies_activates_the_response_by_itself() -> None:
    later = ALARMED.later(timedelta(minutes=2))
    later.when(UNVERIFIED, CLOCK).then_among_others(AlarmLeftUnverified())
    activated = later.having(UNVERIFIED, CLOCK).state
    assert (activated.phase, activated.level) == (Phase.RESPONSE, ResponseLevel.III)


def test_a_verified_alarm_is_not_left_unverified() -> None:
    ALARMED.having(VerifyAlarm(genuine=True)).when(UNVERIFIED, CLOCK).then_nothing()


def test_an_alarm_can_still_be_verified_after_the_automatic_activation() -> None:
    ALARMED.having(UNVERIFIED, CLOCK).when(VerifyAlarm(genuine=True)).then(AlarmVerified())


def test_a_warning_after_an_alarm_enters_the_warning_phase() -> None:
    assert ALARMED.having(WARN).state.phase is Phase.WARNING
