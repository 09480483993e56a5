"""Notices: who may decide on what another wrote, as the plan says."""

from __future__ import annotations

from domain.incident.command import AcceptRole, AssignRole
from domain.incident.events.means import NoticeApproved, NoticeRejected
from domain.incident.information import ApproveNotice, DraftNotice, RejectNotice
from domain.refusals import Refusal
from domain.values import Role, Text
from tests.domain.incident.fuller import responding, saying
from tests.domain.incident.world import BOSS, COMMANDED, DESK, LEAD, PLAN, PRESS, VICE, person

DRAFT = DraftNotice(notice="one", text=Text.of("慢行", "Walk slowly"))
APPROVE, REJECT = ApproveNotice(notice="one"), RejectNotice(notice="one")
NOTICES = PLAN.notices.model_dump() | {"approved_by": ["command", "guidance"]}
DRAFTED = responding(saying(notices=NOTICES)).having(DRAFT, PRESS)
STORES = person("stores", Role.COMMANDER)


def test_whoever_holds_one_of_the_posts_that_the_plan_names_may_approve() -> None:
    DRAFTED.when(APPROVE, BOSS).then(NoticeApproved(notice="one", approved_by="boss"))
    DRAFTED.when(APPROVE, LEAD).then(NoticeApproved(notice="one", approved_by="lead"))


def test_whoever_stands_in_there_may_approve_too() -> None:
    DRAFTED.when(APPROVE, VICE).then(NoticeApproved(notice="one", approved_by="vice"))


def test_a_channel_that_is_named_twice_is_told_once() -> None:
    twice = DRAFT.model_copy(update={"channels": ("screens", "press", "screens")})
    drafted = responding(saying(notices=NOTICES)).having(twice, PRESS)
    assert drafted.state.notices["one"].channels == ("screens", "press")
    drafted.when(twice, PRESS).then()


def test_nobody_else_may_decide_whatever_their_role() -> None:
    DRAFTED.when(APPROVE, STORES).then_refused(Refusal.PERSON_NOT_ASSIGNED)
    DRAFTED.when(REJECT, STORES, because="panic").then_refused(Refusal.PERSON_NOT_ASSIGNED)
    DRAFTED.when(APPROVE, DESK).then_refused(Refusal.PERSON_NOT_ASSIGNED)


def test_the_desk_enters_what_such_a_person_decided() -> None:
    DRAFTED.when(APPROVE, DESK, speaking_for="boss").then(
        NoticeApproved(notice="one", approved_by="boss")
    )
    DRAFTED.when(REJECT, DESK, speaking_for="vice", because="panic").then(
        NoticeRejected(notice="one", rejected_by="vice")
    )


def test_whoever_was_put_into_such_a_post_for_the_incident_may_approve() -> None:
    offered = DRAFTED.having(AssignRole(post="guidance", person="stores"))
    offered.when(APPROVE, STORES).then_refused(Refusal.PERSON_NOT_ASSIGNED)
    offered.having(AcceptRole(post="guidance"), STORES).when(APPROVE, STORES).then(
        NoticeApproved(notice="one", approved_by="stores")
    )


def test_the_author_may_not_even_in_such_a_post() -> None:
    own = responding(saying(notices=NOTICES)).having(DRAFT, BOSS)
    own.when(APPROVE, BOSS).then_refused(Refusal.SECOND_PERSON_REQUIRED)
    own.when(APPROVE, VICE).then(NoticeApproved(notice="one", approved_by="vice"))


def test_a_plan_that_names_no_post_leaves_it_to_roles() -> None:
    COMMANDED.having(DRAFT, PRESS).when(APPROVE, STORES).then(
        NoticeApproved(notice="one", approved_by="stores")
    )
