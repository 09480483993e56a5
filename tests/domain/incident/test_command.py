"""Posts and the command: offered, accepted, declined, transferred, passed on in silence."""

from __future__ import annotations

from domain.incident.command import AcceptRole, AssignRole, DeclineRole, TransferCommand
from domain.incident.events.response import (
    CommandTransferred,
    PostAccepted,
    PostDeclined,
    PostLeftVacant,
    PostOffered,
    PostOfferExpired,
)
from domain.incident.obligations.deadlines import LetDeadlinePass
from domain.incident.state.incident import DeadlineKind
from domain.refusals import Refusal
from tests.domain.incident.world import (
    ACTIVATE,
    BOSS,
    CLOCK,
    COMMANDED,
    DESK,
    MINUTE,
    PRESS,
    RESPONDING,
    STRANGER,
    VICE,
    WARNED,
)
from tests.domain.spec import NOON

ACCEPT = AcceptRole(post="command")
DECLINE = DeclineRole(post="command")
EXPIRED = LetDeadlinePass(
    deadline=DeadlineKind.POST_ACCEPTANCE, subject="command", due_at=NOON + 3 * MINUTE
)
HAND_OVER = TransferCommand(to_person="vice", briefing="North is closed.")


def test_the_response_offers_the_command_to_its_holder_for_three_minutes() -> None:
    WARNED.when(ACTIVATE).then_among_others(
        PostOffered(post="command", person="boss", accept_by=NOON + 3 * MINUTE)
    )


def test_whoever_was_asked_takes_the_post_once() -> None:
    RESPONDING.when(ACCEPT, BOSS).then_among_others(PostAccepted(post="command", person="boss"))
    COMMANDED.when(ACCEPT, BOSS).then_nothing()


def test_nobody_else_takes_the_post() -> None:
    RESPONDING.when(ACCEPT, VICE).then_refused(Refusal.PERSON_NOT_ASSIGNED)


def test_the_desk_may_enter_what_somebody_said_on_the_telephone() -> None:
    RESPONDING.when(ACCEPT, DESK, speaking_for="boss").then_among_others(
        PostAccepted(post="command", person="boss")
    )


def test_a_responder_does_not_speak_for_others() -> None:
    RESPONDING.when(ACCEPT, STRANGER, speaking_for="boss").then_refused(
        Refusal.MAY_NOT_SPEAK_FOR_OTHERS
    )


def test_a_post_that_was_not_offered_is_not_taken() -> None:
    RESPONDING.when(AcceptRole(post="guidance"), BOSS).then_refused(Refusal.POST_NOT_OFFERED)
    RESPONDING.when(AcceptRole(post="none"), BOSS).then_refused(Refusal.POST_UNKNOWN)


def test_silence_passes_the_command_to_the_next_deputy() -> None:
    RESPONDING.later(3 * MINUTE).when(EXPIRED, CLOCK).then_among_others(
        PostOfferExpired(post="command", person="boss"),
        PostOffered(post="command", person="vice", accept_by=NOON + 6 * MINUTE),
    )


def test_an_accepted_offer_does_not_expire() -> None:
    COMMANDED.when(EXPIRED, CLOCK).then_nothing()


def test_an_offer_expires_once() -> None:
    RESPONDING.later(3 * MINUTE).having(EXPIRED, CLOCK).when(EXPIRED, CLOCK).then_nothing()


def test_whoever_declines_is_followed_by_the_next() -> None:
    RESPONDING.when(DECLINE, BOSS).then_among_others(
        PostDeclined(post="command", person="boss"),
        PostOffered(post="command", person="vice", accept_by=NOON + 3 * MINUTE),
    )
    RESPONDING.having(DECLINE, BOSS).when(DECLINE, BOSS).then_nothing()


def test_only_who_was_asked_declines() -> None:
    RESPONDING.when(DECLINE, VICE).then_refused(Refusal.PERSON_NOT_ASSIGNED)
    COMMANDED.when(DECLINE, VICE).then_refused(Refusal.POST_NOT_OFFERED)
    RESPONDING.when(DeclineRole(post="none"), BOSS).then_refused(Refusal.POST_UNKNOWN)


def test_when_nobody_is_left_the_post_is_vacant_and_everybody_is_told() -> None:
    nobody = RESPONDING.having(DECLINE, BOSS).having(DECLINE, VICE)
    answer = nobody.when(DECLINE, DESK, speaking_for="third")
    answer.then_among_others(PostLeftVacant(post="command"))
    told = nobody.having(DECLINE, DESK, speaking_for="third").state.notifications.values()
    assert {"boss", "vice", "third"} <= {owed.to for owed in told if owed.about == "post/command"}


def test_the_commander_hands_over_with_a_briefing() -> None:
    COMMANDED.when(HAND_OVER, BOSS).then(
        CommandTransferred(from_person="boss", to_person="vice", briefing="North is closed."),
        PostAccepted(post="command", person="vice"),
    )
    COMMANDED.having(HAND_OVER, BOSS).when(HAND_OVER, BOSS).then_nothing()


def test_only_the_commander_hands_over() -> None:
    COMMANDED.when(HAND_OVER, VICE).then_refused(Refusal.NOT_IN_COMMAND)
    RESPONDING.when(HAND_OVER, BOSS).then_refused(Refusal.POST_VACANT)


def test_the_command_goes_to_somebody_of_the_plan() -> None:
    COMMANDED.when(TransferCommand(to_person="x", briefing="?"), BOSS).then_refused(
        Refusal.PERSON_UNKNOWN
    )


def test_a_post_is_offered_to_a_person_of_the_plan() -> None:
    offered = PostOffered(post="information", person="press", accept_by=NOON + 3 * MINUTE)
    COMMANDED.when(AssignRole(post="information", person="press"), BOSS).then_among_others(offered)
    COMMANDED.when(AssignRole(post="none", person="press"), BOSS).then_refused(Refusal.POST_UNKNOWN)
    COMMANDED.when(AssignRole(post="information", person="x"), BOSS).then_refused(
        Refusal.PERSON_UNKNOWN
    )


def test_offering_a_post_twice_to_the_same_person_changes_nothing() -> None:
    offer = AssignRole(post="information", person="press")
    asked = COMMANDED.having(offer, BOSS)
    asked.when(offer, BOSS).then_nothing()
    asked.having(AcceptRole(post="information"), PRESS).when(offer, BOSS).then_nothing()


def test_a_holder_keeps_the_post_while_another_is_asked_and_after_a_refusal() -> None:
    asked = COMMANDED.having(AssignRole(post="command", person="third"), BOSS)
    assert asked.state.posts["command"].held_by == "boss"
    declined = asked.having(DECLINE, DESK, speaking_for="third")
    assert declined.state.posts["command"].held_by == "boss"
