"""What the public is to be told by the plan's rules: by when, and again and again."""

from __future__ import annotations

from domain.incident.closing import TerminateResponse
from domain.incident.events.duties import Message, NotificationWithdrawn
from domain.incident.events.means import (
    FirstNoticeMissed,
    NoticeExpected,
    NoticeMissed,
    NoticeNoLongerExpected,
)
from domain.incident.information import ApproveNotice, DraftNotice, PublishNotice
from domain.incident.obligations.deadlines import LetDeadlinePass
from domain.incident.state.incident import DeadlineKey, DeadlineKind, Incident
from domain.incident.warning import CancelWarning
from domain.values import Text
from tests.domain.incident.fuller import responding, rule, saying, told_by, under
from tests.domain.incident.world import (
    ACTIVATE,
    ALARM,
    BOSS,
    CLOCK,
    COMMANDED,
    MINUTE,
    PRESS,
    WARN,
)
from tests.domain.spec import NOON, Given

FIRST = DeadlineKey(DeadlineKind.FIRST_NOTICE, "notice")
ROUTES = DeadlineKey(DeadlineKind.NOTICE, "routes")
QUICK = saying(notices=told_by(rule("routes", first_within="3 min", refresh_every="5 min")))
UNHURRIED = saying(notices=told_by(rule("routes", refresh_every="5 min")))
PUBLISH = PublishNotice(notice="one")


def approved(stands: Given[Incident], *channels: str, notice: str = "one") -> Given[Incident]:
    """Let one write a notice for some channels, or all, and another approve it."""
    text = Text.of("慢行", "Walk slowly")
    drafted = stands.having(DraftNotice(notice=notice, text=text, channels=channels), PRESS)
    return drafted.having(ApproveNotice(notice=notice), BOSS)


def published(stands: Given[Incident], *channels: str) -> Given[Incident]:
    """Let a notice go out on some channels, or all."""
    return approved(stands, *channels).having(PUBLISH, PRESS)


def passes(stands: Given[Incident], key: DeadlineKey) -> LetDeadlinePass:
    """Name a deadline that is armed."""
    due_at = stands.state.deadlines[key]
    return LetDeadlinePass(deadline=key.kind, subject=key.subject, due_at=due_at)


def missed(stands: Given[Incident], key: DeadlineKey = ROUTES) -> Given[Incident]:
    """Let the time pass by which the public was to be told."""
    late = passes(stands, key)
    return stands.later(late.due_at - stands.now).having(late, CLOCK)


def notices_due(stands: Given[Incident]) -> dict[str, float]:
    """Return after how many minutes each rule wants the public told."""
    return {
        key.subject: (at - NOON) / MINUTE
        for key, at in stands.state.deadlines.items()
        if key.kind is DeadlineKind.NOTICE
    }


def test_a_phase_begins_with_the_rules_of_its_own_and_of_its_hazard() -> None:
    plan = saying(
        notices=told_by(
            rule("advice", "warning", first_within="5 min"),
            rule("smoke", "warning", hazards=["fire"]),
            rule("routes", first_within="3 min"),
            rule("over", "aftermath", first_within="30 min"),
        )
    )
    assert notices_due(under(plan, WARN)) == {"advice": 5}
    assert notices_due(responding(plan)) == {"routes": 3}
    over = responding(plan).having(TerminateResponse(overrule=True), BOSS, because="over")
    assert notices_due(over) == {"over": 30}


def test_a_rule_without_a_time_has_that_of_notices_in_general() -> None:
    plan = saying(notices=told_by(rule("advice", "warning"), rule("routes")))
    assert notices_due(under(plan, WARN)) == {"advice": 10}
    response = responding(plan)
    assert notices_due(response) == {}
    assert response.state.deadlines[FIRST] == NOON + 10 * MINUTE


def test_what_goes_out_is_to_be_renewed_as_the_rule_says() -> None:
    approved(responding(UNHURRIED)).later(4 * MINUTE).when(PUBLISH, PRESS).then_among_others(
        NoticeExpected(rule="routes", due_at=NOON + 9 * MINUTE)
    )
    assert FIRST not in published(responding(UNHURRIED)).state.deadlines


