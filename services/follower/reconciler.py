"""Compares the open incidents of the log with Temporal's workflows, and mends what differs.

Several followers may do this at once, also of several versions: each ends only a run that it saw
to be at fault, by that run's own id, and none of a newer version than its own.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import structlog
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from domain.values import Mode
from eventstore.postgres.errors import LogUnavailable
from eventstore.queries.open_incidents import OpenIncidents
from eventstore.queries.reconciliations import Comparison, Reconciliations
from services.follower import executions
from services.follower.restart_backoff import RestartBackoff
from services.follower.round_robin import RoundRobin
from services.follower.workflow_faults import BEGUN, INFORMED, REPLACED, Fault, Place
from services.runtime import metrics

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable, Mapping

    from eventstore.log.log import Log
    from services.follower.executions import Run
    from services.runtime.temporal.workflow_starter import WorkflowStarter

LOOK_S = 10.0
"""Between two comparisons: what stops is found, and moves again, within half a minute."""

LOOK_AGAIN_S = 3.0
"""After a fault was found, for it may have been mended, and while nothing can be compared."""

ENDED_EXAMINED_MAX = 2_000
"""Incidents that ended lately of which each comparison sees whether they left anything undone."""

AT_ONCE_MAX = 16
"""Questions to Temporal at a time, so that commands and deadlines go on meanwhile."""

log = structlog.get_logger()


class Faulty(NamedTuple):
    """An incident whose workflow does not move, or may not."""

    fault: Fault
    run: Run | None


class Reconciler:
    """Sees to it that every open incident has a workflow that moves."""

    def __init__(
        self, log_: Log, lives: WorkflowStarter, rests: RestartBackoff | None = None
    ) -> None:
        self.lifespans = OpenIncidents(log_)
        self._kept = Reconciliations(log_)
        self._lives = lives
        self._rests = rests or RestartBackoff()
        self._turns = RoundRobin()
        self._over: set[str] = set()
        """Ended, and seen to have left nothing undone."""

    async def run(self) -> None:
        """Compare and mend, endlessly."""
        while True:
            pause = LOOK_AGAIN_S
            try:
                if not (await self.compare()).faults:
                    pause = LOOK_S
            except (RPCError, LogUnavailable) as error:
                log.warning("open incidents can't be compared", because=str(error))
            await asyncio.sleep(pause)

    async def compare(self, *, also_newer: bool = False) -> Comparison:
        """Compare once, mend, and keep what was found. Raises RPCError, LogUnavailable.

        With `also_newer`, runs of a newer version that nobody works on come back to this one.
        """
        running = await executions.list_running(self._lives.client)
        await self.lifespans.refresh()  # afterwards: what ended meanwhile is not missed
        faults = await self._faults(await self._place(running.values()), running)
        mendable = BEGUN | INFORMED | REPLACED | ({Fault.NEWER} if also_newer else frozenset())
        await _some_at_once(
            self._mend(incident, faults[incident])
            for incident in (*self.lifespans.live_first(), *self.lifespans.lately_ended)
            if incident in faults and faults[incident].fault in mendable
        )
        count = Counter(faulty.fault.value for faulty in faults.values())
        here = running.keys() & self.lifespans.open
        found = Comparison(len(self.lifespans.open), len(here), count)
        if count:
            log.warning("open incidents without a workflow that moves", **count)
        metrics.compared(found)
        await self._kept.keep(found)
        return found

    async def _place(self, running: Iterable[Run]) -> Place:
        client, queue = self._lives.client, self._lives.queue
        queues = {queue, *(run.queue for run in running)}
        attended = {one: await executions.is_attended(client, one) for one in queues}
        return Place(self._lives.version, queue, attended)

    async def _faults(self, place: Place, running: Mapping[str, Run]) -> dict[str, Faulty]:
        """Return what is at fault, as it is right now: visibility lags behind."""
        faults: dict[str, Faulty] = {}
        suspects: dict[str, None] = {}
        for incident in self._expected(running):
            listed = running.get(incident)
            fault = place.diagnose(listed)
            if listed and fault in {Fault.UNATTENDED, Fault.NEWER}:  # nothing that one run has
                faults[incident] = Faulty(fault, listed)
            elif fault:
                suspects[incident] = None
        in_turn = self._turns.next(running.keys() & self.lifespans.open)
        suspects |= dict.fromkeys(in_turn)  # not every fault shows in what is listed
        ours = self.lifespans.open.union(self.lifespans.lately_ended)
        suspects |= dict.fromkeys(self._lives.refused.keys() & ours)

        async def examine(incident: str) -> None:
            try:
                run = await executions.describe(self._lives.client, incident)
            except RPCError as error:  # the others are examined
                log.warning("not examined", incident=incident, because=str(error))
                return
            if self._has_ended(incident, run):
                self._over.add(incident)
                self._lives.refused.pop(incident, None)
            elif fault := place.diagnose(run):
                faults[incident] = Faulty(fault, run)
            elif incident in self._lives.refused:
                faults[incident] = Faulty(Fault.UNINFORMED, run)

        await _some_at_once(map(examine, suspects))
        return faults

    def _expected(self, running: Mapping[str, Run]) -> list[str]:
        """Return which incidents ought to have a workflow, live ones first, ended ones last.

        One that has just opened is not missed yet: the relay starts it.
        """
        spans = self.lifespans
        expected = spans.live_first()
        opened = [one for one in expected if one in running or one not in spans.just_opened]
        ended = spans.lately_ended
        self._over.intersection_update(ended)
        to_be_over = [one for one in ended if one not in running and one not in self._over]
        return opened + [one for one in ended if one in running] + to_be_over[:ENDED_EXAMINED_MAX]

    def _has_ended(self, incident: str, run: Run | None) -> bool:
        return incident not in self.lifespans.open and run is not None and run.is_completed

    async def _mend(self, incident: str, faulty: Faulty) -> None:
        fault, run = faulty
        if not self._rests.may_be_mended(incident):
            return
        mode = Mode.EXERCISE if incident in self.lifespans.exercises else Mode.LIVE
        try:
            if run is None or fault in BEGUN | INFORMED:
                await self._lives.begin(incident, mode, self._lives.refused.get(incident, 0))
            else:
                reason = f"{fault}: begun anew from the log"
                await self._lives.replace(incident, run.run_id, reason, mode)
        except (RPCError, WorkflowAlreadyStartedError) as error:  # the others are seen to
            log.warning("not begun anew", incident=incident, fault=fault, because=str(error))
            return
        if fault in INFORMED:
            log.info("told after all", incident=incident)
            return
        metrics.mended(fault)
        if fault is not Fault.OUTDATED:  # which all of them are after an upgrade
            log.info("begun anew", incident=incident, fault=fault)
            self._rests.mended(incident)


async def _some_at_once(work: Iterable[Awaitable[None]]) -> None:
    """Do all of the work, some of it at a time, in order."""
    waiting = iter(work)

    async def take() -> None:
        for one in waiting:
            await one

    await asyncio.gather(*(take() for _ in range(AT_ONCE_MAX)))
