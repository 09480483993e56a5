"""How a hand tells what came of its work: through the same door as everybody."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from temporalio.exceptions import ApplicationError

from activities.system_commands import record_system_command
from domain.decider import CommandEnvelope, Refused
from domain.incident.state.incident import Incident
from domain.lru import LruCache
from domain.refusals import Refusal
from domain.values import HANDS, Command
from eventstore.recorder.event_ids import system_command_id
from eventstore.recorder.recorder import Receipt, Recorder

UNREPORTED_MAX = 10_000
"""Outcomes that are remembered until the log has them; beyond it the oldest is forgotten."""

BURST_S = 0.15
"""How long an outcome waits for others, at most."""


async def command_id(incidents: Recorder[Incident], incident: str, work: str, what: str) -> UUID:
    """Return the id of what a hand reports about a piece of work: the same for every attempt.

    It begins with the moment at which the incident began, so an incident's reports have ids that
    stand side by side.
    """
    return system_command_id(await incidents.begun_at(incident), f"hands/{incident}/{work}/{what}")


async def record_outcome(
    recorder: Recorder[Incident], incident: str, work: str, what: str, command: Command
) -> Receipt | Refused:
    """Record what came of a piece of work; said again by every attempt, recorded once."""
    named = await command_id(recorder, incident, work, what)
    return await record_system_command(recorder, incident, CommandEnvelope(command, named, HANDS))


class Bursts:
    """Moments at which the outcomes of an incident that has many are recorded together.

    Each append has everybody else who writes to the incident decide again, its workflow nudged, its
    views brought up to date: a few large ones leave room for commands, which hundreds do not.
    """

    def __init__(self) -> None:
        self._next: dict[str, asyncio.Future[None]] = {}

    async def next(self, incident: str) -> None:
        """Wait until the next moment, at most BURST_S."""
        coming = self._next.get(incident)
        if coming is None:
            loop = asyncio.get_running_loop()
            coming = self._next[incident] = loop.create_future()
            loop.call_later(BURST_S, self._come, incident)
        await asyncio.shield(coming)

    def _come(self, incident: str) -> None:
        self._next.pop(incident).set_result(None)


class OutcomeUnrecorded:
    """Outcomes that the log has not taken yet: what was done once is only reported again.

    Kept by one process. After its death the work is done once more, under the same key.
    """

    def __init__(self) -> None:
        self._outcomes: LruCache[tuple[str, str], Any] = LruCache(UNREPORTED_MAX)

    def get(self, incident: str, work: str) -> Any | None:
        """Return what came of a piece of work, if an earlier attempt could not report it."""
        return self._outcomes.get((incident, work))

    def keep(self, incident: str, work: str, outcome: Any) -> None:
        """Remember what came of a piece of work until it is reported."""
        self._outcomes[incident, work] = outcome

    def drop(self, incident: str, work: str) -> None:
        """Forget what the log has."""
        self._outcomes.pop((incident, work))


def version_of(answer: Receipt | Refused, known: int) -> int:
    """Return the version that shows what was reported; the known one if the case is over.

    Any other refusal of what a hand found is a bug of ours: it is raised, so that operators see it.
    """
    if isinstance(answer, Refused):
        if answer.reason is Refusal.PHASE_OVER:
            return known
        details = ", ".join(f"{key}={value}" for key, value in answer.details.items())
        raise ApplicationError(f"{answer.reason} {details}", type=answer.reason)
    return answer.version
