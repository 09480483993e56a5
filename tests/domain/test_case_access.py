"""When a reading is one more record, and when a record stands for it: decided beside the case."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.decider import CommandEnvelope, Refused
from domain.record.case_access import READINGS, CaseRead, ReadCase, Readings, ReadKind
from domain.refusals import Refusal
from domain.values import Actor, IncidentId, Role

NOW = datetime(2026, 5, 1, 6, 30, tzinfo=UTC)
WINDOW = timedelta(hours=1)
MOST = 3
CASE = IncidentId("0b8e4f3c-3f0e-4f5e-9f52-6a7d1c2b3a40")
AUDITOR = Actor("auditor", frozenset({Role.AUDITOR}))
COURT = "district court, file 12"
EVENTS = ReadCase(incident=CASE, what=ReadKind.EVENTS, window=3_600)
STATE = EVENTS.model_copy(update={"what": ReadKind.STATE})
WHOLE_LOG = EVENTS.model_copy(update={"incident": None})
HERE = WHOLE_LOG.model_copy(update={"venues": ("mall",)})
READ = CaseRead(
    incident=CASE,
    what=ReadKind.EVENTS,
    reader="auditor",
    reason=COURT,
    at=NOW,
    until=NOW + WINDOW,
)


def after(ask: ReadCase, version: int) -> ReadCase:
    return ask.model_copy(update={"after": version})


def asked(
    ask: ReadCase = EVENTS, actor: Actor = AUDITOR, reason: str | None = COURT
) -> CommandEnvelope:
    return CommandEnvelope(ask, UUID(int=1), actor, reason=reason)


def read(*facts: CaseRead) -> Readings:
    state = READINGS.initial
    for fact in facts:
        state = READINGS.evolve(state, fact)
    return state


def test_a_reading_is_a_fact_with_who_and_why_and_how_long_it_stands_for_others() -> None:
    assert READINGS.decide(read(), asked(), NOW, MOST) == [READ]


@pytest.mark.parametrize("minutes", [0, 1, 59])
def test_whoever_reads_alike_within_the_window_is_recorded_already(minutes: int) -> None:
    assert READINGS.decide(read(READ), asked(), NOW + timedelta(minutes=minutes), MOST) == []


@pytest.mark.parametrize(
    "other",
    [
        asked(STATE),
        asked(reason="another file"),
        asked(reason=None),
        asked(actor=Actor("second-auditor", frozenset({Role.AUDITOR}))),
    ],
    ids=["what", "why", "no-why", "who"],
)
def test_what_is_read_otherwise_is_recorded_anew(other: CommandEnvelope) -> None:
    assert len(READINGS.decide(read(READ), other, NOW, MOST)) == 1


def test_after_the_window_it_is_recorded_anew() -> None:
    again = READ.model_copy(update={"at": NOW + WINDOW, "until": NOW + 2 * WINDOW})
    assert READINGS.decide(read(READ), asked(), NOW + WINDOW, MOST) == [again]


def test_whoever_reads_on_is_recorded_already_and_whoever_reads_more_is_not() -> None:
    part = READ.model_copy(update={"after": 7})
    assert READINGS.decide(read(part), asked(after(EVENTS, 9)), NOW, MOST) == []
    assert READINGS.decide(read(part), asked(after(EVENTS, 6)), NOW, MOST) == [
        READ.model_copy(update={"after": 6})
    ]


def test_who_read_the_log_of_some_venues_has_not_read_that_of_all() -> None:
    here = READ.model_copy(update={"incident": None, "venues": ("mall",)})
    everywhere = here.model_copy(update={"venues": None})
    assert READINGS.decide(read(here), asked(HERE), NOW, MOST) == []
    assert READINGS.decide(read(here), asked(WHOLE_LOG), NOW, MOST) == [everywhere]
    assert READINGS.decide(read(everywhere), asked(HERE), NOW, MOST) == []


def test_one_reader_can_give_no_more_reasons_than_the_settings_say() -> None:
    reasons = ["file 1", "file 2", "file 3"]
    state = read(*(READ.model_copy(update={"reason": reason}) for reason in reasons))
    found = {"actor": "auditor", "limit": "3", "again": (NOW + WINDOW).isoformat()}
    refused = Refused(Refusal.READINGS_TOO_MANY, found)
    assert READINGS.decide(state, asked(), NOW, MOST) == refused
    assert READINGS.decide(state, asked(reason="file 2"), NOW, MOST) == []
    other = Actor("second-auditor", frozenset({Role.AUDITOR}))
    assert len(READINGS.decide(state, asked(actor=other), NOW, MOST)) == 1
    assert len(READINGS.decide(state, asked(), NOW + WINDOW, MOST)) == 1


def test_what_was_read_while_nothing_could_be_recorded_is_recorded_as_of_then() -> None:
    late = CommandEnvelope(EVENTS, UUID(int=1), AUDITOR, reason=COURT, occurred_at=NOW)
    assert READINGS.decide(read(), late, NOW + timedelta(days=2), MOST) == [READ]


def test_what_is_remembered_is_no_more_than_stands_for_others() -> None:
    many = [
        READ.model_copy(update={"at": NOW + n * WINDOW, "until": NOW + (n + 1) * WINDOW})
        for n in range(50)
    ]
    assert len(read(*many).by["auditor"]) == 1
