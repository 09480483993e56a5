"""Which incidents have a deadline that came and has not passed, as the view of incidents has it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import asyncpg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.log.log import Log

LATE = """
    SELECT incident_id, version, next_deadline_at FROM muster_view.incidents
    WHERE next_deadline_at <= clock_timestamp() - $1::interval
    ORDER BY mode = 'exercise', next_deadline_at LIMIT $2"""


class LateIncident(NamedTuple):
    """An incident whose earliest armed deadline is in the past."""

    incident: str
    version: int
    deadline_at: datetime


async def late_incidents(log: Log, by: timedelta, limit: int) -> Sequence[LateIncident]:
    """Return incidents that are late, live ones first, then the earliest. Raises LogUnavailable.

    None while the view is being made anew.
    """
    try:
        rows = await log.fetch(LATE, by, limit)
    except (asyncpg.UndefinedColumnError, asyncpg.UndefinedTableError):
        return []
    return [LateIncident(str(row[0]), row[1], row[2]) for row in rows]
