"""What must be true of the story, beside what every step of it asserts while it is played."""

from __future__ import annotations

import json

from muster.v1.resource_service_pb2 import UNIT_STATUS_AVAILABLE, ListUnitsRequest

from domain.values import Phase
from services.demo import proof, stage, story
from services.demo.case import data_of, meta_of
from services.demo.proof import Proof
from services.local import mail_sink
from tests.acceptance.conftest import Told

TURNING_POINTS = [
    "IncidentOpened",
    "WarningRaised",
    "ResponseActivated",
    "UnitArrived",
    "TaskEscalated",
    "TaskOverdue",
    "PostOfferExpired",
    "PostAccepted",
    "NoticeDrafted",
    "NoticeApproved",
    "NoticePublished",
    "EvacuationOrdered",
    "ZoneCleared",
    "ResponseTerminated",
    "EvaluationCompleted",
    "FindingAdded",
    "CorrectiveActionProposed",
    "IncidentClosed",
]


async def test_it_runs_from_warning_through_response_and_aftermath_to_the_closed_case(
    told: Told,
) -> None:
    kinds = [event.type for event in told.case.events]
    assert sorted(TURNING_POINTS, key=kinds.index) == TURNING_POINTS
    assert told.case.state.phase is Phase.CLOSED
    assert len(told.listeners.acts) == 6


async def test_the_commander_who_does_not_answer_is_succeeded_by_the_first_deputy(
    told: Told,
) -> None:
    (expired,) = told.case.all_of("PostOfferExpired")
    assert data_of(expired)["person"] == "general-manager"
    assert meta_of(expired)["actor"] == "clock"
    holding = told.case.state.posts["commander"]
    assert holding.held_by == "deputy-manager-1"


async def test_the_task_that_nobody_acknowledged_is_escalated_once_and_late_once(
    told: Told,
) -> None:
    (escalated,) = told.case.all_of("TaskEscalated", task="stop-inflow")
    (late,) = told.case.all_of("TaskOverdue", task="stop-inflow")
    assert data_of(escalated)["to"] == "order-deputy"
    assert data_of(late)["missed"] == "start"
    (acknowledged,) = told.case.all_of("TaskAcknowledged", task="stop-inflow")
    assert data_of(acknowledged)["person"] == "order-deputy"


async def test_every_deadline_fired_once(told: Told) -> None:
    commands = [meta_of(event).get("command") for event in told.case.events]
    passed = [
        (command["deadline"], command["subject"], command["due_at"])
        for command in commands
        if command and command["kind"] == "LetDeadlinePass"
    ]
    assert len(passed) >= 3
    assert len(passed) == len(set(passed))


async def test_the_nearest_units_were_sent_and_are_free_again(told: Told) -> None:
    sent = {data_of(event)["unit"] for event in told.case.all_of("UnitDispatched")}
    assert sent == {"guards-north", "ambulance-1"}
    request = ListUnitsRequest(min_position=told.case.events[-1].position)
    auditor = told.auditor
    units = (await auditor.resources.ListUnits(request, **auditor.call)).units
    assert {unit.unit for unit in units} >= {unit.id for unit in stage.UNITS}
    assert {unit.status for unit in units} == {UNIT_STATUS_AVAILABLE}


async def test_two_people_stand_behind_the_notice(told: Told) -> None:
    (drafted,) = told.case.all_of("NoticeDrafted")
    (approved,) = told.case.all_of("NoticeApproved")
    assert data_of(drafted)["drafted_by"] == "information-lead"
    assert data_of(approved)["approved_by"] == "deputy-manager-1"


async def test_the_notice_went_out_on_every_channel_of_the_plan(told: Told) -> None:
    calls = told.performance.received.by_key.values()
    notices = {call["path"]: call for call in calls if call["message"] == "public_notice"}
    assert set(notices) == {"/entrance-screens", "/broadcast", "/customer-app"}
    assert all("南入口" in call["body"] for call in notices.values())
    assert all(call["exercise"] for call in notices.values())


async def test_what_was_refused_left_nothing_behind(told: Told) -> None:
    refused = [deed for deed in told.listeners.deeds if deed.refused]
    asked = {
        (meta_of(event)["actor"], meta_of(event)["command"]["kind"])
        for event in told.case.events
        if "command" in meta_of(event)
    }
    assert {deed.outcome.partition(":")[0] for deed in refused} == {
        "PERSON_NOT_ASSIGNED",
        "SECOND_PERSON_REQUIRED",
        "NOTICE_NOT_APPROVED",
        "ASSISTANCE_STILL_OPEN",
        "GATE_NOT_PASSED",
    }
    for who, kind in (("general-manager", "AcceptRole"), ("information-lead", "ApproveNotice")):
        assert (who, kind) not in asked


async def test_who_acted_comes_from_the_token_and_for_whom_from_the_command(told: Told) -> None:
    actors = {meta_of(event)["actor"] for event in told.case.events}
    assert actors - {"clock", "hands"} <= set(story.CAST)
    (activated,) = told.case.all_of("ResponseActivated")
    assert meta_of(activated)["actor"] == "duty-manager"
    assert meta_of(activated)["on_behalf_of"] == "operations-manager"
    assert meta_of(activated)["reason"]


async def test_the_finding_cites_the_events_that_show_it(told: Told) -> None:
    (finding,) = told.case.all_of("FindingAdded")
    cited = [told.case.events[version - 1].type for version in data_of(finding)["cites"]]
    assert cited == ["TaskEscalated", "TaskOverdue"]


async def test_the_pinned_plan_is_the_published_one(told: Told) -> None:
    (opened,) = told.case.all_of("IncidentOpened")
    assert data_of(opened)["plan"]["id"] == story.PLAN
    assert json.loads(opened.data)["mode"] == "exercise"


async def test_what_left_the_house_is_what_the_log_says_and_reached_nobody_alive(
    told: Told,
) -> None:
    found = Proof()
    mails = mail_sink.kept(told.performance.place.mail)
    proof.counts(found, told.case, told.incident, mails, told.performance.received)
    assert found.wrong == []
    assert found.mails > 20
    assert found.hooks > 5


async def test_every_acknowledged_command_is_in_the_log_where_its_receipt_says(told: Told) -> None:
    found = Proof()
    proof.receipts(found, told.case, told.play.receipts)
    assert found.wrong == []
    assert len(told.play.receipts) > 50


async def test_fold_service_view_and_workflow_agree_at_rest(told: Told) -> None:
    found = Proof()
    await proof.live_state(found, told.case, told.incident, told.auditor)
    assert found.wrong == []


async def test_the_case_can_be_replayed_as_of_any_version(told: Told) -> None:
    found = Proof()
    await proof.replayed(found, told.case, told.incident, told.auditor)
    assert found.wrong == []


async def test_the_log_verifies_here_and_there(told: Told) -> None:
    found = Proof()
    await proof.log(found, told.case, told.incident, told.auditor)
    assert found.wrong == []
    assert found.events == len(told.case.events)


async def test_the_report_is_the_same_from_the_same_events(told: Told) -> None:
    found = Proof()
    made = await proof.evaluated(found, told.case, told.auditor)
    assert found.wrong == []
    assert "stop-inflow" in made.markdown
