"""Sees to it that every open incident has a workflow that moves, now, and proves it of each."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from temporalio.client import WorkflowQueryFailedError, WorkflowQueryRejectedError
from temporalio.service import RPCError

from domain.incident.obligations.obligations import WorkflowView
from eventstore.log.log import Log
from services.follower import executions
from services.follower.reconciler import Reconciler
from services.runtime.temporal.client import come_to_rest, connect
from services.runtime.temporal.workflow_starter import WorkflowStarter, workflow_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from services.runtime.settings.settings import Settings

TOLD_AT_ONCE = 256
"""Incidents between two reports of progress."""

ASKED_AT_ONCE = 16
ASK_TIMEOUT = timedelta(seconds=5)
"""For a question to one workflow; to answer, it may have to be replayed."""

ASK_AGAIN_S = 0.5

SAID_OF_A_FAULT_MAX = 200
"""Characters of why a workflow does not answer."""


class StandingStill(Exception):
    """Some workflows have not moved on; the text lists them."""


class Recovery:
    """One recovery: mends, tells all, and then asks each whether it knows where its incident is."""

    def __init__(self, log: Log, lives: WorkflowStarter, say: Callable[[str], object]) -> None:
        self._lives = lives
        self._say = say
        self._reconciler = Reconciler(log, lives)
        self._spans = self._reconciler.lifespans

    async def run(self, within_s: float, *, also_newer: bool = False) -> int:
        """Return how many incidents are open. Raises StandingStill, RPCError, LogUnavailable."""
        found = await self._reconciler.compare(also_newer=also_newer)
        faults = ", ".join(f"{count} {fault}" for fault, count in found.faults.items())
        self._say(f"open incidents: {found.open}, with a running workflow: {found.running}")
        self._say(f"at fault: {faults or 'none'}")
        versions = await self._spans.versions(self._spans.live_first())
        waiting = list(versions.items())
        for told in range(0, len(waiting), TOLD_AT_ONCE):
            some = dict(waiting[told : told + TOLD_AT_ONCE])
            await self._lives.tell_all(some, self._spans.exercises)
            self._say(f"told to move on: {told + len(some)} of {len(waiting)}")
        still = await self._those_that_stand_still(versions, time.monotonic() + within_s)
        if still:
            raise StandingStill(_listed(still, len(versions), within_s))
        return len(versions)

    async def _those_that_stand_still(
        self, versions: Mapping[str, int], until: float
    ) -> Mapping[str, str]:
        """Return whose workflow does not know its incident's version in time, and why."""
        still: Mapping[str, str] = dict.fromkeys(versions, "was not asked in time")
        while still:
            still = await self._asked(still, versions, until)
            self._say(f"moved on: {len(versions) - len(still)} of {len(versions)}")
            if time.monotonic() >= until:
                break
            await asyncio.sleep(ASK_AGAIN_S if still else 0)
        return still

    async def _asked(
        self, incidents: Mapping[str, str], versions: Mapping[str, int], until: float
    ) -> Mapping[str, str]:
        """Ask again those that stood still; return those that still do, and why."""
        free, still = asyncio.Semaphore(ASKED_AT_ONCE), dict(incidents)

        async def ask(incident: str) -> None:
            async with free:
                if time.monotonic() < until:
                    still[incident] = await self._why_it_stands_still(incident, versions[incident])

        await asyncio.gather(*map(ask, incidents))
        await self._spans.refresh()
        return {one: because for one, because in still.items() if because and self._is_open(one)}

    def _is_open(self, incident: str) -> bool:
        return incident in self._spans.open

    async def _why_it_stands_still(self, incident: str, version: int) -> str:
        """Ask a workflow what it knows; one that can answer has replayed all that it ever did."""
        client, its = self._lives.client, "its workflow"
        try:
            run = await executions.describe(client, incident)
            if run is None or not run.is_running:
                return "it has no running workflow"
            its = f"its workflow, of version {run.version}"
            handle = client.get_workflow_handle(workflow_id(incident), run_id=run.run_id)
            knows: WorkflowView = await handle.query(
                "standing", result_type=WorkflowView, rpc_timeout=ASK_TIMEOUT
            )
        except (RPCError, WorkflowQueryFailedError, WorkflowQueryRejectedError) as error:
            return f"{its}, does not answer: {str(error)[:SAID_OF_A_FAULT_MAX]}"
        return "" if knows.version >= version else f"{its}, has not read the log since"


async def recover(
    settings: Settings, say: Callable[[str], object], within_s: float, *, also_newer: bool = False
) -> int:
    """Recover what the settings name; return how many incidents are open. Raises StandingStill."""
    log = await Log.open(settings.database.dsn.get_secret_value())
    try:
        lives = WorkflowStarter(await connect(settings.temporal), settings.worker)
        return await Recovery(log, lives, say).run(within_s, also_newer=also_newer)
    finally:
        await come_to_rest()
        await log.close()


def _listed(still: Mapping[str, str], of: int, within_s: float) -> str:
    lines = "\n".join(f"  {incident}: {because}" for incident, because in sorted(still.items()))
    return (
        f"{len(still)} of {of} open incidents have not moved on within {within_s:.0f} s, their "
        f"deadlines stand still:\n{lines}\n"
        "is a worker of this version running? `muster status` says what is wrong, the worker's log "
        "says why"
    )
