"""Tasks that wait for others: assigned when these are finished, or can't be done."""

from __future__ import annotations

from datetime import timedelta

from domain.incident.activation import ActivateResponse, ChangeResponseLevel
from domain.incident.closing import TerminateResponse
from domain.incident.events.duties import Message, NotificationOrdered, TaskAssigned, TaskFinished
from domain.incident.tasks import DeclareTaskImpossible, FinishTask, StartTask
from domain.values import ResponseLevel, Text
from tests.domain.incident.fuller import responding, saying, task, under
from tests.domain.incident.world import BOSS, LEAD, MINUTE, WARN
from tests.domain.spec import NOON

SWEEP = task("sweep", after=["guide"], finish_within="10 min")
COUNT = task("count", after=["guide", "sweep"])
GUIDED = responding(saying(SWEEP, COUNT)).having(StartTask(task="guide"), LEAD)
DONE = FinishTask(task="guide")
GIVE_UP = DeclareTaskImpossible(task="guide")


def test_a_task_is_not_assigned_before_the_one_it_waits_for_is_over() -> None:
    assert not {"sweep", "count"} & {*GUIDED.state.tasks}


def test_what_waited_is_assigned_and_told_when_the_task_before_it_is_finished() -> None:
    now = NOON + 7 * MINUTE
    number = f"n{GUIDED.state.notified + 1}"
    GUIDED.later(7 * MINUTE).when(DONE, LEAD).then(
        TaskFinished(task="guide", person="lead"),
        TaskAssigned(
            task="sweep",
            title=Text.of("sweep", "sweep"),
            post="guidance",
            acknowledge_by=now + MINUTE,
            start_by=None,
            finish_by=now + 10 * MINUTE,
        ),
        NotificationOrdered(
            notification=number, to="lead", message=Message.TASK_ASSIGNED, about="task/sweep"
        ),
    )


def test_what_waits_for_several_waits_for_the_last_of_them() -> None:
    one = GUIDED.having(DONE, LEAD)
    assert "count" not in one.state.tasks
    both = one.having(StartTask(task="sweep"), LEAD).having(FinishTask(task="sweep"), LEAD)
    assert "count" in both.state.tasks


def test_what_can_not_be_done_holds_up_nobody() -> None:
    assert "sweep" in GUIDED.having(GIVE_UP, LEAD, because="blocked").state.tasks


def test_what_is_over_twice_assigns_once() -> None:
    GUIDED.having(DONE, LEAD).when(DONE, LEAD).then_nothing()


def test_a_task_that_nobody_owes_at_this_level_holds_up_nobody() -> None:
    plan = saying(task("tape", after=["close"]))
    assert "tape" in responding(plan).state.tasks


def test_a_raised_level_lets_what_it_adds_wait_too() -> None:
    plan = saying(task("tape", levels=["I"], after=["close"]))
    raised = responding(plan).having(ChangeResponseLevel(level=ResponseLevel.I), because="full")
    assert ("close" in raised.state.tasks, "tape" in raised.state.tasks) == (True, False)


def test_a_lowered_level_lets_nothing_wait_for_what_it_leaves_out() -> None:
    plan = saying(task("gate", levels=["I"], after=["guide"]), task("tape", after=["gate"]))
    worst = ActivateResponse(
        level=ResponseLevel.I, matters="Full.", expected_duration=timedelta(hours=2)
    )
    high = under(plan, WARN, worst)
    lower = high.having(ChangeResponseLevel(level=ResponseLevel.III), because="better")
    assert ("tape" in high.state.tasks, "tape" in lower.state.tasks) == (False, True)


def test_what_still_waits_when_the_phase_ends_is_never_assigned() -> None:
    ended = GUIDED.having(TerminateResponse(overrule=True), BOSS, because="over")
    assert not {"sweep", "count"} & {*ended.state.tasks}


def test_a_task_of_an_earlier_phase_holds_up_nobody() -> None:
    plan = saying(task("follow", after=["prepare"]))
    assert "follow" in responding(plan).state.tasks
