"""Tasks: assigned, acknowledged, started, finished, impossible; overdue and escalated."""

from __future__ import annotations

import pytest

from domain.incident.activation import ChangeResponseLevel
from domain.incident.events.duties import (
    Message,
    NotificationOrdered,
    TaskAcknowledged,
    TaskAssigned,
    TaskDeclaredImpossible,
    TaskEscalated,
    TaskFinished,
    TaskLapsed,
    TaskLeftUnanswered,
    TaskOverdue,
    TaskStarted,
)
from domain.incident.notification import ReportDeliveryFailure
from domain.incident.obligations.deadlines import LetDeadlinePass
from domain.incident.state.incident import DeadlineKind, Incident, TaskStatus
from domain.incident.tasks import (
    AcknowledgeTask,
    AssignTask,
    DeclareTaskImpossible,
    FinishTask,
    StartTask,
)
from domain.refusals import Refusal
from domain.values import ResponseLevel, Text
from tests.domain.incident.world import (
    ACTIVATE,
    CLOCK,
    COMMANDED,
    DESK,
    HANDS,
    LEAD,
    MEMBER,
    MINUTE,
    RESPONDING,
    STRANGER,
    WARNED,
)
from tests.domain.spec import NOON, Given

ACKNOWLEDGE = AcknowledgeTask(task="guide")
START = StartTask(task="guide")
FINISH = FinishTask(task="guide")
IMPOSSIBLE = DeclareTaskImpossible(task="guide")
CHECK = AssignTask(
    task="check-lift", title=Text.of("查电梯", "Check the lift"), post="guidance",
    acknowledge_within=2 * MINUTE, finish_within=10 * MINUTE,
)  # fmt: skip
STARTED = RESPONDING.having(START, LEAD)


def silent(minutes: int) -> LetDeadlinePass:
    """Name the deadline of the acknowledgement of `guide`, armed for so many minutes after noon."""
    return LetDeadlinePass(
        deadline=DeadlineKind.TASK_ACKNOWLEDGEMENT, subject="guide", due_at=NOON + minutes * MINUTE
    )


def late(kind: DeadlineKind, minutes: int) -> LetDeadlinePass:
    """Name another deadline of `guide`."""
    return LetDeadlinePass(deadline=kind, subject="guide", due_at=NOON + minutes * MINUTE)


def escalated(times: int) -> Given[Incident]:
    """Nobody answered so many times, a minute each."""
    stands = RESPONDING
    for minutes in range(1, times + 1):
        stands = stands.later(MINUTE).having(silent(minutes), CLOCK)
    return stands


def test_the_response_assigns_the_tasks_of_its_level_and_hazard() -> None:
    tasks = RESPONDING.state.tasks
    assert (tasks["guide"].status, "close" in tasks, "douse" in tasks) == (
        TaskStatus.ASSIGNED,
        False,
        False,
    )


def test_the_tasks_of_the_warning_lapse_when_the_response_begins() -> None:
    WARNED.when(ACTIVATE).then_among_others(TaskLapsed(task="prepare"))


def test_a_raised_level_adds_its_tasks_and_assigns_none_again() -> None:
    raised = RESPONDING.when(ChangeResponseLevel(level=ResponseLevel.II), because="denser")
    raised.then_kinds(
        "ResponseLevelChanged", "TaskAssigned", "NotificationOrdered", "ResourceRequested"
    )


def test_an_acknowledgement_ends_the_chain_and_withdraws_what_is_queued() -> None:
    answer = RESPONDING.when(ACKNOWLEDGE, LEAD)
    answer.then_among_others(TaskAcknowledged(task="guide", person="lead"))
    stands = RESPONDING.having(ACKNOWLEDGE, LEAD)
    assert all(owed.about != "task/guide" for owed in stands.state.notifications.values())
    stands.when(silent(1), CLOCK).then_nothing()


@pytest.mark.parametrize("command", [ACKNOWLEDGE, START])
def test_said_twice_is_said_once(command: AcknowledgeTask | StartTask) -> None:
    RESPONDING.having(command, LEAD).when(command, LEAD).then_nothing()


def test_anybody_of_the_chain_may_answer_and_nobody_else() -> None:
    RESPONDING.when(ACKNOWLEDGE, MEMBER).then_among_others(
        TaskAcknowledged(task="guide", person="member")
    )
    RESPONDING.when(ACKNOWLEDGE, STRANGER).then_refused(Refusal.PERSON_NOT_ASSIGNED)


def test_the_desk_enters_what_others_report() -> None:
    RESPONDING.when(START, DESK, speaking_for="lead").then_among_others(
        TaskStarted(task="guide", person="lead")
    )


