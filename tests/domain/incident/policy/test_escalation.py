"""Escalations of the plan: several are asked together, and any, all or some of them must answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from domain.incident.events.duties import (
    EscalationAnswered,
    Message,
    TaskAcknowledged,
    TaskEscalated,
    TaskLeftUnanswered,
    TaskStarted,
)
from domain.incident.notification import ReportDeliveryFailure
from domain.incident.obligations.deadlines import LetDeadlinePass
from domain.incident.state.incident import DeadlineKey, DeadlineKind, Incident, TaskStatus
from domain.incident.tasks import AcknowledgeTask, StartTask
from domain.refusals import Refusal
from tests.domain.incident.fuller import responding, saying, task
from tests.domain.incident.world import (
    CLOCK,
    DESK,
    HANDS,
    LEAD,
    MINUTE,
    RESPONDING,
    STRANGER,
    VICE,
    person,
)
from tests.domain.spec import NOON

if TYPE_CHECKING:
    from domain.values import Event
    from tests.domain.spec import Given

ACKNOWLEDGE, START = AcknowledgeTask(task="seal"), StartTask(task="seal")
STORES, PRESS, THIRD = person("stores"), person("press"), person("third")
LAST = {"id": "top", "title": {"zh": "顶", "en": "top"}, "steps": [
    {"tell": ["boss", "vice"], "within": "2 min"},
]}  # fmt: skip


def asking(policy: str, quorum: int | None = None) -> Given[Incident]:
    """Return a response with a task that asks three people together, then the top."""
    first = {"tell": ["stores", "press", "third"], "acknowledge": policy, "within": "5 min"}
    calls = {"id": "calls", "title": {"zh": "叫应", "en": "calls"}, "then": "top"}
    plan = saying(
        task("seal", escalation="calls"),
        escalations=[{**calls, "steps": [first | {"quorum": quorum}]}, LAST],
    )
    return responding(plan)


def silent(stands: Given[Incident]) -> Given[Incident]:
    """Let the time for an answer pass."""
    key = DeadlineKey(DeadlineKind.TASK_ACKNOWLEDGEMENT, "seal")
    due_at = stands.state.deadlines[key]
    passes = LetDeadlinePass(deadline=key.kind, subject=key.subject, due_at=due_at)
    return stands.later(due_at - stands.now).having(passes, CLOCK)


def unreachable(stands: Given[Incident], *people: str) -> Given[Incident]:
    """Let no channel take what these people are told of the task."""
    for one in people:
        number = next(
            name
            for name, owed in stands.state.notifications.items()
            if (owed.to, owed.about) == (one, "task/seal")
        )
        failed = ReportDeliveryFailure(notification=number, cause="no channel")
        stands = stands.having(failed, HANDS)
    return stands


def last(stands: Given[Incident]) -> Event:
    """Return what happened last."""
    return stands.facts[-1]


def test_all_of_a_step_are_asked_together() -> None:
    asked = silent(asking("any"))
    until = NOON + 6 * MINUTE
    told = [fact for fact in asked.facts if isinstance(fact, TaskEscalated)]
    assert told == [
        TaskEscalated(task="seal", to=one, step=1, acknowledge_by=until)
        for one in ("stores", "press", "third")
    ]
    owed = [one for one in asked.state.notifications.values() if one.about == "task/seal"]
    assert {(one.to, one.message) for one in owed if one.to != "lead"} == {
        (one, Message.TASK_ESCALATED) for one in ("stores", "press", "third")
    }


def test_the_owner_may_answer_while_others_are_asked() -> None:
    asked = silent(asking("all"))
    assert any(owed.to == "lead" for owed in asked.state.notifications.values())
    asked.when(ACKNOWLEDGE, LEAD).then_among_others(TaskAcknowledged(task="seal", person="lead"))


def test_where_any_answer_is_enough_the_first_settles_it() -> None:
    asked = silent(asking("any"))
    asked.when(ACKNOWLEDGE, PRESS).then_among_others(TaskAcknowledged(task="seal", person="press"))
    answered = asked.having(ACKNOWLEDGE, PRESS)
    assert not [one for one in answered.state.notifications.values() if one.about == "task/seal"]


def test_where_all_must_answer_the_last_settles_it() -> None:
    asked = silent(asking("all"))
    asked.when(ACKNOWLEDGE, STORES).then_among_others(
        EscalationAnswered(task="seal", person="stores")
    )
    two = asked.having(ACKNOWLEDGE, STORES).having(ACKNOWLEDGE, PRESS)
    assert two.state.tasks["seal"].status is TaskStatus.ASSIGNED
    two.when(ACKNOWLEDGE, THIRD).then_among_others(TaskAcknowledged(task="seal", person="third"))


def test_a_quorum_settles_it() -> None:
    one = silent(asking("quorum", 2)).having(ACKNOWLEDGE, THIRD)
    assert last(one).kind == "NotificationWithdrawn"
    one.when(ACKNOWLEDGE, STORES).then_among_others(TaskAcknowledged(task="seal", person="stores"))


def test_who_answered_is_not_told_any_more_and_the_others_are() -> None:
    one = silent(asking("all")).having(ACKNOWLEDGE, STORES)
    owed = {told.to for told in one.state.notifications.values() if told.about == "task/seal"}
    assert owed == {"lead", "press", "third"}


def test_one_person_s_answer_counts_once() -> None:
    one = silent(asking("quorum", 2)).having(ACKNOWLEDGE, STORES)
    one.when(ACKNOWLEDGE, STORES).then_nothing()
    one.when(ACKNOWLEDGE, DESK, speaking_for="stores").then_nothing()


def test_what_the_desk_enters_counts_as_of_whom_it_names() -> None:
    asked = silent(asking("all"))
    asked.when(ACKNOWLEDGE, DESK, speaking_for="press").then_among_others(
        EscalationAnswered(task="seal", person="press")
    )


def test_too_few_answers_are_none_and_the_next_step_is_asked() -> None:
    top = silent(silent(asking("all")).having(ACKNOWLEDGE, STORES))
    told = [(fact.to, fact.step) for fact in top.facts if isinstance(fact, TaskEscalated)]
    assert told[3:] == [("boss", 2), ("vice", 2)]
    top.when(ACKNOWLEDGE, VICE).then_among_others(TaskAcknowledged(task="seal", person="vice"))


def test_an_earlier_step_may_still_be_answered() -> None:
    top = silent(silent(asking("quorum", 2)).having(ACKNOWLEDGE, STORES))
    top.when(ACKNOWLEDGE, PRESS).then_among_others(TaskAcknowledged(task="seal", person="press"))


def test_after_the_last_step_the_commander_is_told_and_nothing_is_armed() -> None:
    over = silent(silent(silent(asking("any"))))
    assert TaskLeftUnanswered(task="seal") in over.facts
    told = [owed for owed in over.state.notifications.values() if owed.about == "task/seal"]
    assert [(one.to, one.message) for one in told] == [("boss", Message.TASK_UNANSWERED)]
    assert DeadlineKey(DeadlineKind.TASK_ACKNOWLEDGEMENT, "seal") not in over.state.deadlines


def test_whoever_was_asked_may_do_the_task_and_before_that_may_not() -> None:
    asking("all").when(START, STORES).then_refused(Refusal.PERSON_NOT_ASSIGNED)
    asked = silent(asking("all"))
    asked.when(START, STORES).then_among_others(TaskStarted(task="seal", person="stores"))
    asked.when(START, STRANGER).then_refused(Refusal.PERSON_NOT_ASSIGNED)


def test_who_can_not_be_reached_is_waited_for_no_longer_than_it_can_help() -> None:
    asked = silent(asking("any"))
    assert unreachable(asked, "stores", "press").state.tasks["seal"].step == 1
    gone = unreachable(asked, "stores", "press", "third")
    assert gone.state.tasks["seal"].step == 2
    assert gone.state.tasks["seal"].unreached == ()


@pytest.mark.parametrize(("policy", "quorum", "failures"), [("all", None, 1), ("quorum", 2, 2)])
def test_when_too_few_are_left_the_next_step_is_asked_at_once(
    policy: str, quorum: int | None, failures: int
) -> None:
    asked = silent(asking(policy, quorum))
    people = ("stores", "press")[:failures]
    assert unreachable(asked, *people[:-1]).state.tasks["seal"].step == 1
    assert unreachable(asked, *people).state.tasks["seal"].step == 2


def test_an_owner_who_can_not_be_reached_sets_the_escalation_off_at_once() -> None:
    assert unreachable(asking("any"), "lead").state.tasks["seal"].step == 1


def test_escalations_that_go_in_a_circle_end() -> None:
    circle = {**LAST, "then": "top"}
    stands = responding(saying(task("seal", escalation="top"), escalations=[circle]))
    assert TaskLeftUnanswered(task="seal") in silent(silent(stands)).facts


def test_an_escalation_that_the_plan_does_not_have_leaves_the_post_s_chain() -> None:
    stands = responding(saying(task("seal", escalation="nowhere")))
    told = [fact.to for fact in silent(stands).facts if isinstance(fact, TaskEscalated)]
    assert told == ["member"]


def test_the_other_tasks_keep_their_chain() -> None:
    assert asking("all").state.tasks["guide"] == RESPONDING.state.tasks["guide"]
