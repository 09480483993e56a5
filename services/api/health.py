"""Health of the service, of the workflows, of the clocks and of what proves the log."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from eventstore.log.log import Log
from eventstore.postgres.errors import LogUnavailable
from eventstore.queries.reconciliations import Reconciliations
from services.api.access_log import AccessLog
from services.api.contract import services
from services.api.lateness import Lateness
from services.api.proof.health import PROOF, ProofHealth
from services.api.queries.workflows import Workflows
from services.api.server import CLOCKS, WORKFLOWS, say_how_it_is
from services.runtime.clocks.clock_watch import ClockWatch

LOOK_S = 2.0
"""How often to look whether the log and Temporal can be reached."""


async def begin_reporting(look: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
    """Look at once, and then now and again."""
    await look()
    return asyncio.create_task(_keep_reporting(look), name="health")


async def _keep_reporting(look: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(LOOK_S)
        await look()


class Components(NamedTuple):
    """What is looked at beside the log, and what is made up for."""

    workflows: Workflows
    clock: ClockWatch
    lateness: Lateness
    proof: ProofHealth
    readings: AccessLog


async def report(store: Log, parts: Components, well: Any) -> None:
    """Say how it is: commands need the log only; what runs at Temporal is another matter."""
    try:
        await store.head()
        recorded, moving = True, await _workflows_move(store)
    except LogUnavailable:
        recorded, moving = False, False
    state = {service.full_name: recorded for service in services()}
    state |= {
        "": True,
        WORKFLOWS: moving and await parts.workflows.are_well(),
        CLOCKS: parts.clock.latest.are_well,
        PROOF: await parts.proof.is_well(),
    }
    await say_how_it_is(well, {**state, **await parts.lateness.look()})
    await parts.readings.append_owed()


async def _workflows_move(store: Log) -> bool:
    """Tell whether every open incident has a workflow that moves, as far as is known."""
    compared = await Reconciliations(store).latest()
    return compared is None or compared.is_well
