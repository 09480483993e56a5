"""The soak's own reading of deadlines is the product's, whatever happens in an incident."""

from __future__ import annotations

import json
from functools import reduce

from hypothesis import given as for_all
from hypothesis import settings

from benchmarks.soak.deadlines import Deadlines, Happened
from domain.decider import encode
from domain.incident.decider import INCIDENTS
from domain.plan.model.plan import PinnedPlan
from domain.values import Command
from tests.domain.incident.test_properties import lived, lives, openings, plans
from tests.domain.spec import NOON


@settings(max_examples=200, deadline=None)
@for_all(openings, lives, plans)
def test_the_same_deadlines_are_armed_after_any_life(
    opening: Command, life: list[tuple[object, str | None]], plan: PinnedPlan
) -> None:
    facts = lived(opening, life, plan).facts
    read = Deadlines("incident/1")
    for number, fact in enumerate(facts):
        data = json.loads(encode(fact))
        read.take(Happened("incident/1", fact.kind, NOON, str(number), "", data))
    state = reduce(INCIDENTS.evolve, facts, INCIDENTS.initial)
    armed = {(key.kind.value, key.subject): at for key, at in state.deadlines.items()}
    assert read.armed == armed
