"""What is late: the oldest deadline that is armed and in the past, the oldest work still owed.

Read from the view of incidents, and never better than it is: what the view has not seen may hide a
deadline that is as late as the oldest unseen event is old, so at least that is said. A follower
that is dead, or a view that has stopped or is being made anew, shows as late, not as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

import asyncpg

from domain.values import Mode
from eventstore.log.log import Log
from projections.views.incidents import VIEW

PLACE = """
    SELECT clock_timestamp() AS now, coalesce(c.shape = $1, false) AS fits,
           (SELECT e.recorded_at FROM muster.event e
            WHERE e.position > CASE WHEN c.shape = $1 THEN c.position ELSE 0 END
            ORDER BY e.position LIMIT 1) AS unseen_since
    FROM (VALUES (1)) AS one LEFT JOIN muster_view.checkpoint c ON c.view = $2"""
LATE = """
    SELECT mode, min(next_deadline_at) AS since, count(*) AS incidents,
           (array_agg(incident_id || ' ' || next_deadline ORDER BY next_deadline_at))[1] AS which
    FROM muster_view.incidents WHERE next_deadline_at <= $1 GROUP BY mode"""
OWED = """
    SELECT mode, min(owed_since) AS since, count(*) AS incidents,
           (array_agg(incident_id || ' ' || owed ORDER BY owed_since))[1] AS which
    FROM muster_view.incidents WHERE owed_since IS NOT NULL GROUP BY mode"""


class Age(NamedTuple):
    """How old the oldest of something is, at least."""

    seconds: float = 0.0
    incidents: int = 0
    """How many have any."""
    which: str = ""
    """The incident and what it is; empty where the view has not seen it."""


class Overdue(NamedTuple):
    """What is late."""

    unseen_seconds: float
    """How old the oldest event is that the view has not seen; 0 if it has seen all."""
    deadlines: Mapping[Mode, Age]
    """By how much the oldest armed deadline is in the past."""
    owed: Mapping[Mode, Age]
    """Since when the oldest work is owed."""


async def look(log: Log) -> Overdue:
    """See what is late now, by the database's clock. Raises LogUnavailable."""
    place = (await log.fetch(PLACE, VIEW.shape, VIEW.name))[0]
    now, unseen_since = place["now"], place["unseen_since"]
    unseen = timedelta() if unseen_since is None else now - unseen_since
    late = await _ages(log, LATE, now, now) if place["fits"] else {}
    owed = await _ages(log, OWED, now) if place["fits"] else {}
    return Overdue(
        unseen.total_seconds(),
        {mode: _at_least(unseen, late.get(mode, Age())) for mode in Mode},
        {mode: _at_least(unseen, owed.get(mode, Age())) for mode in Mode},
    )


async def _ages(log: Log, query: str, now: datetime, *arguments: object) -> dict[Mode, Age]:
    try:
        rows = await log.fetch(query, *arguments)
    except (asyncpg.UndefinedColumnError, asyncpg.UndefinedTableError):
        return {}  # the view was begun again between two questions
    return {
        Mode(row["mode"]): Age((now - row["since"]).total_seconds(), row["incidents"], row["which"])
        for row in rows
    }


def _at_least(unseen: timedelta, age: Age) -> Age:
    hidden = unseen.total_seconds()
    return age if age.seconds >= hidden else age._replace(seconds=hidden, which="")
