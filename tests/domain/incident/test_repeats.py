"""Tasks that come again some time after they were finished, for as long as the phase lasts."""

from __future__ import annotations

from datetime import timedelta

from domain.incident.closing import TerminateResponse
from domain.incident.events.duties import (
    Message,
    NotificationOrdered,
    TaskAssigned,
    TaskFinished,
    TaskRepeatExpected,
)
from domain.incident.obligations.deadlines import LetDeadlinePass
from domain.incident.state.incident import DeadlineKey, DeadlineKind, TaskStatus
from domain.incident.tasks import AcknowledgeTask, DeclareTaskImpossible, FinishTask, StartTask
from domain.incident.warning import RaiseWarning
from domain.values import Text
from tests.domain.incident.fuller import responding, saying, task, under
from tests.domain.incident.world import ACTIVATE, BOSS, CLOCK, LEAD, MINUTE, WARN
from tests.domain.spec import NOON

PATROL = task("patrol", finish_within="10 min", repeats_every="15 min")
PLAN = saying(PATROL, task("report-back", after=["patrol"]))
START, FINISH = StartTask(task="patrol"), FinishTask(task="patrol")
STARTED = responding(PLAN).having(START, LEAD)
DONE = STARTED.later(5 * MINUTE).having(FINISH, LEAD)
KEY = DeadlineKey(DeadlineKind.TASK_REPEAT, "patrol")


def comes_again(minutes: int) -> LetDeadlinePass:
    """Name the time at which the patrol is due again."""
    return LetDeadlinePass(
        deadline=DeadlineKind.TASK_REPEAT, subject="patrol", due_at=NOON + minutes * MINUTE
    )


AGAIN = DONE.later(15 * MINUTE).having(comes_again(20), CLOCK)


def test_finishing_it_says_when_it_comes_again() -> None:
    STARTED.later(5 * MINUTE).when(FINISH, LEAD).then_among_others(
        TaskFinished(task="patrol", person="lead"),
        TaskRepeatExpected(task="patrol", assign_at=NOON + 20 * MINUTE),
    )
    assert DONE.state.deadlines[KEY] == NOON + 20 * MINUTE


def test_then_it_is_assigned_anew_and_its_owner_is_told() -> None:
    now = NOON + 20 * MINUTE
    DONE.later(15 * MINUTE).when(comes_again(20), CLOCK).then(
        TaskAssigned(
            task="patrol",
            title=Text.of("patrol", "patrol"),
            post="guidance",
            acknowledge_by=now + MINUTE,
            start_by=None,
            finish_by=now + 10 * MINUTE,
        ),
        NotificationOrdered(
            notification=f"n{DONE.state.notified + 1}",
            to="lead",
            message=Message.TASK_ASSIGNED,
            about="task/patrol",
        ),
    )


def test_a_round_begins_with_nothing_left_of_the_one_before() -> None:
    owed = AGAIN.state.tasks["patrol"]
    assert (owed.status, owed.step, owed.told, owed.rounds) == (TaskStatus.ASSIGNED, 0, (), 1)
    assert KEY not in AGAIN.state.deadlines


def test_it_comes_round_after_round() -> None:
    second = AGAIN.having(START, LEAD).having(FINISH, LEAD)
    assert second.state.deadlines[KEY] == NOON + 35 * MINUTE


def test_the_clock_that_says_it_twice_assigns_it_once() -> None:
    AGAIN.when(comes_again(20), CLOCK).then_nothing()


def test_between_two_rounds_there_is_nothing_to_acknowledge_or_start() -> None:
    DONE.when(AcknowledgeTask(task="patrol"), LEAD).then_nothing()
    DONE.when(START, LEAD).then_nothing()
    DONE.when(FINISH, LEAD).then_nothing()


def test_what_can_not_be_done_does_not_come_again() -> None:
    given_up = STARTED.having(DeclareTaskImpossible(task="patrol"), LEAD, because="smoke")
    assert KEY not in given_up.state.deadlines


def test_it_ends_with_its_phase() -> None:
    over = DONE.having(TerminateResponse(overrule=True), BOSS, because="over")
    assert KEY not in over.state.deadlines
    over.when(comes_again(20), CLOCK).then_nothing()
    assert over.state.tasks["patrol"].status is TaskStatus.FINISHED


def test_a_task_of_the_warning_does_not_come_again_in_the_response() -> None:
    plan = saying(task("watch", "warning", finish_within="5 min", repeats_every="10 min"))
    watched = under(plan, WARN, StartTask(task="watch"), FinishTask(task="watch"))
    key = DeadlineKey(DeadlineKind.TASK_REPEAT, "watch")
    assert key in watched.state.deadlines
    assert key not in watched.having(ACTIVATE).state.deadlines


def test_what_waited_for_the_first_round_waits_for_no_other() -> None:
    plan = saying(PATROL, task("report-back", after=["patrol", "guide"]))
    stands = responding(plan).having(START, LEAD).having(FINISH, LEAD)
    again = stands.later(15 * MINUTE).having(comes_again(15), CLOCK)
    done = again.having(StartTask(task="guide"), LEAD).having(FinishTask(task="guide"), LEAD)
    assert "report-back" in done.state.tasks


def test_what_waits_is_assigned_after_the_first_round_only() -> None:
    second = AGAIN.having(START, LEAD).having(FINISH, LEAD)
    assigned = [fact.task for fact in second.facts if isinstance(fact, TaskAssigned)]
    assert assigned.count("report-back") == 1


def test_an_exercise_that_runs_faster_repeats_faster() -> None:
    fast: dict[str, object] = {"mode": "exercise", "pace": 5.0}
    practising = RaiseWarning.model_validate(WARN.model_dump() | fast)
    stands = under(PLAN, practising, ACTIVATE).having(START, LEAD)
    assert stands.having(FINISH, LEAD).state.deadlines[KEY] == NOON + timedelta(minutes=3)


def test_a_task_that_does_not_repeat_promises_nothing() -> None:
    stands = responding(PLAN).having(StartTask(task="guide"), LEAD)
    stands.when(FinishTask(task="guide"), LEAD).then(TaskFinished(task="guide", person="lead"))
