"""The two gates, the aftermath, and what the hands are told to do."""

from __future__ import annotations

import pytest

from domain.incident.aftermath import (
    AddFinding,
    CompleteEvaluation,
    ProposeCorrectiveAction,
    RecordDamage,
)
from domain.incident.closing import CloseIncident, TerminateResponse
from domain.incident.evacuation import OrderEvacuation, RegisterAssistance, ReportUnaccounted
from domain.incident.events.aftermath import (
    CorrectiveActionProposed,
    DamageRecorded,
    EvaluationCompleted,
    FindingAdded,
    IncidentClosed,
)
from domain.incident.events.duties import (
    NotificationDelivered,
    NotificationFailed,
    ReportNoLongerExpected,
    TaskAssigned,
    TaskLapsed,
)
from domain.incident.events.means import ResourceRequestCancelled
from domain.incident.events.response import GateOverruled, ResponseTerminated
from domain.incident.measures import HandOverMeasure, LiftMeasure
from domain.incident.notification import ConfirmDelivery, ReportDeliveryFailure
from domain.incident.obligations.obligations import WorkKind, obligations, workflow_view
from domain.incident.reporting import SubmitSituationReport
from domain.incident.resources import (
    ConfirmUnitReturned,
    DispatchUnit,
    ReleaseUnit,
    RequestResource,
)
from domain.plan.model.plan import ChannelKind
from domain.refusals import Refusal
from domain.values import Phase
from tests.domain.incident.world import (
    BOSS,
    COMMANDED,
    DESK,
    HANDS,
    LEAD,
    MINUTE,
    PRESS,
    WARNED,
)

TERMINATE, CLOSE = TerminateResponse(), CloseIncident()
STATUTORY = SubmitSituationReport(report="statutory", filing="law", summary="Nobody hurt.")
READY = COMMANDED.having(LiftMeasure(measure="one-way")).having(STATUTORY, PRESS)
TERMINATED = READY.having(TERMINATE, BOSS)
EVALUATION = CompleteEvaluation(up_to_version=9, report_sha256="a" * 64)
EVALUATED = TERMINATED.having(EVALUATION, HANDS)
DAMAGE = RecordDamage(damage="d1", asset="barrier", description="Bent.", estimate_fen=100)
FINDING = AddFinding(finding="f1", text="Too late.", cites=(3, 7))
ACTION = ProposeCorrectiveAction(action="a1", finding="f1", text="A radio.", owner="guides")
REQUEST = RequestResource(
    request="r1", resource_kind="guards", zone="north", arrive_within=10 * MINUTE
)


def test_the_gate_says_everything_that_stands_in_the_way() -> None:
    blocked = (
        COMMANDED.having(OrderEvacuation(zones=("north",)))
        .having(ReportUnaccounted(zone="north", persons=1))
        .having(RegisterAssistance(assistance="chair", zone="north", need="wheelchair"))
        .having(REQUEST)
        .having(DispatchUnit(request="r1", unit="g1"), HANDS)
    )
    blocked.when(TERMINATE, BOSS).then_refused(
        Refusal.GATE_NOT_PASSED,
        gate="termination",
        unmet="measure in force without an owner: one-way; zone not cleared: north; "
        "people unaccounted for: north; assistance open: chair; "
        "report not filed: statutory; unit not released: g1",
    )


def test_a_commander_may_overrule_the_gate_with_a_reason_that_is_kept() -> None:
    overrule = TerminateResponse(overrule=True)
    COMMANDED.when(overrule, BOSS).then_refused(Refusal.REASON_REQUIRED)
    unmet = ("measure in force without an owner: one-way", "report not filed: statutory")
    COMMANDED.when(overrule, BOSS, because="fire brigade took over").then_among_others(
        GateOverruled(gate="termination", unmet=unmet), ResponseTerminated()
    )


def test_a_measure_with_an_owner_does_not_stand_in_the_way() -> None:
    owned = COMMANDED.having(HandOverMeasure(measure="one-way", owner="facilities"))
    owned.having(STATUTORY, PRESS).when(TERMINATE, BOSS).then_among_others(ResponseTerminated())


def test_termination_ends_what_the_response_owed_and_begins_the_aftermath() -> None:
    READY.having(REQUEST).when(TERMINATE, BOSS).then_among_others(
        ResponseTerminated(),
        ResourceRequestCancelled(request="r1"),
        TaskLapsed(task="guide"),
        ReportNoLongerExpected(report="sitrep"),
    )
    assert [fact.task for fact in TERMINATED.facts if isinstance(fact, TaskAssigned)][
        -1
    ] == "settle"
    assert TERMINATED.state.phase is Phase.AFTERMATH


def test_after_the_response_only_duties_of_the_aftermath_are_due() -> None:
    assert {key.subject for key in TERMINATED.state.deadlines} == {"settle"}


@pytest.mark.parametrize("phase", [WARNED, TERMINATED])
def test_only_a_response_is_terminated(phase: object) -> None:
    answer = phase.when(TERMINATE, BOSS)  # type: ignore[attr-defined] # both are given
    assert answer.answer.reason in {Refusal.PHASE_NOT_REACHED, Refusal.PHASE_OVER}


def test_a_case_is_closed_once_it_was_evaluated() -> None:
    TERMINATED.when(CLOSE, BOSS).then_refused(
        Refusal.GATE_NOT_PASSED, unmet="not evaluated yet: the case"
    )
    EVALUATED.when(CLOSE, BOSS).then_among_others(IncidentClosed())
    closed = EVALUATED.having(CLOSE, BOSS)
    closed.when(CLOSE, BOSS).then_refused(Refusal.PHASE_OVER)
    assert (closed.state.phase, len(closed.state.deadlines)) == (Phase.CLOSED, 0)


