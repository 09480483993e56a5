"""A second clock: lets a deadline pass when Temporal's timer is late.

Temporal keeps the deadlines. When a thousand come at one moment it takes half a minute of both
cores to say so, while the log takes them in a second. So each worker looks at the view for
deadlines that are late, and says itself what Temporal has not said. Both say the same under the
same id: it is recorded once.
"""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog

from eventstore.postgres.errors import LogUnavailable, Overloaded
from eventstore.queries.second_clock import SecondClockActs
from projections.queries.late_incidents import LateIncident, late_incidents
from services.runtime.clocks import clocks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from domain.incident.obligations.obligations import NextDeadline, WorkflowView
    from eventstore.log.log import Log

GRACE: Final = timedelta(seconds=0.5)
"""How late Temporal may be; it is 0.05 s late at the median."""

LOOK_S: Final = 0.25
"""Between two looks at the view."""

TAKEN_UP_MAX: Final = 256
"""Late incidents that are taken up before the next look: an emergency waits for no more."""

AT_ONCE_MAX: Final = 32
"""Incidents whose deadlines are recorded at once."""

AGAIN_S: Final = 10.0
"""Before an incident is taken up again that is late as it was."""

SAID_EVERY_S: Final = 10.0
"""How often it is logged that Temporal is late."""

log_line = structlog.get_logger()


class _TakenUp(NamedTuple):
    late: LateIncident
    at: float


class SecondClock:
    """Lets pass what is late, live incidents first."""

    def __init__(
        self,
        log: Log,
        standing: Callable[[str], Awaitable[WorkflowView]],
        let_pass: Callable[[str, NextDeadline], Awaitable[WorkflowView]],
        show: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._log = log
        self._standing = standing
        self._let_pass = let_pass
        self._show = show
        """Counts a deadline that passed so many seconds late."""
        self._acts = SecondClockActs(log)
        self._free = asyncio.Semaphore(AT_ONCE_MAX)
        self._taken_up: dict[str, _TakenUp] = {}
        self._late_s: list[float] = []
        """By how much was late what passed since that was last said."""
        self._said_at = 0.0

    async def run(self) -> None:
        """Look for what is late, endlessly."""
        while True:
            try:
                found = await late_incidents(self._log, GRACE, TAKEN_UP_MAX + len(self._taken_up))
                await asyncio.gather(*map(self._take_up, self._not_taken_up(found)))
                await self._tell()
            except LogUnavailable as error:
                log_line.warning("the log is away", because=str(error))
            await asyncio.sleep(LOOK_S)

    def _not_taken_up(self, found: Sequence[LateIncident]) -> list[LateIncident]:
        """Leave out what was taken up a moment ago, and the view has not seen the outcome of."""
        since = time.monotonic() - AGAIN_S
        self._taken_up = {key: one for key, one in self._taken_up.items() if one.at > since}
        new = [
            one
            for one in found
            if one.incident not in self._taken_up or self._taken_up[one.incident].late != one
        ][:TAKEN_UP_MAX]
        now = time.monotonic()
        self._taken_up |= {one.incident: _TakenUp(one, now) for one in new}
        return new

    async def _take_up(self, one: LateIncident) -> None:
        async with self._free:
            try:
                deadline = (await self._standing(one.incident)).next_deadline
                if deadline and deadline.at <= one.deadline_at:  # the log has it so, too
                    after = (await self._let_pass(one.incident, deadline)).next_deadline
                    if after is None or after.command != deadline.command:
                        self._passed((clocks.now() - deadline.at).total_seconds())
            except (LogUnavailable, Overloaded) as error:
                log_line.warning("a deadline can't pass now", because=type(error).__name__)
            except Exception:
                log_line.exception("a deadline can't pass", incident=one.incident)

    def _passed(self, late_s: float) -> None:
        self._late_s.append(late_s)
        self._show(late_s)

    async def _tell(self) -> None:
        """Log and keep what passed, now and then. Raises LogUnavailable."""
        late_s = self._late_s
        if late_s and time.monotonic() - self._said_at >= SAID_EVERY_S:
            await self._acts.keep(len(late_s), max(late_s))
            log_line.warning(
                "temporal was late, the second clock was not",
                deadlines=len(late_s),
                late_s=round(max(late_s), 3),
            )
            self._late_s, self._said_at = [], time.monotonic()
