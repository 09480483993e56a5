"""A very long incident as it was at some moment of its life, over gRPC."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from statistics import median
from uuid import uuid4

from muster.v1 import audit_service_pb2
from muster.v1.audit_service_pb2 import StateAtRequest

from benchmarks.folding import FOLD_EVENTS, lived, stored
from benchmarks.place import Place
from domain.incident.decider import INCIDENTS
from domain.incident.events.aftermath import DamageRecorded
from domain.incident.events.corrections import ReportCorrected
from eventstore.log.events import Appended
from eventstore.log.log import Log
from eventstore.recorder.snapshots import EVERY_VERSIONS
from services.client.client import connected
from services.runtime.snapshots import snapshots_of_incidents

VERSIONS = (99_999, 52_499, 4_999, 77_001)
ROUNDS = 4
"""The first of them warms."""
APART_VERSIONS = 300
"""Each round asks for other moments, earlier ones: none was told before."""
SNAPSHOTS_TIMEOUT_S = 60.0


async def states_at_100k_ms(at: Place, dsn: str) -> dict[str, float]:
    """Return how long the slowest of some moments takes, as it was recorded and as it truly was.

    Milliseconds, the median of some rounds. True after an entry that was told late and one that was
    corrected, both of the middle of its life: what follows them is told anew.
    """
    log = await Log.open(dsn)
    try:
        incident = str(uuid4())
        moments = await _live(log, incident)
        await _snapshots(log, incident)
        earlier = [
            [version - APART_VERSIONS * turn for turn in range(ROUNDS)] for version in VERSIONS
        ]
        recorded = [[_recorded(incident, one) for one in turns] for turns in earlier]
        true = [[_truly(incident, moments[one - 1]) for one in turns] for turns in earlier]
        return {
            "state_at_100k_ms": await _slowest_ms(at, recorded),
            "true_at_100k_ms": await _slowest_ms(at, true),
        }
    finally:
        await log.close()


async def _live(log: Log, incident: str) -> list[datetime]:
    """Let an incident live, and return when each of its events happened."""
    moments = [event.occurred_at for event in await lived(log, incident, FOLD_EVENTS)]
    middle = moments[len(moments) // 2]
    late = DamageRecorded(damage="late", asset="door", description="Torn.", estimate_fen=None)
    wrong = ReportCorrected(
        filing="sitrep-6000", summary=None, headcount=5, casualties=None, happened_at=middle
    )
    told = [stored(late)._replace(occurred_at=middle), stored(wrong)]
    done = await log.append(INCIDENTS.stream(incident), FOLD_EVENTS, told)
    assert isinstance(done, Appended), done
    return moments


async def _snapshots(log: Log, incident: str) -> None:
    """Wait until whoever follows the log has made the snapshots."""
    snapshots, last = snapshots_of_incidents(log), FOLD_EVENTS - FOLD_EVENTS % EVERY_VERSIONS
    async with asyncio.timeout(SNAPSHOTS_TIMEOUT_S):
        while (await snapshots.newest(incident)).version < last:
            await asyncio.sleep(0.5)


def _recorded(incident: str, version: int) -> StateAtRequest:
    return StateAtRequest(incident_id=incident, version=version)


def _truly(incident: str, instant: datetime) -> StateAtRequest:
    axis = audit_service_pb2.TIME_AXIS_TRUE
    request = StateAtRequest(incident_id=incident, axis=axis)
    request.instant.FromDatetime(instant.astimezone(UTC))
    return request


async def _slowest_ms(at: Place, moments: Sequence[Sequence[StateAtRequest]]) -> float:
    took: list[list[float]] = [[] for _ in moments]
    async with connected(at.stack.api, at.stack.token("auditor")) as client:
        for asked in zip(*moments, strict=True):
            for request, seen in zip(asked, took, strict=True):
                begun = time.perf_counter()
                await client.audit.StateAt(request)
                seen.append(1_000 * (time.perf_counter() - begun))
    return max(median(seen[1:]) for seen in took)
