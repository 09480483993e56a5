"""A server that hangs: others are told at once, and where there are none it stays owed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.incident.events.duties import (
    Message,
    NotificationFailed,
    TaskEscalated,
    TaskLeftUnanswered,
)
from domain.incident.notification import ReportDeliveryFailure
from tests.domain.incident.policy.test_escalation import asking, silent
from tests.domain.incident.world import HANDS, MINUTE, RESPONDING
from tests.domain.spec import NOON

if TYPE_CHECKING:
    from domain.incident.state.incident import Incident
    from tests.domain.spec import Given


def hanging(stands: Given[Incident], to: str, about: str) -> ReportDeliveryFailure:
    """Say that the server of somebody hangs who is to be told of something."""
    number = next(
        name
        for name, owed in stands.state.notifications.items()
        if (owed.to, owed.about) == (to, about)
    )
    return ReportDeliveryFailure(notification=number, cause="not tried", may_recover=True)


def owed(stands: Given[Incident], about: str) -> list[tuple[str, Message]]:
    return [
        (one.to, one.message) for one in stands.state.notifications.values() if one.about == about
    ]


def test_the_next_of_a_chain_is_asked_at_once() -> None:
    failure = hanging(RESPONDING, "lead", "task/guide")
    RESPONDING.when(failure, HANDS).then_among_others(
        NotificationFailed(notification=failure.notification, cause="not tried"),
        TaskEscalated(task="guide", to="member", step=1, acknowledge_by=NOON + MINUTE),
    )


def test_while_others_are_asked_together_it_is_a_failure_and_with_the_last_the_next_are() -> None:
    asked = silent(asking("any"))
    for one in ("stores", "press"):
        failure = hanging(asked, one, "task/seal")
        failed = NotificationFailed(notification=failure.notification, cause="not tried")
        asked.when(failure, HANDS).then(failed)
        asked = asked.having(failure, HANDS)
    asked = asked.having(hanging(asked, "third", "task/seal"), HANDS)
    assert asked.state.tasks["seal"].step == 2


def test_with_all_of_a_chain_hanging_the_commander_stays_to_be_told() -> None:
    stands = silent(silent(asking("any")))
    for one in ("boss", "vice"):
        stands = stands.having(hanging(stands, one, "task/seal"), HANDS)
    assert TaskLeftUnanswered(task="seal") in stands.facts
    assert owed(stands, "task/seal") == [("boss", Message.TASK_UNANSWERED)]
    stands.when(hanging(stands, "boss", "task/seal"), HANDS).then_nothing()


def test_who_is_offered_a_post_is_passed_by_and_of_its_vacancy_all_stay_to_be_told() -> None:
    stands = RESPONDING
    while offered := [
        one for one in stands.state.notifications.values() if one.message is Message.POST_OFFERED
    ]:
        stands = stands.having(hanging(stands, offered[0].to, offered[0].about), HANDS)
    vacant = [
        one for one in stands.state.notifications.values() if one.message is Message.POST_VACANT
    ]
    assert vacant
    for one in vacant:
        stands.when(hanging(stands, one.to, one.about), HANDS).then_nothing()


def test_a_server_that_refused_it_is_a_failure_wherever_nobody_is_told_instead() -> None:
    stands = silent(silent(silent(asking("any"))))
    hangs = hanging(stands, "boss", "task/seal")
    refused = hangs.model_copy(update={"may_recover": False})
    failed = NotificationFailed(notification=hangs.notification, cause="not tried")
    stands.when(refused, HANDS).then(failed)
