"""Who had access to a case, as the log has it; and what of it the log could not take yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from domain.decider import CommandEnvelope
from domain.record.case_access import ReadCase
from domain.values import Actor, Role
from eventstore.log.events import StoredEvent
from eventstore.log.subscription import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.log.log import Log

ACCESSES = f"""
    WITH its AS MATERIALIZED (
        SELECT opened.recorded_at AS since, (
            SELECT last.position FROM muster.event last WHERE last.stream = opened.stream
            ORDER BY last.version DESC LIMIT 1) AS until
        FROM muster.event opened WHERE opened.stream = 'incident/' || $1 AND opened.version = 1
    ), found AS MATERIALIZED (
        SELECT {COLUMNS} FROM muster.event WHERE stream = 'reading/' || $1 AND type = 'CaseRead'
        UNION ALL
        SELECT {COLUMNS} FROM muster.event
        WHERE stream = 'reading/log' AND type = 'CaseRead'
            AND (data ->> 'until')::timestamptz >= (SELECT its.since FROM its)
            AND (data ->> 'after')::bigint < (SELECT its.until FROM its)
            AND (data ->> 'venues' IS NULL OR $2 IN (
                SELECT json_array_elements_text(data -> 'venues')))
        UNION ALL
        SELECT {COLUMNS} FROM muster.event
        WHERE stream >= 'disclosure/' AND stream < 'disclosure0' AND type = 'PersonalDataDisclosed'
            AND data ->> 'incident' = $1
        UNION ALL
        SELECT {COLUMNS} FROM muster.event
        WHERE stream >= 'export/' AND stream < 'export0' AND type = 'CaseExported'
            AND data ->> 'incident' = $1
    )
    SELECT * FROM found WHERE position > $3 ORDER BY position LIMIT $4"""  # noqa: S608 - our columns

OWE = """
    INSERT INTO muster.owed_reading (command_id, incident, command, actor, roles, reason, read_at)
    SELECT $1, $2, $3, $4, $5, $6, $7 WHERE (
        SELECT count(*) FROM muster.owed_reading o
        WHERE o.actor = $4 AND o.incident IS NOT DISTINCT FROM $2) < $8
    ON CONFLICT DO NOTHING"""
IS_OWED = "SELECT EXISTS (SELECT FROM muster.owed_reading WHERE command_id = $1)"
OWED = """
    SELECT command_id, command, actor, roles, reason, read_at FROM muster.owed_reading
    WHERE $1::text IS NULL OR incident = $1 OR incident IS NULL ORDER BY read_at LIMIT $2"""
SETTLE = "DELETE FROM muster.owed_reading WHERE command_id = $1"

OWED_MAX = 500
"""Readings that are read at a time."""


class Case(NamedTuple):
    """A case by its id, and where it happened."""

    incident: str
    venue: str


async def accesses(log: Log, case: Case, after: int, limit: int) -> Sequence[StoredEvent]:
    """Return who read a case, exported it or was shown personal data of it, in the log's order.

    What was read of the whole log counts if the case had events in what was asked for. Raises
    LogUnavailable.
    """
    rows = await log.fetch(ACCESSES, case.incident, case.venue, after, limit)
    return [StoredEvent.of(row) for row in rows]


async def owe(log: Log, asked: CommandEnvelope, most: int) -> bool:
    """Keep a reading that the log does not take now; False if its reader owes too many of them.

    Raises LogUnavailable.
    """
    ask = asked.command
    assert isinstance(ask, ReadCase), ask  # noqa: S101 - the only command
    about = (asked.command_id, ask.incident, ask.model_dump_json())
    by = (asked.actor.id, sorted(asked.actor.roles), asked.reason, asked.occurred_at)
    await log.fetch(OWE, *about, *by, most)
    return bool((await log.fetch(IS_OWED, asked.command_id))[0][0])


async def owed(log: Log, incident: str | None = None) -> Sequence[CommandEnvelope]:
    """Return readings that are not in the log yet, oldest first; of one case if it is named.

    Those of the whole log are of every case. Raises LogUnavailable.
    """
    return [
        CommandEnvelope(
            ReadCase.model_validate_json(row["command"]),
            row["command_id"],
            Actor(row["actor"], frozenset(map(Role, row["roles"]))),
            occurred_at=row["read_at"],
            reason=row["reason"],
        )
        for row in await log.fetch(OWED, incident, OWED_MAX)
    ]


async def settle(log: Log, asked: CommandEnvelope) -> None:
    """Forget a reading that is in the log now. Raises LogUnavailable."""
    await log.fetch(SETTLE, asked.command_id)
