"""Acknowledged divergences, with who answers for each: what ends a lineage and begins the next."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from eventstore.divergence.alarms import ACKNOWLEDGEMENT, clear_alarms, raise_alarm
from eventstore.divergence.write_gate import readable
from eventstore.postgres.retry import with_retry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from domain.record.divergence import Diverged
    from eventstore.postgres.connection import Connection, Pool

ACKNOWLEDGEMENTS = """
    SELECT type, schema_version, data, meta, position, recorded_at FROM muster.event
    WHERE stream >= 'log/' AND stream < 'log0' ORDER BY position"""


class Acknowledged(NamedTuple):
    """A divergence that was acknowledged, as the log has it."""

    divergence: str
    what: Diverged
    position: int
    """Of the acknowledgement."""
    actor: str
    reason: str
    recorded_at: datetime


async def acknowledgements(pool: Pool) -> Sequence[Acknowledged]:
    """Return what was acknowledged so far, oldest first, as far as it can be read."""
    rows = await with_retry(pool, lambda lent: lent.fetch(ACKNOWLEDGEMENTS))
    found: list[Acknowledged] = []
    for kind, schema_version, data, meta, position, recorded_at in rows:
        if fact := readable(kind, schema_version, data):
            said = json.loads(meta)
            who, why = str(said.get("actor", "")), str(said.get("reason") or "")
            found.append(Acknowledged(fact.divergence, fact.what, position, who, why, recorded_at))
    return found


async def report_unreadable(connection: Connection) -> None:
    """Raise an alarm if an acknowledgement in the log can't be read, and end it if all can."""
    rows = await connection.fetch(ACKNOWLEDGEMENTS)
    unreadable = [
        row["position"]
        for row in rows
        if readable(row["type"], row["schema_version"], row["data"]) is None
    ]
    if unreadable:
        says = (
            f"the acknowledgement at position {unreadable[0]} can't be read: it counts for nothing"
        )
        await raise_alarm(connection, ACKNOWLEDGEMENT, says)
    else:
        await clear_alarms(connection, ACKNOWLEDGEMENT)
