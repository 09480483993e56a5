"""The doors out of a workflow: each an activity, called by its name."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import FailureError, is_cancelled_exception

from domain.incident.obligations.obligations import NextDeadline, WorkflowView
from domain.values import Mode, Value

# These names, and the fields of what goes through, are in the histories of open incidents.
STANDING: Final = "standing"
PASSING: Final = "let_deadline_pass"
WORK: Final = "work"

QUICK_TIMEOUT: Final = timedelta(seconds=4)
"""For reading or writing the log within a workflow task, which lasts 10 s at most."""

QUICK_RETRY: Final = RetryPolicy(maximum_attempts=1)
"""Once: what did not go well within the workflow task is left to Temporal, and costs the history
nothing however often it is tried."""

RECORD_TIMEOUT: Final = timedelta(seconds=15)
"""One attempt to read or write the log, also of a very long incident."""

RECORD_RETRY: Final = RetryPolicy(
    initial_interval=timedelta(milliseconds=100), maximum_interval=timedelta(seconds=10)
)
"""For ever: a database that is away comes back."""

WORK_TIMEOUT: Final = timedelta(minutes=30)
"""A stint, and the end of what was begun in it."""

WORK_SILENCE: Final = timedelta(seconds=12)
"""After which a worker without a sign of life is taken for lost, and its work given to another."""

WORK_RETRY: Final = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=10)
)
"""For ever: the incident says when nothing is owed any more."""

LIVE_CLOCK: Final = Priority(priority_key=1)
LIVE_WORK: Final = Priority(priority_key=2)
EXERCISE_CLOCK: Final = Priority(priority_key=4)
EXERCISE_WORK: Final = Priority(priority_key=5)
"""Emergencies before exercises in every queue, and deadlines before work."""


class WorkflowInput(Value):
    """What a run begins with. All else it asks the log."""

    incident: str
    hands_queue: str
    """Where the work is done."""


def clock_priority(mode: Mode) -> Priority:
    """Return how urgent an incident's workflow is, and what it asks of the log."""
    return LIVE_CLOCK if mode is Mode.LIVE else EXERCISE_CLOCK


async def standing(life: WorkflowInput, mode: Mode) -> WorkflowView:
    """Ask the log where the incident stands now."""
    return await _ask_the_log(STANDING, [life.incident], mode, "")


async def let_deadline_pass(
    life: WorkflowInput, mode: Mode, deadline: NextDeadline
) -> WorkflowView:
    """Say that a deadline came; return where the incident stands after what followed."""
    summary = f"{deadline.command.deadline}/{deadline.command.subject}"
    return await _ask_the_log(PASSING, [life.incident, deadline], mode, summary)


async def work(life: WorkflowInput, mode: Mode) -> WorkflowView:
    """Have the incident's work done while any is owed; return where the incident stands then."""
    after: WorkflowView = await workflow.execute_activity(
        WORK,
        life.incident,
        result_type=WorkflowView,
        task_queue=life.hands_queue,
        start_to_close_timeout=WORK_TIMEOUT,
        heartbeat_timeout=WORK_SILENCE,
        retry_policy=WORK_RETRY,
        priority=LIVE_WORK if mode is Mode.LIVE else EXERCISE_WORK,
    )
    return after


async def _ask_the_log(name: str, args: list[object], mode: Mode, summary: str) -> WorkflowView:
    """Ask within the workflow task, and through Temporal if that did not go well.

    The first costs Temporal half as much; the second outlasts a log that is away.
    """
    found: WorkflowView
    try:
        found = await workflow.execute_local_activity(
            name,
            args=args,
            result_type=WorkflowView,
            start_to_close_timeout=QUICK_TIMEOUT,
            retry_policy=QUICK_RETRY,
            summary=summary or None,
        )
    except FailureError as error:  # as it is: what fails here is not wrapped
        if is_cancelled_exception(error):
            raise
        found = await workflow.execute_activity(
            name,
            args=args,
            result_type=WorkflowView,
            start_to_close_timeout=RECORD_TIMEOUT,
            retry_policy=RECORD_RETRY,
            priority=clock_priority(mode),
            summary=summary or None,
        )
    return found