def test_each_notice_begins_the_time_anew() -> None:
    once = published(responding(UNHURRIED)).later(4 * MINUTE)
    twice = approved(once, notice="two").having(PublishNotice(notice="two"), PRESS)
    assert notices_due(twice) == {"routes": 9}


def test_published_twice_counts_once() -> None:
    once = published(responding(UNHURRIED))
    once.later(MINUTE).when(PUBLISH, PRESS).then_nothing()


def test_what_needs_no_renewal_is_done_once_it_went_out() -> None:
    stands = responding(saying(notices=told_by(rule("routes", first_within="3 min"))))
    approved(stands).when(PUBLISH, PRESS).then_among_others(NoticeNoLongerExpected(rule="routes"))
    assert notices_due(published(stands)) == {}


def test_only_what_goes_out_on_all_ways_of_a_rule_counts_for_it() -> None:
    ways = ["screens", "press"]
    plan = saying(notices=told_by(rule("routes", first_within="3 min", channels=ways)))
    assert notices_due(published(responding(plan), "screens")) == {"routes": 3}
    assert notices_due(published(responding(plan), "screens", "press", "boss")) == {}


def test_who_writes_and_who_commands_are_told_when_the_public_was_not() -> None:
    stands = responding(QUICK).later(3 * MINUTE)
    stands.when(passes(stands, ROUTES), CLOCK).then_among_others(
        NoticeMissed(rule="routes", due_at=NOON + 3 * MINUTE)
    )
    told = [
        (owed.to, owed.about)
        for owed in missed(responding(QUICK)).state.notifications.values()
        if owed.message is Message.NOTICE_MISSED
    ]
    assert sorted(told) == [("boss", "notice-rule/routes"), ("press", "notice-rule/routes")]


def test_what_is_to_be_renewed_stays_due_however_often_it_is_missed() -> None:
    again = missed(missed(responding(QUICK)))
    assert notices_due(again) == {"routes": 13}
    assert [fact.due_at for fact in again.facts if isinstance(fact, NoticeMissed)] == [
        NOON + 3 * MINUTE, NOON + 8 * MINUTE,
    ]  # fmt: skip


def test_what_is_said_once_is_missed_once() -> None:
    stands = missed(responding(saying(notices=told_by(rule("routes", first_within="3 min")))))
    assert notices_due(stands) == {}


def test_the_clock_that_says_it_twice_is_heard_once() -> None:
    stands = responding(QUICK)
    late = passes(stands, ROUTES)
    stands.later(3 * MINUTE).having(late, CLOCK).when(late, CLOCK).then_nothing()


def test_a_notice_takes_back_the_reminders_that_were_not_sent_yet() -> None:
    late = missed(responding(QUICK))
    reminders = {
        NotificationWithdrawn(notification=name)
        for name, owed in late.state.notifications.items()
        if owed.about == "notice-rule/routes"
    }
    assert reminders
    assert reminders <= {*published(late).facts}


def test_the_general_first_notice_is_due_beside_the_rules() -> None:
    stands = missed(responding(QUICK), FIRST)
    assert FirstNoticeMissed() in stands.facts


def test_what_a_phase_wanted_said_falls_away_with_it() -> None:
    over = TerminateResponse(overrule=True)
    responding(QUICK).when(over, BOSS, because="over").then_among_others(
        NoticeNoLongerExpected(rule="routes")
    )
    plan = saying(notices=told_by(rule("advice", "warning")))
    under(plan, WARN).when(ACTIVATE).then_among_others(NoticeNoLongerExpected(rule="advice"))
    under(plan, WARN).when(CancelWarning(issuer="desk")).then_among_others(
        NoticeNoLongerExpected(rule="advice")
    )


def test_an_alarm_that_leads_straight_to_the_response_is_told_by_its_rules() -> None:
    plan = saying(notices=told_by(rule("advice", "warning"), rule("go", first_within="1 min")))
    assert notices_due(under(plan, ALARM, ACTIVATE)) == {"go": 1}


def test_a_plan_without_rules_expects_the_first_notice_and_no_other() -> None:
    assert not any(isinstance(fact, NoticeExpected) for fact in published(COMMANDED).facts)
    assert notices_due(published(COMMANDED)) == {}
