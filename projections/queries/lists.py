"""What people look at: pages of the views, as fresh as they ask for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Generic, NamedTuple, Self, TypeVar

import asyncpg

from domain.plan.lifecycle.drafts import PlanState
from domain.values import HazardKind, Mode, Phase, ResponseLevel, WarningColour
from eventstore.postgres.backoff import Backoff
from eventstore.postgres.connection import Pool, close_pool, connect_pool
from eventstore.postgres.retry import with_retry
from projections.queries import pages
from projections.queries.filters import Condition, Field, condition, instant, number, one_of, word
from projections.views.contacts import ContactRow
from projections.views.incidents import IncidentRow
from projections.views.plans import PlanRow
from projections.views.units import UnitRow

PAGE_ROWS = 50
PAGE_ROWS_MAX = 500

WAIT = Backoff(first_s=0.004, longest_s=0.05)
"""How long to wait before looking again whether a view has come far enough."""

CHECKPOINT = """
    SELECT c.position, coalesce(c.stopped, m.stopped) AS stopped FROM muster_view.checkpoint c
    LEFT JOIN muster_view.making m ON m.view = c.view AND m.shape <> c.shape WHERE c.view = $1"""
INCIDENTS = """
    SELECT incident_id, version, position, phase, venue, hazard, plan_id, plan_version, plan_hash,
           mode, level, warning, opened_at, changed_at, ended_at, commander, open_tasks,
           overdue_tasks, next_deadline_at, next_deadline, owed_since, owed, {keys} AS keys
    FROM muster_view.incidents WHERE {where} ORDER BY {order} LIMIT {limit}"""
UNITS = """
    SELECT unit, title_zh, title_en, resource_kind, venue, x, y, capacity, status, incident_id,
           request, cause, version
    FROM muster_view.units
    WHERE unit > $1 AND ($2 = '' OR resource_kind = $2) AND ($3 = '' OR coalesce(venue, $3) = $3)
      AND ($4::text[] IS NULL OR venue IS NULL OR venue = ANY ($4))
    ORDER BY unit LIMIT $5"""
PLANS = """
    SELECT plan_id, version, hash, draft, state, author, title_zh, title_en, venues, hazards,
           position
    FROM muster_view.plans
    WHERE (plan_id, version, draft) > ($1, $2::text::bigint, $3::text::bigint)
      AND state = ANY ($4) AND ($5 = '' OR plan_id = $5)
    ORDER BY plan_id, version, draft LIMIT $6"""
CONTACTS = """
    SELECT person, channels, exercises, version
    FROM muster_view.contacts WHERE person > $1 ORDER BY person LIMIT $2"""


def _level(text: str) -> int:
    name = text.upper()
    if name in ResponseLevel.__members__:
        return int(ResponseLevel[name])
    if text in {str(int(level)) for level in ResponseLevel}:
        return int(text)
    raise ValueError("a level, I to IV")


FIELDS = {
    "incident_id": Field("incident_id", "text", word),
    "version": Field("version", "bigint", number),
    "position": Field("position", "bigint", number),
    "phase": Field("phase", "text", one_of(list(Phase))),
    "venue": Field("venue", "text", word),
    "hazard": Field("hazard", "text", one_of(list(HazardKind))),
    "plan.id": Field("plan_id", "text", word),
    "plan.version": Field("plan_version", "bigint", number),
    "plan.hash": Field("plan_hash", "text", word),
    "mode": Field("mode", "text", one_of(list(Mode))),
    "level": Field("level", "smallint", _level, last="99"),
    "warning": Field("warning", "text", one_of(list(WarningColour)), last="'~'"),
    "opened_at": Field("opened_at", "timestamptz", instant),
    "changed_at": Field("changed_at", "timestamptz", instant),
    "ended_at": Field("ended_at", "timestamptz", instant, last="'infinity'::timestamptz"),
    "commander": Field("commander", "text", word, last="'~'"),
    "open_tasks": Field("open_tasks", "bigint", number),
    "overdue_tasks": Field("overdue_tasks", "bigint", number),
}
"""What incidents can be filtered and ordered by: the fields of `muster.v1.IncidentSummary`."""

Row = TypeVar("Row")


class Page(NamedTuple, Generic[Row]):
    """A page of a list."""

    rows: Sequence[Row]
    next_token: str
    """For the next page; empty on the last one."""
    position: int
    """How far in the log the view had come, at least."""


class ViewBehind(Exception):
    """A view has not come far enough in time, or it has stopped."""

    def __init__(self, view: str, position: int, stopped: str | None) -> None:
        super().__init__(f"the view {view} is at position {position}" + (stopped or ""))
        self.view = view
        self.position = position
        self.stopped = stopped
        """Why it has come to a stop, if it did."""


class ViewReader:
    """Reads the views. One object per process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @classmethod
    async def open(cls, dsn: str) -> Self:
        """Connect."""
        return cls(await connect_pool(dsn))

    async def close(self) -> None:
        """Disconnect."""
        await close_pool(self._pool)

    async def position(self, view: str) -> int:
        """Return how far in the log a view has come."""
        return (await self._checkpoint(view))[0]

    async def wait_for(self, view: str, position: int, timeout_s: float) -> int:
        """Wait until a view holds everything up to a position; return where it is. ViewBehind."""
        deadline = time.monotonic() + timeout_s
        for pause in WAIT.pauses():
            reached, stopped = await self._checkpoint(view)
            if reached >= position:
                return reached
            if stopped is not None or time.monotonic() > deadline:
                raise ViewBehind(view, reached, stopped)
            await asyncio.sleep(pause)
        raise AssertionError  # there is always a next pause

    async def incidents(
        self,
        *,
        matching: str = "",
        order_by: str = "",
        size: int = 0,
        page_token: str = "",
        venues: frozenset[str] | None = None,
    ) -> Page[IncidentRow]:
        """Return a page of the incidents that match a filter, at some venues or (None) at all.

        Raises FilterInvalid, PageTokenInvalid.
        """
        position = await self.position("incidents")
        sorting = pages.order(order_by, FIELDS, unless="opened_at desc", at_last="incident_id")
        question = (matching, order_by)
        wanted = [condition(matching, FIELDS)]
        if (values := pages.values_of(page_token, question, len(sorting))) is not None:
            wanted.append(pages.after(sorting, values, 1 + _count(wanted)))
        if venues is not None:
            wanted.append(Condition(f"venue = ANY (${1 + _count(wanted)})", [list(venues)]))
        limit = _limit(size)
        query = INCIDENTS.format(
            keys=pages.keys(sorting),
            where=" AND ".join(one.sql for one in wanted),
            order=pages.order_by(sorting),
            limit=limit + 1,
        )
        found = await self._fetch(
            "incidents", query, *(value for one in wanted for value in one.arguments)
        )
        more = len(found) > limit
        next_token = pages.token(question, found[limit - 1]["keys"]) if more else ""
        return Page([IncidentRow._make(row[:-1]) for row in found[:limit]], next_token, position)

    async def units(
        self,
        *,
        resource_kind: str = "",
        venue: str = "",
        size: int = 0,
        page_token: str = "",
        venues: frozenset[str] | None = None,
    ) -> Page[UnitRow]:
        """Return a page of the units, by name, of a kind and for a venue, if these are said.

        Those that serve only one venue are left out unless it is one of some venues; None: of all.
        """
        question = ("units", resource_kind, venue)
        position, after = await self._from("units", page_token, question)
        limit, shown = _limit(size), None if venues is None else list(venues)
        found = await self._fetch("units", UNITS, after, resource_kind, venue, shown, limit + 1)
        rows = [UnitRow._make(row) for row in found]
        return _page(rows, limit, position, question)

    async def plans(
        self,
        *,
        states: Sequence[PlanState] = (PlanState.EFFECTIVE,),
        plan: str = "",
        size: int = 0,
        page_token: str = "",
    ) -> Page[PlanRow]:
        """Return a page of the texts of plans, of one or all, that are in one of some states."""
        question = ("plans", plan, *states)
        position, limit = await self.position("plans"), _limit(size)
        after, version, draft = pages.values_of(page_token, question, 3) or ("", "-1", "-1")
        found = await self._fetch(
            "plans", PLANS, after, version, draft, list(states), plan, limit + 1
        )
        rows = [PlanRow._make(row) for row in found]
        if len(rows) <= limit:
            return Page(rows, "", position)
        last = rows[limit - 1]
        ended = [last.plan_id, str(last.version), str(last.draft)]
        return Page(rows[:limit], pages.token(question, ended), position)

    async def contacts(self, *, size: int = 0, page_token: str = "") -> Page[ContactRow]:
        """Return a page of the contacts, by id."""
        question = ("contacts",)
        position, after = await self._from("contacts", page_token, question)
        limit = _limit(size)
        rows = [
            ContactRow._make(row)
            for row in await self._fetch("contacts", CONTACTS, after, limit + 1)
        ]
        return _page(rows, limit, position, question)

    async def _from(self, view: str, page_token: str, question: Sequence[str]) -> tuple[int, str]:
        values = pages.values_of(page_token, question, 1)
        return await self.position(view), values[0] if values else ""

    async def _checkpoint(self, view: str) -> tuple[int, str | None]:
        rows = await self._fetch(view, CHECKPOINT, view)
        return (int(rows[0]["position"]), rows[0]["stopped"]) if rows else (0, None)

    async def _fetch(self, view: str, query: str, *arguments: object) -> list[asyncpg.Record]:
        try:
            return await with_retry(self._pool, lambda lent: lent.fetch(query, *arguments))
        except asyncpg.DataError as error:
            raise pages.PageTokenInvalid("this is not a page token of this list") from error
        except (asyncpg.UndefinedColumnError, asyncpg.UndefinedTableError) as error:
            raise ViewBehind(view, 0, None) from error  # it is being made with other columns


def _page(rows: Sequence[Row], limit: int, position: int, question: Sequence[str]) -> Page[Row]:
    """Cut off the row that only told that there are more; rows are ordered by their first field."""
    more = len(rows) > limit
    last = str(rows[limit - 1][0]) if more else ""  # type: ignore[index] # rows are named tuples
    return Page(rows[:limit], pages.token(question, [last]) if more else "", position)


def _limit(size: int) -> int:
    return min(size, PAGE_ROWS_MAX) if size > 0 else PAGE_ROWS


def _count(conditions: Sequence[Condition]) -> int:
    return sum(len(one.arguments) for one in conditions)
