"""What a traced fold says of each fact is what comparing the states before and after would say."""

from __future__ import annotations

from typing import Any

from benchmarks.folding import long_life
from domain.incident.evolution.evolve import evolve
from domain.incident.evolution.field_diff import ABSENT, FieldChange, FieldDiff
from domain.incident.state.incident import NOTHING_YET, Incident

LIFE = long_life(120)


def leaves(value: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Return everything that stands in a state, by its path."""
    pairs: Any
    if hasattr(value, "_fields") and path != ("plan",):
        pairs = zip(value._fields, value, strict=True)
    elif hasattr(value, "items"):
        pairs = ((str(key), one) for key, one in value.items())
    elif hasattr(value, "insert"):
        pairs = ((str(member), member) for member in value)
    else:
        return {path: value}
    return {at: one for name, part in pairs for at, one in leaves(part, (*path, name)).items()}


def applied(standing: dict[tuple[str, ...], Any], touches: list[FieldChange]) -> None:
    for touch in touches:
        for path in [path for path in standing if path[: len(touch.path)] == touch.path]:
            del standing[path]
        if touch.after is not ABSENT:
            standing |= leaves(touch.after, touch.path)


def test_the_changes_of_each_fact_lead_to_the_next_state() -> None:
    state, tracing = NOTHING_YET, FieldDiff(NOTHING_YET)
    standing = leaves(NOTHING_YET)
    for fact in LIFE:
        state = evolve(state, fact)
        applied(standing, tracing.take(fact))
        assert standing == leaves(state)


def test_a_trace_begins_anywhere() -> None:
    state: Incident = NOTHING_YET
    for fact in LIFE[:60]:
        state = evolve(state, fact)
    before, tracing = leaves(state), FieldDiff(state)
    for fact in LIFE[60:]:
        state = evolve(state, fact)
        applied(before, tracing.take(fact))
    assert before == leaves(state)


def test_what_stood_before_is_told_with_what_stands_after() -> None:
    state, tracing = NOTHING_YET, FieldDiff(NOTHING_YET)
    for fact in LIFE:
        was = leaves(state)
        state = evolve(state, fact)
        for touch in tracing.take(fact):
            if touch.before is ABSENT:
                assert not [path for path in was if path[: len(touch.path)] == touch.path]
            elif touch.path in was:
                assert touch.before == was[touch.path]
