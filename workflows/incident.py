"""An incident's life: it follows the log, keeps the clock, and has the work done.

It decides no rule. What is so, what is due and whether anything is owed it reads from the log as a
`WorkflowView`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from temporalio import workflow

from domain.incident.obligations.obligations import NextDeadline, WorkflowView
from domain.incident.obligations.obligations import workflow_view as where
from domain.incident.state.incident import NOTHING_YET
from domain.values import Phase
from workflows import ports, search_attributes
from workflows.activity_tracker import ActivityTracker
from workflows.deadline_timer import DeadlineTimer
from workflows.ports import WorkflowInput

HISTORY_EVENTS_MAX: Final = 20_000
HISTORY_BYTES_MAX: Final = 20 * 1024 * 1024
"""Where a run ends though work is under way; Temporal's own ends are at 51,200 and 50 MiB."""

AGAIN_FIRST: Final = timedelta(milliseconds=250)
AGAIN_LAST: Final = timedelta(seconds=10)
"""Between two attempts to let a deadline pass that came and is still armed."""


@workflow.defn(name="Incident")
class IncidentWorkflow:
    """One incident, from the first word of it until it is over and nothing is owed any more."""

    @workflow.init
    def __init__(self, life: WorkflowInput) -> None:
        self._life = life
        self._standing = where(life.incident, NOTHING_YET, 0)
        self._heard = 0
        self._asked = -1
        """The log was asked when this version was heard of, or answered with it."""
        self._stuck: NextDeadline | None = None
        """Came, and stayed armed when the log was told."""
        self._again = AGAIN_FIRST
        self._alarm = DeadlineTimer()
        self._work = ActivityTracker(life, self._worked)
        self._came_of_work: list[WorkflowView] = []

    @workflow.run
    async def run(self, life: WorkflowInput) -> Phase | None:  # noqa: ARG002 - as `workflow.init` wants it
        """Live through the phases that the log tells of; return the one it ended in.

        A request to cancel is not obeyed: an incident ends by its own rules, and until then its
        deadlines pass.
        """
        living = asyncio.create_task(self._live())
        while not living.done():
            try:
                await asyncio.shield(living)
            except asyncio.CancelledError:
                workflow.logger.warning("a request to cancel is not obeyed: the incident is open")
        return living.result()

    @workflow.signal
    def advanced(self, version: int) -> None:
        """Hear how far the incident's log is. May come twice, late, or for many at once."""
        self._heard = max(self._heard, version)

    @workflow.query
    def standing(self) -> WorkflowView:
        """Return where the incident stands, as far as this workflow knows."""
        return self._standing

    async def unknown(self) -> None:
        """Follow the log until it knows the incident."""
        await self._live_in(None)

    async def warning(self) -> None:
        """Watch over an alarm or a warning until it escalates or stands down."""
        await self._live_in(Phase.NORMAL, Phase.WARNING)

    async def response(self) -> None:
        """Keep duties, arrivals and reports going until the response is terminated."""
        await self._live_in(Phase.RESPONSE)

    async def aftermath(self) -> None:
        """Evaluate and settle until the incident is closed."""
        await self._live_in(Phase.AFTERMATH)

    async def last_work(self) -> None:
        """Go on until what is still owed was done, or is known to have failed."""
        await self._live_while(lambda: bool(self._standing.owed) or self._work.is_under_way)

    async def _live(self) -> Phase | None:
        await self.unknown()
        await self.warning()
        await self.response()
        await self.aftermath()
        await self.last_work()
        return self._standing.phase

    async def _live_in(self, *phases: Phase | None) -> None:
        await self._live_while(lambda: self._standing.phase in phases)

    async def _live_while(self, it_is_so: Callable[[], bool]) -> None:
        while it_is_so():
            await workflow.wait_condition(lambda: self._has_news or self._alarm.rang)
            self._attend(await self._whatever_came())

    async def _whatever_came(self) -> WorkflowView:
        if deadline := self._due():
            self._asked = self._heard
            return await self._let_pass(deadline)
        if self._came_of_work:
            return self._standing
        if self._heard > self._asked:
            self._asked = self._heard
            return await ports.standing(self._life, self._standing.mode)
        return self._standing  # what the alarm was set for was answered in time

    @property
    def _has_news(self) -> bool:
        return self._heard > self._asked or bool(self._came_of_work)

    def _due(self) -> NextDeadline | None:
        """Return the deadline that came, when it is time to say so."""
        deadline = self._standing.next_deadline
        return deadline if deadline and self._alarm.rang and _came(deadline) else None

    async def _let_pass(self, deadline: NextDeadline) -> WorkflowView:
        """Say that a deadline came; if it stays armed, say so again after a while, endlessly."""
        asked = deadline.model_copy(update={"asked_at": workflow.now()})
        after = await ports.let_deadline_pass(self._life, self._standing.mode, asked)
        if after.next_deadline != deadline:
            self._stuck = None
        elif self._stuck == deadline:
            self._again = min(2 * self._again, AGAIN_LAST)
        else:
            self._stuck, self._again = deadline, AGAIN_FIRST
        return after

    def _attend(self, standing: WorkflowView) -> None:
        """See to what stands: the clock, the work, what operators are shown."""
        self._standing = standing = max([standing, *self._came_of_work], key=_version)
        self._came_of_work.clear()
        self._asked = max(self._asked, standing.version)
        self._begin_anew_if_long()
        self._work.see_to(standing)
        search_attributes.upsert(standing)
        self._alarm.set_for(self._next_moment())

    def _next_moment(self) -> datetime | None:
        deadline = self._standing.next_deadline
        if deadline is None:
            return None
        return workflow.now() + self._again if deadline == self._stuck else deadline.at

    def _worked(self, after: WorkflowView | None) -> None:
        """Hear how the incident stands after the work; if that is not known, the log is asked."""
        if after is None:
            self._asked = -1
        else:
            self._came_of_work.append(after)

    def _begin_anew_if_long(self) -> None:
        """Go on in a new run when this one's history is long, if possible while nobody works.

        The new run asks the log, and has the work gone on with.
        """
        here = workflow.info()
        long = (
            here.get_current_history_length() > HISTORY_EVENTS_MAX
            or here.get_current_history_size() > HISTORY_BYTES_MAX
        )
        if long or (here.is_continue_as_new_suggested() and not self._work.is_under_way):
            workflow.continue_as_new(self._life)


def _version(standing: WorkflowView) -> int:
    return standing.version


def _came(deadline: NextDeadline) -> bool:
    return deadline.at <= workflow.now()
