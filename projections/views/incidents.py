"""The incidents as a list shows them: one row each, as its facts fold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from domain.decider import Versioned
from domain.incident.decider import INCIDENTS
from domain.incident.obligations.deadlines import first_armed
from domain.incident.state.incident import Incident
from domain.values import Phase
from eventstore.log.events import StoredEvent
from eventstore.postgres.connection import Lent
from projections.stateful import Folding, key_of
from projections.view import Apply, View
from projections.views.pending_work import Order, Orders

TABLE = """
    CREATE TABLE {table} (
        incident_id   text        COLLATE "C" PRIMARY KEY,
        version       bigint      NOT NULL,
        position      bigint      NOT NULL,
        phase         text        COLLATE "C" NOT NULL,
        venue         text        COLLATE "C" NOT NULL,
        hazard        text        COLLATE "C" NOT NULL,
        plan_id       text        COLLATE "C" NOT NULL,
        plan_version  bigint      NOT NULL,
        plan_hash     text        COLLATE "C" NOT NULL,
        mode          text        COLLATE "C" NOT NULL,
        level         smallint,
        warning       text        COLLATE "C",
        opened_at     timestamptz NOT NULL,
        changed_at    timestamptz NOT NULL,
        ended_at      timestamptz,
        commander     text        COLLATE "C",
        open_tasks    int         NOT NULL,
        overdue_tasks int         NOT NULL,
        next_deadline_at timestamptz,
        next_deadline text        COLLATE "C",
        owed_since    timestamptz,
        owed          text        COLLATE "C"
    );
    CREATE INDEX ON {table} (next_deadline_at) WHERE next_deadline_at IS NOT NULL;
    CREATE INDEX ON {table} (owed_since) WHERE owed_since IS NOT NULL;
    CREATE INDEX ON {table} (opened_at DESC, incident_id);
    CREATE INDEX ON {table} (venue, phase)"""

KEEP = """
    INSERT INTO {table} AS was SELECT * FROM unnest(
        $1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::bigint[], $9::text[], $10::text[], $11::smallint[], $12::text[], $13::timestamptz[],
        $14::timestamptz[], $15::timestamptz[], $16::text[], $17::int[], $18::int[],
        $19::timestamptz[], $20::text[], $21::timestamptz[], $22::text[])
    ON CONFLICT (incident_id) DO UPDATE SET
        version = excluded.version, position = excluded.position, phase = excluded.phase,
        venue = excluded.venue, hazard = excluded.hazard, plan_id = excluded.plan_id,
        plan_version = excluded.plan_version, plan_hash = excluded.plan_hash,
        mode = excluded.mode, level = excluded.level, warning = excluded.warning,
        changed_at = excluded.changed_at, ended_at = coalesce(was.ended_at, excluded.ended_at),
        commander = excluded.commander, open_tasks = excluded.open_tasks,
        overdue_tasks = excluded.overdue_tasks, next_deadline_at = excluded.next_deadline_at,
        next_deadline = excluded.next_deadline, owed_since = excluded.owed_since,
        owed = excluded.owed"""
"""All rows of a page at once: one by one each takes several times as long, on both sides."""
COMMAND_POST = """
    SELECT data #>> '{plan,command,post}' FROM muster.event
    WHERE stream = 'plan/' || $1 AND data #>> '{ref,hash}' = $2
    ORDER BY version DESC LIMIT 1"""

OVER = frozenset(phase for phase in Phase if phase.is_over)


class IncidentRow(NamedTuple):
    """An incident in a list. Times are those at which things happened."""

    incident_id: str
    version: int
    position: int
    phase: str
    venue: str
    hazard: str
    plan_id: str
    plan_version: int
    plan_hash: str
    mode: str
    level: int | None
    warning: str | None
    """The colour of the warning in force."""
    opened_at: datetime
    changed_at: datetime
    ended_at: datetime | None
    commander: str | None
    """Who holds the post that commands, by the plan."""
    open_tasks: int
    overdue_tasks: int
    next_deadline_at: datetime | None
    """When the earliest armed deadline is due; in the past while it has not passed."""
    next_deadline: str | None
    """Which it is: `<kind>/<subject>`."""
    owed_since: datetime | None
    """When the oldest work that is still owed was ordered."""
    owed: str | None
    """Which it is: `<kind>/<subject>`."""


def begin(table: str) -> Apply:
    """Start with no incident remembered."""
    folding, posts, keep = Folding(INCIDENTS), _CommandPosts(), KEEP.format(table=table)
    orders = Orders()

    async def apply(connection: Lent, events: Sequence[StoredEvent]) -> None:
        touched: dict[str, _Touched] = {}
        for event in events:
            if taken := await folding.take(connection, event):
                _, known = taken
                await orders.take(connection, event, known.version)
                before = touched.get(event.stream) or _Touched(event, event, known)
                ended = event if known.state.phase in OVER else None
                touched[event.stream] = _Touched(before.first, event, known, before.ended or ended)
        rows = [
            _row(one, await posts.of(connection, one.known.state), orders.oldest(stream, one.known))
            for stream, one in touched.items()
        ]
        if rows:
            await connection.execute(keep, *map(list, zip(*rows, strict=True)))

    return apply


class _Touched(NamedTuple):
    """What a page holds of an incident."""

    first: StoredEvent
    last: StoredEvent
    known: Versioned[Incident]
    ended: StoredEvent | None = None


class _CommandPosts:
    """Which post commands, by the hash of a plan."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    async def of(self, connection: Lent, incident: Incident) -> str:
        plan = incident.plan
        if plan is None:
            return ""
        if plan.hash not in self._known:
            post = await connection.fetchval(COMMAND_POST, plan.id, plan.hash)
            self._known[plan.hash] = post or ""
        return self._known[plan.hash]


def _row(touched: _Touched, command_post: str, owed: Order | None) -> IncidentRow:
    incident = touched.known.state
    plan, phase = incident.plan, incident.phase
    assert plan is not None  # noqa: S101 - an incident begins with its plan
    assert phase is not None  # noqa: S101 - and in a phase
    command = incident.posts.get(command_post)
    tasks = incident.tasks.values()
    coming = first_armed(incident)
    return IncidentRow(
        incident_id=key_of(touched.last),
        version=touched.known.version,
        position=touched.known.position,
        phase=phase,
        venue=incident.venue,
        hazard=incident.hazard,
        plan_id=plan.id,
        plan_version=plan.version,
        plan_hash=plan.hash,
        mode=incident.mode,
        level=incident.level,
        warning=incident.warning.colour if incident.warning else None,
        opened_at=touched.first.occurred_at,
        changed_at=touched.last.occurred_at,
        ended_at=touched.ended.occurred_at if touched.ended else None,
        commander=command.held_by if command else None,
        open_tasks=sum(not task.status.is_over for task in tasks),
        overdue_tasks=sum(task.overdue for task in tasks),
        next_deadline_at=coming.at if coming else None,
        next_deadline=f"{coming.kind}/{coming.subject}" if coming else None,
        owed_since=owed.at if owed else None,
        owed=owed.work if owed else None,
    )


VIEW = View("incidents", TABLE, rules=2, begin=begin, category=INCIDENTS.category)
