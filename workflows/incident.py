"""An incident's life: it follows the log, keeps the clock, and sets the hands to work.

It decides no rule. What is so, what is due and what is owed it reads from the log as a `Standing`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from temporalio import workflow

from domain.incident.outstanding import NextDeadline, Standing
from domain.incident.outstanding import standing as where
from domain.incident.state import NOTHING_YET
from domain.values import Phase
from workflows import operators, ports
from workflows.alarm import Alarm
from workflows.hands import Hands
from workflows.ports import Life

LAST_WORK: Final = timedelta(minutes=1)
"""How long what is under way may go on once the incident is over."""

HISTORY_EVENTS_MAX: Final = 20_000
HISTORY_BYTES_MAX: Final = 20 * 1024 * 1024
"""Where a run ends though work is under way; Temporal's own ends are at 51,200 and 50 MiB."""


@workflow.defn(name="Incident")
class IncidentWorkflow:
    """One incident, from the first word of it to its close."""

    @workflow.init
    def __init__(self, life: Life) -> None:
        self._life = life
        self._standing = where(life.incident, NOTHING_YET, 0)
        self._heard = 0
        self._asked = -1
        """The log was asked when this version was heard of, or answered with it."""
        self._passed: NextDeadline | None = None
        self._alarm = Alarm()
        self._hands = Hands(life, self.advanced)

    @workflow.run
    async def run(self, life: Life) -> Phase | None:  # noqa: ARG002 - as `workflow.init` wants it
        """Live through the phases that the log tells of; return the one it ended in."""
        await self.unknown()
        await self.warning()
        await self.response()
        await self.aftermath()
        await self._hands.finish(LAST_WORK)
        return self._standing.phase

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

    @workflow.signal
    def advanced(self, version: int) -> None:
        """Hear how far the incident's log is. May come twice, late, or for many at once."""
        self._heard = max(self._heard, version)

    @workflow.query
    def standing(self) -> Standing:
        """Return where the incident stands, as far as this workflow knows."""
        return self._standing

    async def _live_in(self, *phases: Phase | None) -> None:
        while self._standing.phase in phases:
            await workflow.wait_condition(lambda: self._has_news or self._alarm.rang)
            self._attend(await self._whatever_came())

    async def _whatever_came(self) -> Standing:
        if deadline := self._due():
            self._passed, self._asked = deadline, self._heard
            return await ports.let_deadline_pass(self._life, deadline)
        if self._has_news:
            self._asked, self._passed = self._heard, None  # what could not pass is tried again
            return await ports.standing(self._life)
        return self._standing  # what the alarm was set for was answered in time

    @property
    def _has_news(self) -> bool:
        return self._heard > self._asked

    def _due(self) -> NextDeadline | None:
        deadline = self._standing.next_deadline
        came = deadline is not None and deadline.at <= workflow.now()
        return deadline if came and deadline != self._passed else None

    def _attend(self, standing: Standing) -> None:
        """See to what stands: the clock, the work, what operators are shown."""
        self._standing = standing
        self._asked = max(self._asked, standing.version)
        self._begin_anew_if_long()
        self._hands.take_on(standing.outstanding)
        operators.show(standing)
        deadline = standing.next_deadline
        if deadline is not None and deadline == self._passed:  # never in a circle
            workflow.logger.error("this deadline has passed and is still armed: %s", deadline)
            deadline = None
        self._alarm.set_for(None if deadline is None else deadline.at)

    def _begin_anew_if_long(self) -> None:
        """Go on in a new run when this one's history is long, if possible between two works.

        The new run asks the log, and takes on again what was under way; its hands notice.
        """
        here = workflow.info()
        long = (
            here.get_current_history_length() > HISTORY_EVENTS_MAX
            or here.get_current_history_size() > HISTORY_BYTES_MAX
        )
        if long or (here.is_continue_as_new_suggested() and not self._hands.are_busy):
            workflow.continue_as_new(self._life)
