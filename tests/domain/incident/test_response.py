"""The response: its level, reports, measures, zones, units and notices."""

from __future__ import annotations

from domain.incident.activation import ActivateResponse, ChangeResponseLevel
from domain.incident.evacuation import (
    ConfirmAssistanceGiven,
    DeclareZoneCleared,
    OrderEvacuation,
    RegisterAssistance,
    ReportUnaccounted,
)
from domain.incident.events.duties import ReportExpected, ReportMissed, SituationReported
from domain.incident.events.means import (
    FirstNoticeMissed,
    NoticeApproved,
    NoticePublished,
    NoticeRejected,
    ResourceRequested,
)
from domain.incident.events.response import (
    AssistanceGiven,
    EvacuationOrdered,
    MeasureHandedOver,
    MeasureImposed,
    MeasureLifted,
    ResponseActivated,
    ResponseLevelChanged,
    UnaccountedReported,
    ZoneCleared,
)
from domain.incident.information import ApproveNotice, DraftNotice, PublishNotice, RejectNotice
from domain.incident.measures import HandOverMeasure, ImposeMeasure, LiftMeasure
from domain.incident.reporting import SubmitSituationReport
from domain.incident.state.incident import DeadlineKind
from domain.refusals import Refusal
from domain.values import ResponseLevel, Text
from tests.domain.incident.world import (
    ACTIVATE,
    BOSS,
    CLOCK,
    COMMANDED,
    DESK,
    HOUR,
    MINUTE,
    PRESS,
    RESPONDING,
    WARNED,
    due,
)
from tests.domain.spec import NOON

RAISE = ChangeResponseLevel(level=ResponseLevel.II)
SITREP = SubmitSituationReport(report="sitrep", filing="s1", summary="540 people.", headcount=540)
IMPOSE = ImposeMeasure(measure="gate", title="Gate closed")
LIFT = LiftMeasure(measure="gate")
EVACUATE = OrderEvacuation(zones=("north",))
CLEARED = DeclareZoneCleared(zone="north", searched_by="lead")
HELP = RegisterAssistance(assistance="chair", zone="north", need="wheelchair")
HELPED = ConfirmAssistanceGiven(assistance="chair")
DRAFT = DraftNotice(notice="one", text=Text.of("请走南门", "Use the south gate."))
APPROVE, REJECT, PUBLISH = (
    shape(notice="one") for shape in (ApproveNotice, RejectNotice, PublishNotice)
)
DRAFTED = COMMANDED.having(DRAFT, PRESS)
APPROVED = DRAFTED.having(APPROVE, BOSS)


def test_an_activation_states_what_the_law_asks_for_and_expects_a_first_notice() -> None:
    WARNED.when(ACTIVATE).then_among_others(
        ResponseActivated(
            level=ResponseLevel.III,
            matters="Crowding.",
            expected_duration=2 * HOUR,
            automatic=False,
            first_notice_by=NOON + 10 * MINUTE,
        )
    )


def test_the_same_level_again_is_already_so_and_another_needs_its_own_command() -> None:
    RESPONDING.when(ACTIVATE).then_nothing()
    other = ActivateResponse(level=ResponseLevel.I, matters="?", expected_duration=HOUR)
    RESPONDING.when(other).then_refused(Refusal.RESPONSE_ALREADY_ACTIVE)


def test_a_level_must_be_in_the_plan() -> None:
    fourth = ActivateResponse(level=ResponseLevel.IV, matters="?", expected_duration=HOUR)
    WARNED.when(fourth).then_refused(Refusal.LEVEL_UNKNOWN, levels="I, II, III")


def test_a_level_changes_with_a_reason() -> None:
    RESPONDING.when(RAISE).then_refused(Refusal.REASON_REQUIRED)
    changed = ResponseLevelChanged(level=ResponseLevel.II, was=ResponseLevel.III)
    RESPONDING.when(RAISE, because="denser").then_among_others(changed)
    RESPONDING.having(RAISE, because="denser").when(RAISE, because="denser").then_nothing()
    WARNED.when(RAISE, because="denser").then_refused(Refusal.PHASE_NOT_REACHED)


