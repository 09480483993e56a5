"""News that can wait is told in turn; what changes how an incident stands is told at once."""

from __future__ import annotations

from domain.incident.obligations.obligations import WorkflowView, WorkKind, workflow_view
from domain.incident.state.incident import NOTHING_YET
from domain.values import Mode, Phase
from services.follower.throttle import ROUTINE_AT_ONCE, WORKING_S, NudgeThrottle, live_first

MANY = [f"incident {number}" for number in range(5 * ROUTINE_AT_ONCE)]


def stands(incident: str, version: int, phase: Phase = Phase.RESPONSE) -> WorkflowView:
    return workflow_view(incident, NOTHING_YET, version).model_copy(update={"phase": phase})


def test_an_incident_never_told_is_told_whatever_else_is() -> None:
    assert NudgeThrottle().choose({one: stands(one, 1) for one in MANY}) == set(MANY)


def test_what_stands_as_it_stood_is_told_as_far_as_there_is_room() -> None:
    routine = NudgeThrottle()
    routine.choose({one: stands(one, 1) for one in MANY})
    assert len(routine.choose({one: stands(one, 2) for one in MANY})) < ROUTINE_AT_ONCE


def test_what_stands_otherwise_is_told_before_the_rest() -> None:
    routine = NudgeThrottle()
    routine.choose({one: stands(one, 1) for one in MANY})
    after = {one: stands(one, 2) for one in MANY} | {MANY[7]: stands(MANY[7], 2, Phase.AFTERMATH)}
    assert MANY[7] in routine.choose(after)
    assert MANY[7] not in routine.choose(after)


def test_a_single_busy_incident_is_told_of_all_its_news() -> None:
    routine = NudgeThrottle()
    for version in range(ROUTINE_AT_ONCE):
        assert routine.choose({"a": stands("a", version)}) == {"a"}


def test_what_waited_longest_goes_first() -> None:
    seconds = iter(range(100))
    routine = NudgeThrottle(lambda: next(seconds) * 10.0)
    first, then = MANY[:ROUTINE_AT_ONCE], MANY[ROUTINE_AT_ONCE : 2 * ROUTINE_AT_ONCE]
    for one in (*first, *then):
        routine.choose({one: stands(one, 1)})
    chosen = routine.choose({one: stands(one, 2) for one in (*then, *first)})
    assert chosen == set(first)


def test_one_that_owes_work_is_told_of_the_outcomes_now_and_then() -> None:
    seconds = iter((0.0, 0.0, 1.0, 2.0, 3.0, WORKING_S + 1.0))
    routine = NudgeThrottle(lambda: next(seconds))
    working = stands("a", 1).model_copy(update={"owed": (WorkKind.NOTIFY,)})
    later = [working.model_copy(update={"version": version}) for version in range(2, 6)]
    assert routine.choose({"a": working}) == {"a"}
    assert [routine.choose({"a": one}) for one in later] == [set(), set(), set(), {"a"}]


def test_one_that_is_done_with_its_work_is_told_at_once() -> None:
    routine = NudgeThrottle()
    working = stands("a", 1).model_copy(update={"owed": (WorkKind.NOTIFY,)})
    assert routine.choose({"a": working}) == {"a"}
    assert routine.choose({"a": stands("a", 2)}) == {"a"}


def test_live_incidents_are_told_before_exercises() -> None:
    standings = {one: stands(one, 1) for one in MANY}
    drills = set(MANY[::2])
    for one in drills:
        standings[one] = standings[one].model_copy(update={"mode": Mode.EXERCISE})
    in_order = live_first(MANY, standings)
    assert set(in_order[-len(drills) :]) == drills
    assert sorted(in_order) == sorted(MANY)


def test_what_room_there_is_for_routine_goes_to_live_incidents_first() -> None:
    seconds = iter((0.0, 0.0, 1_000.0))
    routine = NudgeThrottle(lambda: next(seconds))
    drills = [f"drill {number}" for number in range(ROUTINE_AT_ONCE)]
    before = {one: stands(one, 1) for one in (*drills, *MANY[:4])}
    before |= {one: before[one].model_copy(update={"mode": Mode.EXERCISE}) for one in drills}
    routine.choose(before)
    after = {one: stood.model_copy(update={"version": 2}) for one, stood in before.items()}
    assert set(MANY[:4]) <= routine.choose(after)