def test_a_task_is_started_before_it_is_finished() -> None:
    RESPONDING.when(FINISH, LEAD).then_refused(Refusal.TASK_NOT_STARTED)
    STARTED.when(FINISH, LEAD).then(TaskFinished(task="guide", person="lead"))
    STARTED.having(FINISH, LEAD).when(FINISH, LEAD).then_nothing()


def test_an_unknown_task_is_refused() -> None:
    RESPONDING.when(StartTask(task="none"), LEAD).then_refused(Refusal.TASK_UNKNOWN)


def test_a_lapsed_task_is_over() -> None:
    RESPONDING.when(AcknowledgeTask(task="prepare"), LEAD).then_refused(Refusal.TASK_OVER)
    RESPONDING.when(StartTask(task="prepare"), LEAD).then_refused(Refusal.TASK_OVER)
    RESPONDING.when(FinishTask(task="prepare"), LEAD).then_refused(Refusal.TASK_OVER)


def test_whoever_can_not_do_a_task_says_why_and_the_commander_hears_of_it() -> None:
    RESPONDING.when(IMPOSSIBLE, LEAD).then_refused(Refusal.REASON_REQUIRED)
    RESPONDING.when(IMPOSSIBLE, LEAD, because="blocked").then_among_others(
        TaskDeclaredImpossible(task="guide", person="lead")
    )
    told = RESPONDING.having(IMPOSSIBLE, LEAD, because="blocked").state.notifications.values()
    assert ("boss", Message.TASK_IMPOSSIBLE) in {(owed.to, owed.message) for owed in told}


def test_an_impossible_task_is_over() -> None:
    over = RESPONDING.having(IMPOSSIBLE, LEAD, because="blocked")
    over.when(IMPOSSIBLE, LEAD, because="blocked").then_nothing()
    over.when(START, LEAD).then_refused(Refusal.TASK_OVER)
    STARTED.having(FINISH, LEAD).when(IMPOSSIBLE, LEAD, because="no").then_refused(
        Refusal.TASK_OVER
    )


def test_silence_asks_the_next_of_the_chain() -> None:
    RESPONDING.later(MINUTE).when(silent(1), CLOCK).then_among_others(
        TaskEscalated(task="guide", to="member", step=1, acknowledge_by=NOON + 2 * MINUTE)
    )


def test_the_chain_goes_from_members_to_deputies_to_the_command() -> None:
    asked = [fact.to for fact in escalated(5).facts if isinstance(fact, TaskEscalated)]
    assert asked == ["member", "second", "boss", "vice", "third"]


def test_when_the_chain_ends_the_commander_is_told_and_nothing_is_armed() -> None:
    unanswered = escalated(6)
    assert TaskLeftUnanswered(task="guide") in unanswered.facts
    assert not [key for key in unanswered.state.deadlines if key.kind == "task_acknowledgement"]


def test_a_person_who_can_not_be_reached_is_passed_by_at_once() -> None:
    told = next(
        fact
        for fact in RESPONDING.facts
        if isinstance(fact, NotificationOrdered) and fact.about == "task/guide"
    )
    failure = ReportDeliveryFailure(notification=told.notification, cause="no channel")
    RESPONDING.when(failure, HANDS).then_among_others(
        TaskEscalated(task="guide", to="member", step=1, acknowledge_by=NOON + MINUTE)
    )


def test_a_task_that_is_late_is_overdue_once_and_can_still_be_done() -> None:
    start_late = late(DeadlineKind.TASK_START, 5)
    overdue = RESPONDING.later(5 * MINUTE).having(start_late, CLOCK)
    assert TaskOverdue(task="guide", missed="start") in overdue.facts
    overdue.when(start_late, CLOCK).then_nothing()
    overdue.when(START, LEAD).then_among_others(TaskStarted(task="guide", person="lead"))


def test_a_started_task_can_be_finished_late() -> None:
    answer = STARTED.later(30 * MINUTE).when(late(DeadlineKind.TASK_FINISH, 30), CLOCK)
    answer.then_among_others(TaskOverdue(task="guide", missed="finish"))


def test_the_commander_may_assign_what_the_plan_does_not_foresee() -> None:
    assigned = TaskAssigned(
        task="check-lift", title=Text.of("查电梯", "Check the lift"), post="guidance",
        acknowledge_by=NOON + 2 * MINUTE, start_by=None, finish_by=NOON + 10 * MINUTE,
    )  # fmt: skip
    COMMANDED.when(CHECK).then_among_others(assigned)
    COMMANDED.having(CHECK).when(CHECK).then_refused(Refusal.TASK_ALREADY_ASSIGNED)
    COMMANDED.when(CHECK.model_copy(update={"post": "none"})).then_refused(Refusal.POST_UNKNOWN)
