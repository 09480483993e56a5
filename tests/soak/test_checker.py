"""Whatever is planted in a log or its journal, the checker finds and names."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from benchmarks.soak import caller, checker, deadlines, load, openings, plans, promises
from tests.soak.story import (
    CLOCK,
    DELIVERED,
    HANDS,
    LEFT,
    ONE_ID,
    OPENED,
    OPERATOR,
    VERIFIED,
    Story,
    Told,
    alarm,
    ordered,
)

if TYPE_CHECKING:
    from types import ModuleType


PRODUCT = {"activities", "compiler", "domain", "eventstore", "projections", "services", "workflows"}


@pytest.fixture
def story() -> Story:
    """Report an alarm that nobody verifies; the clock says so 0.25 s late, and somebody is told."""
    told = Story()
    told.asks("ReportAlarm", 0, OPENED, alarm(4))
    told.records(CLOCK, "LetDeadlinePass", 4.25, LEFT, ordered("n1"))
    told.records(HANDS, "ConfirmDelivery", 5, DELIVERED)
    told.asks("RecordDamage", 6, ("DamageRecorded", {"damage": "d-1"}))
    return told


def test_a_log_that_held_is_not_doubted(story: Story) -> None:
    verdict = story.verdict(60)
    assert verdict.complaints == []
    assert (verdict.events, verdict.acknowledged, verdict.deadlines_passed) == (6, 2, 1)
    assert (verdict.lost, verdict.doubled, verdict.deadlines_unfired) == (0, 0, 0)
    assert verdict.late_s == [0.25]
    assert verdict.outcome_s == [0.75]


def test_an_acknowledged_command_that_is_lost_is_missed(story: Story) -> None:
    del story.log[-1]
    verdict = story.verdict(60)
    assert verdict.lost == 1
    assert "acknowledged and lost: RecordDamage" in verdict.complaints[0]


def test_an_acknowledged_command_that_is_half_there_is_missed(story: Story) -> None:
    del story.log[0]
    story.seal_anew()
    assert story.verdict(60).lost == 2


def test_what_was_acknowledged_elsewhere_than_it_is_counts_as_lost(story: Story) -> None:
    command_id = next(iter(story.promises.asked))
    story.acknowledge(command_id, ["IncidentOpened", "AlarmReported"], position=3)
    assert story.verdict(60).lost == 1


def test_a_repeat_that_is_answered_alike_is_right(story: Story) -> None:
    command_id = next(iter(story.promises.asked))
    story.acknowledge(command_id, ["IncidentOpened", "AlarmReported"], position=2)
    assert story.verdict(60).complaints == []


def test_what_was_already_so_leads_to_nothing(story: Story) -> None:
    story.asks("RecordDamage", 7)
    assert story.verdict(60).complaints == []


def test_a_command_that_was_carried_out_twice_is_seen(story: Story) -> None:
    measure: Told = ("MeasureImposed", {"measure": "m-1"})
    story.asks("ImposeMeasure", 7, measure, command_id=ONE_ID)
    story.records(OPERATOR, "ImposeMeasure", 8, measure, command_id=ONE_ID)
    verdict = story.verdict(60)
    assert verdict.doubled == 1
    assert f"command {ONE_ID} was carried out 2 times" in verdict.complaints


def test_an_event_that_is_there_twice_is_seen(story: Story) -> None:
    story.log.append(story.log[-1])
    story.seal_anew()
    assert story.verdict(60).doubled > 0


def test_a_deadline_that_was_never_fired_is_found() -> None:
    story = Story()
    story.asks("ReportAlarm", 0, OPENED, alarm(4))
    verdict = story.verdict(40)
    assert verdict.deadlines_unfired == 1
    assert "alarm_verification/alarm, due 36.0 s ago" in verdict.complaints[0]


def test_a_deadline_that_was_met_or_is_yet_to_come_is_not_unfired() -> None:
    story = Story()
    story.asks("ReportAlarm", 0, OPENED, alarm(4))
    assert story.verdict(5).deadlines_unfired == 0
    story.asks("VerifyAlarm", 3, VERIFIED)
    assert story.verdict(60).deadlines_unfired == 0


def test_a_deadline_that_passed_late_is_measured() -> None:
    story = Story()
    story.asks("ReportAlarm", 0, OPENED, alarm(4))
    story.records(CLOCK, "LetDeadlinePass", 35.5, LEFT)
    assert story.verdict(40).document["deadline_late_max_s"] == 31.5


def test_a_deadline_that_passed_early_is_seen() -> None:
    story = Story()
    story.asks("ReportAlarm", 0, OPENED, alarm(4))
    story.records(CLOCK, "LetDeadlinePass", 1, LEFT)
    verdict = story.verdict(40)
    assert "passed 3.000 s early" in verdict.complaints[0]
    assert verdict.document["deadline_early_max_s"] == 3.0


def test_a_deadline_that_passed_twice_is_seen(story: Story) -> None:
    story.records(CLOCK, "LetDeadlinePass", 9, LEFT)
    verdict = story.verdict(60)
    assert verdict.doubled == 1
    assert "passed and was not armed" in verdict.complaints[0]


def test_a_notification_without_an_outcome_is_owed(story: Story) -> None:
    story.records(CLOCK, "LetDeadlinePass", 9, ordered("n2"))
    assert story.verdict(12).complaints == []
    verdict = story.verdict(60)
    assert verdict.notifications_unsettled == 1
    assert "owed for 51.0 s" in verdict.complaints[0]


def test_a_second_outcome_of_a_notification_is_seen(story: Story) -> None:
    story.records(HANDS, "ConfirmDelivery", 9, DELIVERED)
    assert story.verdict(60).doubled == 1


def test_what_nobody_asked_for_is_seen(story: Story) -> None:
    story.records(OPERATOR, "RecordDamage", 9, ("DamageRecorded", {"damage": "d-2"}))
    assert story.verdict(60).complaints == ["nobody asked for what is at position 7"]


def test_what_was_refused_and_is_there_is_seen(story: Story) -> None:
    story.records(OPERATOR, "RecordDamage", 9, ("DamageRecorded", {}), command_id=ONE_ID)
    story.promises.take("load", {"asked": ONE_ID, "method": "RecordDamage"})
    story.promises.take("load", {"refused": ONE_ID, "reason": "PHASE_OVER"})
    assert story.verdict(60).complaints == ["refused, and there at position 7"]


def test_what_was_asked_and_never_answered_is_seen(story: Story) -> None:
    story.promises.take("load", {"asked": str(uuid4()), "method": "RecordDamage"})
    assert "was never answered" in story.verdict(60).complaints[0]


def test_what_no_caller_should_be_told_is_passed_on(story: Story) -> None:
    story.promises.take("load", {"wrong": "INTERNAL"})
    assert story.verdict(60).complaints == ["load: INTERNAL"]


def test_a_broken_chain_is_seen(story: Story) -> None:
    story.log[2] = story.log[2]._replace(hash=b"\x55" * 32)
    assert "the hash at position 3 is not that of its event" in story.verdict(60).complaints


@pytest.mark.parametrize("module", [checker, deadlines, promises, caller, load, openings, plans])
def test_neither_checker_nor_load_knows_the_code_that_is_checked(module: ModuleType) -> None:
    tree = ast.parse(Path(str(module.__file__)).read_text("utf-8"))
    named = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    named |= {
        name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names
    }
    assert not {name for name in named if name.partition(".")[0] in PRODUCT}
