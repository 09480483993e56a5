"""The log, for workflows: where an incident stands, and what follows when deadlines come."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from temporalio import activity

from activities.system_commands import count, record_system_command
from domain.decider import CommandEnvelope, Versioned
from domain.incident.obligations import obligations
from domain.incident.obligations.deadlines import LetDeadlinePass, due_by, earliest, is_armed
from domain.incident.obligations.obligations import NextDeadline, WorkflowView
from domain.values import CLOCK
from eventstore.postgres.errors import LogDiverged, LogUnavailable, Overloaded
from eventstore.recorder.event_ids import new_command_id, system_command_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from uuid import UUID

    from domain.incident.state.incident import Incident
    from eventstore.recorder.recorder import Recorder

    Again = Mapping[LetDeadlinePass, datetime]

AWAITED: Final = timedelta(seconds=1)
"""How long a deadline is waited for that came too early: as long as a timer lasts at least."""

PAST: Final = timedelta(milliseconds=1)
"""How far past its moment it is waited, so that it has come by the other clock too."""

AGAIN_AFTER: Final = timedelta(seconds=10)
"""When a deadline that could not pass is tried again; the others go on meanwhile."""

TOGETHER_MAX: Final = 16
"""Deadlines of one incident that pass in one append."""

PASSING: Final = (LogUnavailable, Overloaded, LogDiverged)
"""What the whole activity is tried again for: nothing can be recorded now."""

STUCK_MAX: Final = 10_000
"""Stuck deadlines of which a process knows when to try again; beyond it, at once."""

STILL_ARMED: Final = "STILL_ARMED"
"""How a deadline is counted whose passing was accepted and changed nothing."""


class RecordActivities:
    """Reads an incident's log and speaks for the clock."""

    def __init__(self, incidents: Recorder[Incident], clock: Callable[[], datetime]) -> None:
        self._incidents = incidents
        self._clock = clock
        self._again: dict[tuple[str, LetDeadlinePass], datetime] = {}
        """When what is stuck is tried again; not before, however often somebody asks."""

    @activity.defn(name="standing")
    async def standing(self, incident: str) -> WorkflowView:
        """Return where an incident stands now. Raises LogUnavailable."""
        known = await self._incidents.known(incident)
        return obligations.workflow_view(incident, known.state, known.version)

    @activity.defn(name="let_deadline_pass")
    async def let_deadline_pass(self, incident: str, deadline: NextDeadline) -> WorkflowView:
        """Let pass all that is due by our clock, each once however often this is asked.

        What can't pass blocks nothing else: it is counted, and tried again. The answer's
        `next_deadline.at` says when to ask again, on the workflow's clock, which may be ahead of
        ours: `deadline.asked_at` tells how far, without it `deadline.at` does at least.
        Raises LogUnavailable, Overloaded, LogDiverged: ask again.
        """
        now, at = self._clock(), deadline.asked_at
        ahead = at - now if at else max(deadline.at - now, timedelta())
        if timedelta() < (soon := deadline.command.due_at - now) <= AWAITED:
            await asyncio.sleep((soon + PAST).total_seconds())
            now = self._clock()
        known, stuck = await self._pass(incident, now)
        stands = obligations.workflow_view(incident, known.state, known.version)
        again = _next(known.state, stuck, now, ahead)
        return stands.model_copy(update={"next_deadline": again})

    async def _pass(self, incident: str, now: datetime) -> tuple[Versioned[Incident], Again]:
        """Let pass what is due, and return what could not, with when it is tried again."""
        known = await self._incidents.known(incident)
        due = [one.command for one in due_by(known.state, now)]
        stuck = {one: at for one in due if (at := self._again.get((incident, one), now)) > now}
        tried = [_asked(incident, one) for one in due if one not in stuck]
        for first in range(0, len(tried), TOGETHER_MAX):
            some = tried[first : first + TOGETHER_MAX]
            await asyncio.gather(*(self._record(incident, one) for one in some))
        if tried:
            known = await self._incidents.known(incident)
        left = [one for one in tried if is_armed(known.state, _passing(one))]
        for one in left:
            await self._record(incident, replace(one, command_id=new_command_id()))
        if left:
            known = await self._incidents.known(incident)
        left = [one for one in left if is_armed(known.state, _passing(one))]
        return known, stuck | {_passing(one): self._put_off(incident, one, now) for one in left}

    def _put_off(self, incident: str, asked: CommandEnvelope, now: datetime) -> datetime:
        """Say that a deadline is stuck, and return when to try again."""
        count(asked, STILL_ARMED)
        activity.logger.error("a deadline came and is still armed: %s", asked.command)
        if len(self._again) >= STUCK_MAX:
            self._again.clear()
        again = self._again[incident, _passing(asked)] = now + AGAIN_AFTER
        return again

    async def _record(self, incident: str, asked: CommandEnvelope) -> None:
        """Record that a deadline came; whatever keeps it from passing is counted and logged."""
        try:
            await record_system_command(self._incidents, incident, asked)
        except PASSING:
            raise
        except Exception as error:  # noqa: BLE001 - an edge: a rule's bug must not silence the others
            count(asked, type(error).__name__)
            activity.logger.exception("a deadline can't pass: %s", asked.command)


def command_id_of(incident: str, passing: LetDeadlinePass) -> UUID:
    """Return the id of what the clock says: the same whoever says it, and when."""
    due_at = passing.due_at.astimezone(UTC).isoformat()
    name = f"clock/{incident}/{passing.deadline}/{passing.subject}/{due_at}"
    return system_command_id(passing.due_at, name)


def _asked(incident: str, passing: LetDeadlinePass) -> CommandEnvelope:
    return CommandEnvelope(passing, command_id_of(incident, passing), CLOCK)


def _passing(asked: CommandEnvelope) -> LetDeadlinePass:
    assert isinstance(asked.command, LetDeadlinePass)  # noqa: S101 - the clock says nothing else
    return asked.command


def _next(state: Incident, stuck: Again, now: datetime, ahead: timedelta) -> NextDeadline | None:
    """Return what to ask for next, and when on a clock that is so far ahead of ours."""
    found = [(at, one) for one, at in stuck.items()]
    if coming := earliest(state, besides=stuck):
        found.append((coming.at, coming.command))
    if not found:
        return None
    at, command = min(found, key=lambda one: one[0])
    return NextDeadline(at=at + ahead if at > now else at, command=command)
