"""What was entered wrongly is corrected beside the entry, for a reason, and takes its place."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.incident.aftermath import RecordDamage
from domain.incident.closing import TerminateResponse
from domain.incident.corrections import CorrectDamage, CorrectReport
from domain.incident.events.corrections import DamageCorrected, ReportCorrected
from domain.incident.events.duties import SituationReported
from domain.incident.evolution.valid_time import DatedEvent
from domain.incident.reporting import SubmitSituationReport
from domain.refusals import Refusal
from domain.values import Command
from tests.domain.incident.evolution.truth import all_corrected, true_state
from tests.domain.incident.world import BOSS, COMMANDED, PRESS
from tests.domain.spec import NOON

REPORT = SubmitSituationReport(report="sitrep", filing="s1", summary="Calm.", headcount=540)
FILED = COMMANDED.having(REPORT, PRESS)
DAMAGED = FILED.having(RecordDamage(damage="d1", asset="barrier", description="Bent."))
FEWER = CorrectReport(filing="s1", headcount=450)
WHY = "counted twice"


def test_a_correction_says_what_is_right_and_leaves_the_rest() -> None:
    FILED.when(FEWER, because=WHY).then(
        ReportCorrected(filing="s1", summary=None, headcount=450, casualties=None, happened_at=None)
    )
    DAMAGED.when(CorrectDamage(damage="d1", estimate_fen=900), because=WHY).then(
        DamageCorrected(
            damage="d1", asset=None, description=None, estimate_fen=900, happened_at=None
        )
    )


@pytest.mark.parametrize(
    ("ask", "why", "refusal"),
    [
        (FEWER, None, Refusal.REASON_REQUIRED),
        (CorrectReport(filing="s1"), WHY, Refusal.CORRECTION_EMPTY),
        (CorrectReport(filing="s9", headcount=1), WHY, Refusal.ENTRY_UNKNOWN),
        (CorrectDamage(damage="s1", asset="gate"), WHY, Refusal.ENTRY_UNKNOWN),
        (
            CorrectReport(filing="s1", happened_at=NOON + timedelta(days=9)),
            WHY,
            Refusal.INSTANT_IN_FUTURE,
        ),
    ],
)
def test_what_corrects_nothing_is_refused(ask: Command, why: str | None, refusal: Refusal) -> None:
    DAMAGED.when(ask, because=why).then_refused(refusal)


def test_the_same_correction_again_changes_nothing_and_another_one_does() -> None:
    once = FILED.having(FEWER, because=WHY)
    once.when(FEWER, because=WHY).then()
    once.when(CorrectReport(filing="s1", headcount=455), because=WHY).then_among_others(
        ReportCorrected(filing="s1", summary=None, headcount=455, casualties=None, happened_at=None)
    )


def test_an_entry_can_be_corrected_when_all_is_over() -> None:
    over = DAMAGED.having(TerminateResponse(overrule=True), BOSS, because="All is calm.")
    over.when(FEWER, because=WHY).then_among_others(
        ReportCorrected(filing="s1", summary=None, headcount=450, casualties=None, happened_at=None)
    )


def test_known_now_an_entry_is_as_it_was_corrected_last() -> None:
    earlier = CorrectReport(filing="s1", summary="Tense.", happened_at=NOON - timedelta(hours=1))
    case = FILED.having(FEWER, because=WHY).having(earlier, because=WHY)
    told = all_corrected([DatedEvent(NOON, *one) for one in enumerate(case.facts)])
    ((at, _, entry),) = [one for one in told if isinstance(one.fact, SituationReported)]
    assert isinstance(entry, SituationReported)
    assert (entry.summary, entry.headcount) == ("Tense.", 450)
    assert at == NOON - timedelta(hours=1)
    assert sum(isinstance(one.fact, ReportCorrected) for one in told) == 2


def test_an_entry_that_happened_earlier_is_true_earlier() -> None:
    moved = CorrectReport(filing="s1", happened_at=NOON + timedelta(minutes=1))
    facts = FILED.later(timedelta(hours=2)).having(moved, because=WHY).facts
    told = [
        DatedEvent(NOON + timedelta(hours=isinstance(fact, SituationReported)), version, fact)
        for version, fact in enumerate(facts)
    ]
    then = NOON + timedelta(minutes=30)
    assert not true_state(told, then).filings
    assert list(true_state(all_corrected(told), then).filings) == ["s1"]