def test_what_was_ordered_before_the_close_is_reported_after_it() -> None:
    closed = EVALUATED.having(CLOSE, BOSS)
    (owed,) = closed.state.notifications
    closed.when(ConfirmDelivery(notification=owed, channel=ChannelKind.MAIL), HANDS).then(
        NotificationDelivered(notification=owed, channel=ChannelKind.MAIL)
    )
    closed.when(ReportDeliveryFailure(notification=owed, cause="away"), HANDS).then(
        NotificationFailed(notification=owed, cause="away")
    )


def test_a_unit_that_was_out_at_an_overruled_close_is_given_back_after_it() -> None:
    out = READY.having(REQUEST).having(DispatchUnit(request="r1", unit="g1"), HANDS)
    over = out.having(ReleaseUnit(unit="g1")).having(TERMINATE, BOSS).having(EVALUATION, HANDS)
    closed = over.having(CloseIncident(overrule=True), BOSS, because="It is on its way.")
    returned = closed.having(ConfirmUnitReturned(unit="g1"), HANDS)
    assert (returned.state.phase, len(returned.state.units)) == (Phase.CLOSED, 0)


def test_a_case_is_not_closed_while_a_unit_is_out() -> None:
    out = READY.having(REQUEST).having(DispatchUnit(request="r1", unit="g1"), HANDS)
    over = out.having(ReleaseUnit(unit="g1")).having(TERMINATE, BOSS).having(EVALUATION, HANDS)
    over.when(CLOSE, BOSS).then_refused(Refusal.GATE_NOT_PASSED, unmet="unit not returned: g1")
    over.having(ConfirmUnitReturned(unit="g1"), HANDS).when(CLOSE, BOSS).then_among_others(
        IncidentClosed()
    )


def test_damage_findings_and_actions_are_kept_once_under_their_names() -> None:
    case = TERMINATED.having(DAMAGE).having(FINDING).having(ACTION)
    assert case.facts[-3:] == [
        DamageRecorded(damage="d1", asset="barrier", description="Bent.", estimate_fen=100),
        FindingAdded(finding="f1", text="Too late.", cites=(3, 7)),
        CorrectiveActionProposed(action="a1", finding="f1", text="A radio.", owner="guides"),
    ]
    for command in (DAMAGE, FINDING, ACTION):
        case.when(command).then_nothing()


def test_an_action_answers_a_finding() -> None:
    TERMINATED.when(ACTION).then_refused(Refusal.FINDING_UNKNOWN)


def test_an_evaluation_is_completed_once() -> None:
    TERMINATED.when(EVALUATION, HANDS).then(
        EvaluationCompleted(up_to_version=9, report_sha256="a" * 64)
    )
    EVALUATED.when(EVALUATION, HANDS).then_nothing()


def test_a_delivery_is_reported_once_and_no_later_failure_counts() -> None:
    delivered = ConfirmDelivery(notification="n1", channel=ChannelKind.MAIL)
    failed = ReportDeliveryFailure(notification="n1", cause="away")
    WARNED.when(delivered, HANDS).then(
        NotificationDelivered(notification="n1", channel=ChannelKind.MAIL)
    )
    WARNED.having(delivered, HANDS).when(delivered, HANDS).then_nothing()
    WARNED.having(delivered, HANDS).when(failed, HANDS).then_nothing()


@pytest.mark.parametrize("name", ["n0", "n99", "x"])
def test_a_notification_that_was_never_ordered_is_unknown(name: str) -> None:
    WARNED.when(ConfirmDelivery(notification=name, channel=ChannelKind.MAIL), HANDS).then_refused(
        Refusal.NOTIFICATION_UNKNOWN
    )
    WARNED.when(ReportDeliveryFailure(notification=name, cause="?"), HANDS).then_refused(
        Refusal.NOTIFICATION_UNKNOWN
    )


def test_when_nobody_of_a_chain_can_be_reached_it_ends() -> None:
    stands = COMMANDED
    for _ in range(40):
        if not stands.state.notifications:
            break
        first = min(stands.state.notifications)
        failure = ReportDeliveryFailure(notification=first, cause="no channel")
        stands = stands.having(failure, HANDS)
    assert not stands.state.notifications
    assert any(isinstance(fact, NotificationFailed) for fact in stands.facts)


def test_the_hands_owe_what_was_ordered_requested_released_and_to_be_evaluated() -> None:
    asked = COMMANDED.having(REQUEST)
    kinds = {work.kind for work in obligations(asked.state)}
    assert kinds == {WorkKind.NOTIFY, WorkKind.DISPATCH}
    assert WorkKind.EVALUATE in {work.kind for work in obligations(TERMINATED.state)}
    assert WorkKind.EVALUATE not in {work.kind for work in obligations(EVALUATED.state)}
    sent = asked.having(DispatchUnit(request="r1", unit="g1"), HANDS)
    released = sent.having(ReleaseUnit(unit="g1"))
    assert "return/g1" in {work.key for work in obligations(released.state)}


def test_a_standing_names_the_earliest_deadline_and_what_the_clock_will_say() -> None:
    stands = workflow_view("x", WARNED.state, len(WARNED.facts))
    assert stands.next_deadline is not None
    assert stands.next_deadline.command.subject == "prepare"
    assert stands.next_deadline.at == WARNED.now + MINUTE


def test_the_desk_may_note_damage_while_the_response_lasts() -> None:
    COMMANDED.when(DAMAGE, DESK).then_among_others(
        DamageRecorded(damage="d1", asset="barrier", description="Bent.", estimate_fen=100)
    )
    COMMANDED.when(FINDING, LEAD).then_refused(Refusal.PHASE_NOT_REACHED)
