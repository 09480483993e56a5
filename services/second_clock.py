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

from eventstore.failures import LogUnavailable, Overloaded
from projections.late import Late, late

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from domain.incident.outstanding import NextDeadline, Standing
    from eventstore.log import Log

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
    late: Late
    at: float


class SecondClock:
    """Lets pass what is late, live incidents first."""

    def __init__(
        self,
        log: Log,
        standing: Callable[[str], Awaitable[Standing]],
        let_pass: Callable[[str, NextDeadline], Awaitable[object]],
    ) -> None:
        self._log = log
        self._standing = standing
        self._let_pass = let_pass
        self._free = asyncio.Semaphore(AT_ONCE_MAX)
        self._taken_up: dict[str, _TakenUp] = {}
        self._passed = 0
        self._said_at = 0.0

    async def run(self) -> None:
        """Look for what is late, endlessly."""
        while True:
            try:
                found = await late(self._log, GRACE, TAKEN_UP_MAX + len(self._taken_up))
                await asyncio.gather(*map(self._take_up, self._not_taken_up(found)))
            except LogUnavailable as error:
                log_line.warning("the log is away", because=str(error))
            self._tell()
            await asyncio.sleep(LOOK_S)

    def _not_taken_up(self, found: Sequence[Late]) -> list[Late]:
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

    async def _take_up(self, one: Late) -> None:
        async with self._free:
            try:
                deadline = (await self._standing(one.incident)).next_deadline
                if (
                    deadline is not None and deadline.at <= one.deadline_at
                ):  # the log has it so, too
                    await self._let_pass(one.incident, deadline)
                    self._passed += 1
            except (LogUnavailable, Overloaded) as error:
                log_line.warning("a deadline can't pass now", because=type(error).__name__)
            except Exception:
                log_line.exception("a deadline can't pass", incident=one.incident)

    def _tell(self) -> None:
        if self._passed and time.monotonic() - self._said_at >= SAID_EVERY_S:
            log_line.warning("temporal was late, the second clock was not", deadlines=self._passed)
            self._passed, self._said_at = 0, time.monotonic()
