"""Shifts: the hour at the venue decides who is told. Noon of these tests is 20:00 there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from domain.incident.command import AcceptRole
from domain.incident.events.duties import TaskAcknowledged, TaskEscalated
from domain.incident.events.response import PostOffered
from domain.incident.information import ApproveNotice, DraftNotice
from domain.incident.notification import ReportDeliveryFailure
from domain.incident.obligations.deadlines import LetDeadlinePass
from domain.incident.state import roster
from domain.incident.state.incident import DeadlineKind
from domain.incident.tasks import AcknowledgeTask
from domain.refusals import Refusal
from domain.values import Text
from tests.domain.incident.fuller import responding, saying
from tests.domain.incident.world import (
    BOSS,
    CLOCK,
    HANDS,
    HOUR,
    LEAD,
    MINUTE,
    PLAN,
    STRANGER,
    VICE,
    person,
)
from tests.domain.spec import NOON

if TYPE_CHECKING:
    from domain.incident.state.incident import Incident
    from domain.plan.model.plan import Plan
    from tests.domain.spec import Given

NIGHT = {"begins": "20:00", "ends": "08:00", "holder": "stores"}
DAY = {"begins": "08:00", "ends": "20:00", "holder": "press"}
ACKNOWLEDGE = AcknowledgeTask(task="guide")


def with_shifts(post: str, *shifts: dict[str, str], **more: object) -> Plan:
    """Return the small plan with shifts of a post."""
    groups: list[dict[str, Any]] = [group.model_dump() for group in PLAN.groups]
    for group in groups:
        group["posts"] = [
            seat | ({"shifts": shifts} if seat["id"] == post else {}) for seat in group["posts"]
        ]
    return saying(groups=groups, **more)


def in_zone(time_zone: str) -> list[dict[str, Any]]:
    """Return the venues of the small plan in another time zone."""
    return [venue.model_dump() | {"time_zone": time_zone} for venue in PLAN.venues]


def told_first(stands: Given[Incident]) -> str:
    """Return who was told of the guides' task when it was assigned."""
    return stands.state.tasks["guide"].first


def unanswered(minutes: int) -> LetDeadlinePass:
    """Name the deadline of the guides' acknowledgement."""
    kind = DeadlineKind.TASK_ACKNOWLEDGEMENT
    return LetDeadlinePass(deadline=kind, subject="guide", due_at=NOON + minutes * MINUTE)


@pytest.mark.parametrize(
    ("hour", "who"),
    [("00:00", "stores"), ("07:59", "stores"), ("08:00", "press"), ("19:59", "press"),
     ("20:00", "stores"), ("23:59", "stores")],
)  # fmt: skip
def test_each_hour_is_somebody_s_past_midnight_too(hour: str, who: str) -> None:
    there = datetime.fromisoformat(f"2026-05-01T{hour}:00+08:00")
    plan = with_shifts("guidance", NIGHT, DAY)
    assert roster.seated(plan, "mall", "guidance", there.astimezone(UTC)) == who


def test_whoever_is_on_shift_is_told_instead_of_the_holder() -> None:
    plan = with_shifts("guidance", NIGHT)
    assert told_first(responding(plan)) == "stores"
    assert roster.chain(plan, "mall", "guidance", NOON) == (
        "stores", "member", "second", "boss", "vice", "third",
    )  # fmt: skip


def test_between_the_shifts_the_holder_is_told() -> None:
    plan = with_shifts("guidance", NIGHT)
    assert roster.seated(plan, "mall", "guidance", NOON - MINUTE) == "lead"


def test_the_hour_is_that_of_the_venue() -> None:
    plan = with_shifts("guidance", NIGHT, venues=in_zone("Europe/London"))
    assert told_first(responding(plan)) == "lead"
    assert roster.seated(plan, "mall", "guidance", NOON + 7 * HOUR) == "stores"


def test_summer_time_moves_the_shifts_with_it() -> None:
    plan = with_shifts("guidance", NIGHT, venues=in_zone("Europe/London"))
    winter, summer = (datetime(2026, month, 1, 19, 30, tzinfo=UTC) for month in (1, 7))
    assert roster.seated(plan, "mall", "guidance", winter) == "lead"
    assert roster.seated(plan, "mall", "guidance", summer) == "stores"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "Asia"])
