"""Size: what begins at once can be recorded at once."""

from __future__ import annotations

from typing import Any

import pytest

from compiler.check import check
from compiler.rules.structure.size import KINDS, RULES
from domain.decider import Refused
from domain.incident.decider import INCIDENTS
from domain.limits import COMMAND_EVENTS_MAX
from domain.plan.canonical import pinned
from domain.plan.model.plan import Plan
from domain.values import Phase
from tests.domain.incident.world import ACTIVATE, WARN
from tests.domain.plan.plans import contact, task, text, written
from tests.domain.spec import NOON, Given

HALF = COMMAND_EVENTS_MAX // 2
PEOPLE = [contact(f"person-{number}") for number in range(HALF + 1)]


def plan(**changes: Any) -> Plan:
    return Plan.model_validate(written() | changes)


def tasks(count: int, phase: Phase, **more: Any) -> list[dict[str, Any]]:
    return [task(f"{phase}-{number}", phase) | more for number in range(count)]


def found(plan: Plan) -> set[str]:
    return {finding.where for rule in RULES for finding in rule(plan)}


def of_tasks(*counted: tuple[int, Phase], **more: Any) -> Plan:
    return plan(tasks=[one for count, phase in counted for one in tasks(count, phase, **more)])


def telling(people: int) -> Plan:
    step = {"tell": [one["id"] for one in PEOPLE[:people]], "within": "1 min"}
    chain = {"id": "all", "title": text("All"), "steps": [step]}
    return plan(contacts=[*written()["contacts"], *PEOPLE], escalations=[chain])


@pytest.mark.parametrize(
    ("large", "where"),
    [
        (of_tasks((HALF, Phase.RESPONSE)), {"/levels/0", "/levels/1", "/tasks"}),
        (of_tasks((HALF, Phase.WARNING)), {"/levels/0", "/levels/1", "/tasks"}),
        (of_tasks((HALF, Phase.AFTERMATH)), {"/tasks"}),
        (
            of_tasks((HALF // 2, Phase.WARNING), (HALF // 2, Phase.RESPONSE)),
            {"/levels/0", "/levels/1"},
        ),
        (of_tasks((HALF, Phase.RESPONSE), levels=["III"]), {"/levels/1", "/tasks"}),
        (telling(HALF), {"/escalations/0/steps/0/tell"}),
    ],
)
def test_what_begins_with_too_much_is_found(large: Plan, where: set[str]) -> None:
    assert found(large) == where


@pytest.mark.parametrize(
    "large",
    [
        of_tasks((HALF // 2 - 100, Phase.WARNING), (HALF // 2 - 100, Phase.RESPONSE)),
        of_tasks((HALF // 2, Phase.RESPONSE), (HALF // 4, Phase.AFTERMATH)),
        telling(HALF - 100),
    ],
)
def test_what_can_be_recorded_at_once_is_not_found(large: Plan) -> None:
    assert found(large) == set()


def test_a_check_finds_it_among_all_else() -> None:
    (kind,) = KINDS
    large = of_tasks((HALF, Phase.RESPONSE), hazards=["fire"])
    said = next(one for one in check(large) if one.kind is kind)
    assert said.is_error
    assert said.what.said_in("en").startswith(f"leads to {2 * HALF + 14} events at once")


def test_a_response_begins_with_no_more_than_was_counted() -> None:
    largest = of_tasks((HALF // 2 - 100, Phase.WARNING), (HALF // 2 - 100, Phase.RESPONSE))
    at_the_shop = {"venue": "shop", "plan": "small-plan", "scope": ("door",)}
    nothing = Given(INCIDENTS, (), pinned(largest), NOON)
    warned = nothing.having(WARN.model_copy(update=at_the_shop))
    begun = warned.when(ACTIVATE).answer
    assert not isinstance(begun, Refused)
    assert COMMAND_EVENTS_MAX - 500 < len(begun) <= COMMAND_EVENTS_MAX
