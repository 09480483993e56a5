"""How it truly was: each fact where it belongs, whenever it was told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.folding import long_life
from domain.incident.events import duties, response
from domain.incident.evolution.evolve import CHANGES, evolve
from domain.incident.evolution.valid_time import DatedEvent, ValidTimeState
from domain.incident.state.incident import NOTHING_YET, Incident, TaskStatus
from domain.values import Event, ResponseLevel
from tests.domain.incident.evolution.truth import true_state
from tests.domain.incident.histories import FACTS
from tests.domain.incident.test_golden import OPENED

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIFE = long_life(40)


def minutes(count: int) -> datetime:
    return NOON + timedelta(minutes=count)


def level(at: int, to: ResponseLevel) -> tuple[datetime, Event]:
    return minutes(at), response.ResponseLevelChanged(level=to, was=ResponseLevel.IV)


def recorded(*told: tuple[datetime, Event]) -> list[DatedEvent]:
    return [DatedEvent(at, version, fact) for version, (at, fact) in enumerate(told)]


def test_what_was_told_in_order_is_true_as_it_was_recorded() -> None:
    state = NOTHING_YET
    for count, fact in enumerate(LIFE):
        state = evolve(state, fact)
        told = recorded(*((minutes(number), one) for number, one in enumerate(LIFE)))
        assert true_state(told, minutes(count)) == state


def test_a_late_entry_stands_where_it_belongs() -> None:
    told = recorded((NOON, LIFE[0]), level(10, ResponseLevel.III), level(5, ResponseLevel.II))
    assert true_state(told, minutes(7)).level is ResponseLevel.II
    assert true_state(told, minutes(20)).level is ResponseLevel.III


def test_what_is_told_too_early_is_taken_in_as_soon_as_it_can_be() -> None:
    assigned = next(fact for fact in LIFE if isinstance(fact, duties.TaskAssigned))
    finished = next(fact for fact in LIFE if isinstance(fact, duties.TaskFinished))
    told = recorded((NOON, LIFE[0]), (minutes(9), assigned), (minutes(2), finished))
    assert not true_state(told, minutes(5)).tasks
    assert true_state(told, minutes(9)).tasks[assigned.task].status is TaskStatus.FINISHED


@pytest.mark.parametrize("bug", [KeyError("task"), AttributeError("task"), TypeError("task")])
def test_a_bug_in_a_fold_is_no_fact_that_was_told_too_early(
    bug: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Incident, __: Event) -> Incident:
        raise bug

    monkeypatch.setitem(cast("dict[object, object]", CHANGES), duties.TaskStarted, broken)
    with pytest.raises(type(bug), match="task"):
        ValidTimeState().after(LIFE)


@pytest.mark.parametrize("name", sorted(FACTS))
def test_a_fact_that_comes_first_is_taken_in_or_waits(name: str) -> None:
    assert ValidTimeState().after([OPENED, FACTS[name]]).waiting in {(), (FACTS[name],)}


@given(st.permutations([OPENED, *FACTS.values()]))
def test_in_whatever_order_facts_are_told_none_is_lost(told: list[Event]) -> None:
    truth = ValidTimeState().after(told)
    assert ValidTimeState(truth.state).after(truth.waiting).state == truth.state
    assert {*truth.state.tasks} == {"some-text"}