def test_a_level_that_needs_units_asks_for_them_once() -> None:
    raised = RESPONDING.having(RAISE, because="denser")
    lowered = raised.having(ChangeResponseLevel(level=ResponseLevel.III), because="calmer")
    again = lowered.having(RAISE, because="denser")
    asked = [fact for fact in again.facts if isinstance(fact, ResourceRequested)]
    assert [(one.request, one.quantity) for one in asked] == [("plan.guards.1", 2)]


def test_a_filed_report_expects_the_next_one_at_the_cadence_of_the_level() -> None:
    filed = SituationReported(
        report="sitrep",
        filing="s1",
        number=1,
        summary="540 people.",
        headcount=540,
        casualties=None,
    )
    RESPONDING.when(SITREP, PRESS).then(
        filed, ReportExpected(report="sitrep", due_at=NOON + 30 * MINUTE)
    )


def test_the_same_filing_again_changes_nothing() -> None:
    RESPONDING.having(SITREP, PRESS).when(SITREP, PRESS).then_nothing()


def test_a_report_must_be_in_the_plan() -> None:
    RESPONDING.when(SITREP.model_copy(update={"report": "x"})).then_refused(Refusal.REPORT_UNKNOWN)


def test_a_missed_report_is_told_and_the_cadence_goes_on_from_now() -> None:
    missed = due(DeadlineKind.REPORT, "sitrep", 10 * MINUTE)
    late = RESPONDING.later(25 * MINUTE)
    late.when(missed, CLOCK).then_among_others(
        ReportMissed(report="sitrep", due_at=NOON + 10 * MINUTE),
        ReportExpected(report="sitrep", due_at=NOON + 55 * MINUTE),
    )
    late.having(missed, CLOCK).when(missed, CLOCK).then_nothing()


def test_a_statutory_report_is_missed_once_and_can_still_be_filed() -> None:
    missed = due(DeadlineKind.REPORT, "statutory", HOUR)
    late = RESPONDING.later(HOUR).having(missed, CLOCK)
    assert all(key.subject != "statutory" for key in late.state.deadlines)
    filed = late.having(
        SubmitSituationReport(report="statutory", filing="law", summary="Late."), PRESS
    )
    assert filed.state.reports["statutory"] == 1


def test_a_measure_is_imposed_and_lifted_once() -> None:
    RESPONDING.when(IMPOSE).then(MeasureImposed(measure="gate", title="Gate closed"))
    imposed = RESPONDING.having(IMPOSE)
    imposed.when(IMPOSE).then_nothing()
    imposed.when(LIFT).then(MeasureLifted(measure="gate"))
    imposed.having(LIFT).when(LIFT).then_nothing()
    imposed.having(LIFT).when(IMPOSE).then_refused(Refusal.ID_ALREADY_USED)
    RESPONDING.when(LIFT).then_refused(Refusal.MEASURE_UNKNOWN)


def test_a_measure_can_stay_under_an_owner() -> None:
    hand_over = HandOverMeasure(measure="gate", owner="facilities")
    RESPONDING.having(IMPOSE).when(hand_over).then(
        MeasureHandedOver(measure="gate", owner="facilities")
    )
    RESPONDING.having(IMPOSE).having(hand_over).when(hand_over).then_nothing()
    RESPONDING.when(hand_over).then_refused(Refusal.MEASURE_UNKNOWN)


def test_a_zone_is_evacuated_searched_and_cleared() -> None:
    RESPONDING.when(EVACUATE).then(EvacuationOrdered(zone="north"))
    ordered = RESPONDING.having(EVACUATE)
    ordered.when(EVACUATE).then_nothing()
    ordered.when(CLEARED).then(ZoneCleared(zone="north", searched_by="lead"))
    ordered.having(CLEARED).when(CLEARED).then_nothing()
    ordered.having(CLEARED).when(EVACUATE).then(EvacuationOrdered(zone="north"))


def test_a_zone_must_be_of_the_venue_and_under_evacuation() -> None:
    RESPONDING.when(OrderEvacuation(zones=("roof",))).then_refused(
        Refusal.ZONE_UNKNOWN, zones="roof"
    )
    RESPONDING.when(CLEARED).then_refused(Refusal.ZONE_NOT_EVACUATING)
    RESPONDING.when(ReportUnaccounted(zone="north", persons=2)).then_refused(
        Refusal.ZONE_NOT_EVACUATING
    )