def test_where_the_time_zone_is_none_the_holder_is_told(zone: str) -> None:
    plan = with_shifts("guidance", NIGHT, venues=in_zone(zone))
    assert told_first(responding(plan)) == "lead"


def test_a_shift_that_ends_when_it_begins_lasts_all_day() -> None:
    always = {"begins": "08:00", "ends": "08:00", "holder": "press"}
    plan = with_shifts("guidance", always)
    assert {roster.seated(plan, "mall", "guidance", NOON + n * HOUR) for n in range(24)} == {
        "press"
    }


def test_who_comes_on_shift_while_nobody_answers_is_asked_next() -> None:
    evening = {"begins": "20:00", "ends": "20:01", "holder": "stores"}
    plan = with_shifts("guidance", evening, {**NIGHT, "begins": "20:01", "holder": "third"})
    stands = responding(plan)
    asked = stands.later(MINUTE).having(unanswered(1), CLOCK)
    assert (
        TaskEscalated(task="guide", to="third", step=1, acknowledge_by=NOON + 2 * MINUTE)
        in asked.facts
    )
    for minutes in range(2, 7):
        asked = asked.later(MINUTE).having(unanswered(minutes), CLOCK)
    told = [fact.to for fact in asked.facts if isinstance(fact, TaskEscalated)]
    assert told == ["third", "member", "second", "boss", "vice"]


def test_a_delivery_that_fails_after_the_shift_changed_is_still_of_who_was_asked() -> None:
    stands = responding(with_shifts("guidance", {**NIGHT, "ends": "20:01"}))
    (number,) = (
        name
        for name, owed in stands.state.notifications.items()
        if (owed.to, owed.about) == ("stores", "task/guide")
    )
    failed = ReportDeliveryFailure(notification=number, cause="no channel")
    now = NOON + 2 * MINUTE
    stands.later(2 * MINUTE).when(failed, HANDS).then_among_others(
        TaskEscalated(task="guide", to="lead", step=1, acknowledge_by=now + MINUTE)
    )


def test_the_holder_may_act_on_anybody_s_shift_and_anybody_on_theirs() -> None:
    stands = responding(with_shifts("guidance", NIGHT, DAY))
    for who in ("stores", "press", "lead", "member", "second", "boss"):
        stands.when(ACKNOWLEDGE, person(who)).then_among_others(
            TaskAcknowledged(task="guide", person=who)
        )
    stands.when(ACKNOWLEDGE, STRANGER).then_refused(Refusal.PERSON_NOT_ASSIGNED)


def test_the_command_is_offered_to_whoever_is_on_shift_and_then_to_the_deputies() -> None:
    stands = responding(with_shifts("command", {**NIGHT, "holder": "vice"}))
    until = NOON + timedelta(minutes=3)
    assert PostOffered(post="command", person="vice", accept_by=until) in stands.facts
    lapsed = stands.later(3 * MINUTE).having(
        LetDeadlinePass(deadline=DeadlineKind.POST_ACCEPTANCE, subject="command", due_at=until),
        CLOCK,
    )
    assert lapsed.state.posts["command"].offered_to == "third"


def test_whoever_has_a_shift_in_a_post_that_approves_may_approve() -> None:
    notices = PLAN.notices.model_dump() | {"approved_by": ["command"]}
    plan = with_shifts("command", {**NIGHT, "holder": "stores"}, notices=notices)
    drafted = responding(plan).having(
        DraftNotice(notice="one", text=Text.of("慢行", "Walk slowly")), person("press")
    )
    drafted.when(ApproveNotice(notice="one"), person("stores")).then_kinds("NoticeApproved")
    drafted.when(ApproveNotice(notice="one"), VICE).then_kinds("NoticeApproved")
    drafted.when(ApproveNotice(notice="one"), LEAD).then_refused(Refusal.PERSON_NOT_ASSIGNED)


def test_a_plan_without_shifts_knows_no_hours() -> None:
    assert {roster.chain(PLAN, "mall", "guidance", NOON + n * HOUR) for n in range(24)} == {
        PLAN.chain("guidance")
    }
    stands = responding(saying()).having(AcceptRole(post="command"), BOSS)
    assert stands.state.posts["command"].held_by == "boss"
