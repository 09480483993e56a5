"""Whether deadlines pass and work is done in time, as the health service and metrics say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from domain.values import Mode
from eventstore.postgres.errors import LogUnavailable
from projections.queries import overdue
from services.runtime import metrics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eventstore.log.log import Log
    from projections.queries.overdue import Age
    from services.runtime.settings.settings import Overdue as Bounds

DEADLINES = "muster.v1.Deadlines"
"""How the health service calls whether live incidents' deadlines pass in time."""

OWED_WORK = "muster.v1.OwedWork"
"""How it calls whether live incidents' notifications and other work are done in time."""

log = structlog.get_logger()


class Lateness:
    """Looks at what is late. Commands are served whatever it finds."""

    def __init__(self, store: Log, bounds: Bounds) -> None:
        self._store = store
        self._bounds = {
            DEADLINES: bounds.deadline_seconds,
            OWED_WORK: bounds.owed_seconds,
        }
        self._well = dict.fromkeys(self._bounds, True)

    async def look(self) -> Mapping[str, bool]:
        """Return what is in time, by its name in the health service; nothing if nobody can tell."""
        try:
            seen = await overdue.look(self._store)
        except LogUnavailable:
            metrics.show(None)
            return dict.fromkeys(self._bounds, False)
        metrics.show(seen)
        self._judge(DEADLINES, seen.deadlines[Mode.LIVE])
        self._judge(OWED_WORK, seen.owed[Mode.LIVE])
        return dict(self._well)

    def _judge(self, name: str, age: Age) -> None:
        """See whether something is in time, and log it when that changes."""
        in_time = age.seconds <= self._bounds[name]
        if in_time != self._well[name]:
            tell = log.info if in_time else log.error
            tell("in_time_again" if in_time else "late", what=name, seconds=round(age.seconds, 1),
                 incidents=age.incidents, which=age.which)  # fmt: skip
        self._well[name] = in_time
