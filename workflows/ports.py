"""The doors out of a workflow: each an activity, called by its name."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import RetryPolicy

from domain.incident.outstanding import NextDeadline, Order, Standing, Work, WorkKind
from domain.values import Value

# These names, and the fields of what goes through, are in the histories of open incidents.
STANDING: Final = "standing"
PASSING: Final = "let_deadline_pass"
HANDS: Final = {
    WorkKind.NOTIFY: "notify",
    WorkKind.DISPATCH: "dispatch",
    WorkKind.RETURN: "give_back",
    WorkKind.EVALUATE: "evaluate",
}
"""Which hand does which work."""

RECORD_TIMEOUT: Final = timedelta(seconds=15)
"""One attempt to read or write the log, also of a very long incident."""

RECORD_RETRY: Final = RetryPolicy(
    initial_interval=timedelta(milliseconds=100), maximum_interval=timedelta(seconds=10)
)
"""For ever: a database that is away comes back."""

WORK_TIMEOUT: Final = timedelta(minutes=2)
"""One attempt at some work."""

WORK_SILENCE: Final = timedelta(seconds=12)
"""After which a worker without a sign of life is taken for lost, and its work given to another."""

WORK_RETRY: Final = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1)
)
"""For ever: the incident says when something is owed no more."""


class Life(Value):
    """What a run begins with. All else it asks the log."""

    incident: str
    hands_queue: str
    """Where the hands take their orders."""


async def standing(life: Life) -> Standing:
    """Ask the log where the incident stands now."""
    found: Standing = await workflow.execute_activity(
        STANDING,
        life.incident,
        result_type=Standing,
        start_to_close_timeout=RECORD_TIMEOUT,
        retry_policy=RECORD_RETRY,
    )
    return found


async def let_deadline_pass(life: Life, deadline: NextDeadline) -> Standing:
    """Say that a deadline came; return where the incident stands after what followed."""
    after: Standing = await workflow.execute_activity(
        PASSING,
        args=[life.incident, deadline],
        result_type=Standing,
        start_to_close_timeout=RECORD_TIMEOUT,
        retry_policy=RECORD_RETRY,
        summary=f"{deadline.command.deadline}/{deadline.command.subject}",
    )
    return after


async def carry_out(life: Life, work: Work) -> int:
    """Have some work done; return the incident's version after it."""
    version: int = await workflow.execute_activity(
        HANDS[work.kind],
        Order(incident=life.incident, subject=work.subject),
        result_type=int,
        task_queue=life.hands_queue,
        start_to_close_timeout=WORK_TIMEOUT,
        heartbeat_timeout=WORK_SILENCE,
        retry_policy=WORK_RETRY,
        summary=work.key,
    )
    return version
