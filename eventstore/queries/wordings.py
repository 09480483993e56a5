"""What tasks and notices say, by an index: an incident's stream is not read for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from domain.decider import decode
from domain.incident.decider import INCIDENTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from domain.values import Event
    from eventstore.log.log import Log

# In the words of the index `event_wording`, or PostgreSQL would read the whole stream.
READ: Final = """
    SELECT asked.stream, asked.type, asked.subject, said.schema_version, said.data
    FROM unnest($1::text[], $2::text[], $3::text[]) AS asked (stream, type, subject)
    CROSS JOIN LATERAL (
        SELECT e.schema_version, e.data FROM muster.event e
        WHERE e.stream = asked.stream AND e.type = asked.type
            AND e.type IN ('TaskAssigned', 'NoticeDrafted')
            AND split_part(e.data::text, '"', 4) = asked.subject
        ORDER BY e.version LIMIT 1) AS said"""


class Wording(NamedTuple):
    """Which fact is sought: the first of a type about a task or a notice of an incident."""

    incident: str
    type: str
    """TaskAssigned or NoticeDrafted: the index has no others."""
    subject: str
    """The id of the task or the notice."""


async def read_wordings(log: Log, sought: Sequence[Wording]) -> Mapping[Wording, Event]:
    """Return those of the facts that are in the log. Raises LogUnavailable."""
    streams = [INCIDENTS.stream(one.incident) for one in sought]
    types, subjects = [one.type for one in sought], [one.subject for one in sought]
    rows = await log.fetch(READ, streams, types, subjects)
    found: dict[Wording, Event] = {}
    for stream, kind, subject, schema_version, data in rows:
        incident = stream.removeprefix(INCIDENTS.stream(""))
        found[Wording(incident, kind, subject)] = decode(INCIDENTS, kind, schema_version, data)
    return found