def test_a_zone_is_not_clear_while_somebody_in_it_needs_help() -> None:
    waiting = RESPONDING.having(EVACUATE).having(HELP)
    waiting.when(CLEARED).then_refused(Refusal.ASSISTANCE_STILL_OPEN, assistance="chair")
    waiting.when(HELPED).then(AssistanceGiven(assistance="chair"))
    waiting.having(HELPED).when(CLEARED).then(ZoneCleared(zone="north", searched_by="lead"))
    waiting.having(HELPED).when(HELPED).then_nothing()
    waiting.having(HELPED).when(HELP).then_nothing()
    RESPONDING.when(HELPED).then_refused(Refusal.ASSISTANCE_UNKNOWN)


def test_the_unaccounted_are_counted_and_the_same_count_is_no_news() -> None:
    count = ReportUnaccounted(zone="north", persons=2)
    ordered = RESPONDING.having(EVACUATE)
    ordered.when(count).then(UnaccountedReported(zone="north", persons=2))
    ordered.having(count).when(count).then_nothing()


def test_a_notice_needs_a_second_person() -> None:
    DRAFTED.when(APPROVE, PRESS).then_refused(Refusal.SECOND_PERSON_REQUIRED)
    DRAFTED.when(PUBLISH, PRESS).then_refused(Refusal.NOTICE_NOT_APPROVED)
    DRAFTED.when(APPROVE, BOSS).then(NoticeApproved(notice="one", approved_by="boss"))
    APPROVED.when(APPROVE, BOSS).then_nothing()


def test_speaking_for_somebody_is_no_second_person() -> None:
    entered = COMMANDED.having(DRAFT, DESK, speaking_for="press")
    entered.when(APPROVE, DESK).then_refused(Refusal.SECOND_PERSON_REQUIRED)
    entered.when(APPROVE, DESK, speaking_for="boss").then_refused(Refusal.SECOND_PERSON_REQUIRED)


def test_an_approved_notice_goes_out_on_its_channels_once() -> None:
    APPROVED.when(PUBLISH, PRESS).then_among_others(NoticePublished(notice="one"))
    published = APPROVED.having(PUBLISH, PRESS)
    assert "screens" in {owed.to for owed in published.state.notifications.values()}
    published.when(PUBLISH, PRESS).then_nothing()
    published.when(REJECT, BOSS, because="x").then_refused(Refusal.NOTICE_OVER)


def test_a_rejected_notice_is_over() -> None:
    DRAFTED.when(REJECT, BOSS).then_refused(Refusal.REASON_REQUIRED)
    DRAFTED.when(REJECT, BOSS, because="panic").then(
        NoticeRejected(notice="one", rejected_by="boss")
    )
    rejected = DRAFTED.having(REJECT, BOSS, because="panic")
    rejected.when(REJECT, BOSS, because="panic").then_nothing()
    rejected.when(APPROVE, BOSS).then_refused(Refusal.NOTICE_OVER)
    rejected.when(PUBLISH, PRESS).then_refused(Refusal.NOTICE_OVER)


def test_a_notice_has_a_name_of_its_own_and_known_channels() -> None:
    DRAFTED.when(DRAFT, PRESS).then_nothing()
    DRAFTED.when(DRAFT, BOSS).then_refused(Refusal.ID_ALREADY_USED)
    COMMANDED.when(APPROVE, BOSS).then_refused(Refusal.NOTICE_UNKNOWN)
    COMMANDED.when(PUBLISH, BOSS).then_refused(Refusal.NOTICE_UNKNOWN)
    COMMANDED.when(DRAFT.model_copy(update={"channels": ("x",)}), PRESS).then_refused(
        Refusal.CHANNEL_UNKNOWN
    )


def test_a_first_notice_that_is_late_is_told_once() -> None:
    missed = due(DeadlineKind.FIRST_NOTICE, "notice", 10 * MINUTE)
    COMMANDED.when(missed, CLOCK).then_among_others(FirstNoticeMissed())
    COMMANDED.having(missed, CLOCK).when(missed, CLOCK).then_nothing()
    APPROVED.having(PUBLISH, PRESS).when(missed, CLOCK).then_nothing()
