"""What a follower makes of a run, and what people are shown of it."""

from __future__ import annotations

import math

import pytest
from temporalio.api.enums.v1 import WorkflowExecutionStatus as Status

from eventstore.queries.reconciliations import STALE_S, Comparison
from services.follower.executions import Run
from services.follower.workflow_faults import BEGUN, INFORMED, REPLACED, Fault, Place
from services.local.health import BAD, COMPARES_WITHIN_S, GOOD, WARN, workflow_line

OURS, OLDER, NEWER, ELSEWHERE = "ours", "older", "newer", "elsewhere"
VERSION = 5
SOUND = Run("incident", "run", OURS, VERSION, Status.WORKFLOW_EXECUTION_STATUS_RUNNING)
OLD = SOUND._replace(version=VERSION - 1, queue=OLDER)
NEW = SOUND._replace(version=VERSION + 1, queue=NEWER)
OF_OTHER_SETTINGS = SOUND._replace(queue=ELSEWHERE)
ENDED = SOUND._replace(status=Status.WORKFLOW_EXECUTION_STATUS_TERMINATED)


def at(*attended: str) -> Place:
    return Place(VERSION, OURS, dict.fromkeys(attended, True))


@pytest.mark.parametrize(
    ("run", "attended", "fault"),
    [
        (SOUND, (OURS,), None),
        (SOUND, (), Fault.UNATTENDED),
        (None, (), Fault.MISSING),
        (ENDED, (OURS,), Fault.ENDED),
        (SOUND._replace(is_failing=True), (OURS,), Fault.STUCK),
        (SOUND._replace(is_paused=True), (OURS,), Fault.PAUSED),
        (OLD, (OURS, OLDER), Fault.OUTDATED),
        (OLD, (OURS,), Fault.OUTDATED),
        (OLD, (), Fault.UNATTENDED),
        (OLD, (OLDER,), None),
        (OLD._replace(is_failing=True), (OLDER,), Fault.STUCK),
        (NEW, (OURS, NEWER), None),
        (NEW, (OURS,), Fault.NEWER),
        (NEW._replace(is_failing=True, is_paused=True), (OURS, NEWER), None),
        (OF_OTHER_SETTINGS, (OURS, ELSEWHERE), None),
        (OF_OTHER_SETTINGS, (OURS,), Fault.MISPLACED),
        (OF_OTHER_SETTINGS, (), Fault.UNATTENDED),
    ],
)
def test_a_run_that_moves_is_left_alone_and_each_fault_has_its_name(
    run: Run | None, attended: tuple[str, ...], fault: Fault | None
) -> None:
    assert at(*attended).diagnose(run) == fault


def test_each_fault_is_mended_in_one_way_or_by_people() -> None:
    mended = [*BEGUN, *REPLACED, *INFORMED]
    assert len(mended) == len(set(mended))
    assert set(Fault) - set(mended) == {Fault.NEWER, Fault.UNATTENDED}


@pytest.mark.parametrize(
    ("compared", "follower_up_s", "state", "colour"),
    [
        (None, math.inf, "not compared", WARN),
        (Comparison(2, 2, {}), 1.0, "moving", GOOD),
        (Comparison(2, 1, {"missing": 1}), 1.0, "standing still", BAD),
        (Comparison(2, 2, {}, STALE_S + 1), 1.0, "not compared", WARN),
        (Comparison(2, 2, {}, STALE_S + 1), COMPARES_WITHIN_S + 1, "not compared", BAD),
    ],
)
def test_people_are_shown_whether_workflows_move(
    compared: Comparison | None, follower_up_s: float, state: str, colour: str
) -> None:
    line = workflow_line(compared, follower_up_s)
    assert (line.state, line.colour) == (state, colour)


def test_a_fault_is_named_with_how_many_have_it() -> None:
    found = Comparison(12, 10, {"stuck": 3, "missing": 2}, 4.0)
    assert workflow_line(found, math.inf).what == (
        "10 of 12 open incidents have a running workflow, 2 missing, 3 stuck, compared 4 s ago"
    )
