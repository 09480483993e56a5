"""Whatever is read of an incident is read of every history: after each fact that was ever stored.

Folds are written for one state and run on three: as it is, in place, and traced.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from activities.evaluation.report import report
from domain.incident.evolution import bulk_fold as in_place
from domain.incident.evolution.field_diff import FieldDiff, differences
from domain.incident.evolution.valid_time import ValidTimeState
from domain.incident.obligations.deadlines import due
from domain.incident.obligations.obligations import obligations
from domain.incident.snapshot import STATE_CODEC
from domain.incident.state.incident import NOTHING_YET
from services.cli.incident.timeline import fold, lines, table
from services.runtime.sentences import sentence_in_utc
from tests.domain.incident.evolution.test_field_diff import applied, leaves
from tests.domain.incident.histories import HISTORIES, events, states
from tests.domain.incident.world import PINNED

if TYPE_CHECKING:
    from domain.incident.state.incident import Incident
    from services.runtime.vocabulary import Language

every_history = pytest.mark.parametrize("name", sorted(HISTORIES))


def carried_out(state: Incident, name: str) -> dict[tuple[str, ...], Any]:
    """Return what stands after the last fact, by the changes that tracing tells."""
    standing = leaves(state)
    applied(standing, FieldDiff(state).take(HISTORIES[name][-1]))
    return standing


@every_history
def test_a_traced_fold_tells_every_change(name: str) -> None:
    tracing, standing = FieldDiff(NOTHING_YET), leaves(NOTHING_YET)
    for fact, state in zip(HISTORIES[name], states(HISTORIES[name])[1:], strict=True):
        applied(standing, tracing.take(fact))
        assert standing == leaves(state)


@every_history
def test_a_trace_begins_before_any_fact(name: str) -> None:
    *_, before, after = states(HISTORIES[name])
    assert carried_out(before, name) == leaves(after)


@every_history
def test_what_differs_is_what_a_trace_tells(name: str) -> None:
    for before, after in pairwise(states(HISTORIES[name])):
        standing = leaves(before)
        applied(standing, [*differences((), before, after)])
        assert standing == leaves(after)


@every_history
def test_a_fold_in_place_ends_where_single_steps_end(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_place, "THAW_AFTER_FACTS", 1)
    quick = in_place.IncidentFold(NOTHING_YET)
    for fact in HISTORIES[name]:
        quick.take(fact)
    assert quick.state() == states(HISTORIES[name])[-1]
    assert {type(value) for value in quick.state()} == {
        type(value) for value in states(HISTORIES[name])[-1]
    }


@every_history
def test_a_snapshot_of_it_is_unpacked_to_the_same(name: str) -> None:
    for state in states(HISTORIES[name]):
        assert STATE_CODEC.unpack(STATE_CODEC.pack(state)) == state


@every_history
def test_what_was_told_in_order_is_true(name: str) -> None:
    truth = ValidTimeState().after(HISTORIES[name])
    assert truth == (states(HISTORIES[name])[-1], ())


@every_history
def test_what_it_owes_and_what_is_due_is_known(name: str) -> None:
    for state in states(HISTORIES[name]):
        keys = [work.key for work in obligations(state)]
        assert len(keys) == len({*keys})
        coming = due(state)
        assert (coming is None) == (not state.deadlines)


@every_history
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_timeline_says_each_fact(name: str, language: Language) -> None:
    told = events(HISTORIES[name])
    shown = [*lines(told, language)]
    assert table(shown, language).row_count == len(told)
    assert all(line.what.strip() for line in shown)
    assert fold(told) == states(HISTORIES[name])[-1]


@every_history
def test_a_report_has_a_line_for_each_fact(name: str) -> None:
    made = report(events(HISTORIES[name]), PINNED, sentence_in_utc)
    assert made.up_to_version == len(HISTORIES[name])
    assert len(made.html) > len(made.markdown)
