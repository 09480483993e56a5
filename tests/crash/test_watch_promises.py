"""What a watch promises holds while the service and its database are killed again and again."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise

import grpc
import pytest
from muster.v1.incident_service_pb2 import WatchIncidentsRequest, WatchIncidentsResponse

from eventstore.log.events import StoredEvent
from eventstore.postgres.errors import LogUnavailable
from services.cli.session import events as contract_events
from services.demo import stage
from services.local.postgres import RUNTIME, Postgres
from services.runtime.settings.settings import Vault
from tests.crash import checking
from tests.crash.cast import played
from tests.crash.killing import Killer
from tests.crash.patience import ASK_AGAIN, Acknowledged, PatientConnection
from tests.crash.test_crash import stream
from tests.resuming import beginning, position_of

pytestmark = pytest.mark.processes

KILLED = ("api", "postgres")
ROUNDS = 2
STREAMS = 4
BROKEN = ASK_AGAIN | {grpc.StatusCode.INTERNAL}
PAUSE_S = 0.05
CATCH_UP_S = 60.0


@dataclass
class Watched:
    """A watch of all that happens, across every break: what it was shown, and the log itself."""

    steps: list[WatchIncidentsResponse] = field(default_factory=list)
    resumed: int = 0
    rest: list[WatchIncidentsResponse] = field(default_factory=list)
    """What a watch is shown that begins, when all is over, at the token from the middle."""
    log: Sequence[StoredEvent] = ()

    @property
    def events(self) -> list[StoredEvent]:
        return events_of(self.steps)

    @property
    def middle(self) -> str:
        """The token of a step from the middle."""
        return self.steps[len(self.steps) // 2].resume_token

    def so_far(self, steps: Sequence[WatchIncidentsResponse]) -> list[StoredEvent]:
        """Return what was shown of the log up to where it was read."""
        return [event for event in events_of(steps) if event.position <= self.log[-1].position]


def events_of(steps: Sequence[WatchIncidentsResponse]) -> list[StoredEvent]:
    return [contract_events.stored(event) for step in steps for event in step.events.events]


async def follow(auditor: PatientConnection, token: str, into: Watched) -> None:
    """Watch from the first event on; after each break from the last token that was shown."""
    while True:
        try:
            async for step in auditor.incidents.WatchIncidents(
                WatchIncidentsRequest(resume_token=token)
            ):
                into.steps.append(step)
                token = step.resume_token or token
        except grpc.aio.AioRpcError as error:
            if error.code() not in BROKEN:
                raise
        into.resumed += 1
        await asyncio.sleep(PAUSE_S)


async def until_seen(steps: Sequence[WatchIncidentsResponse], position: int) -> None:
    """Wait until a watch has come to a position."""
    async with asyncio.timeout(CATCH_UP_S):
        while not steps or position_of(steps[-1].resume_token) < position:
            await asyncio.sleep(PAUSE_S)


async def whole_log(dsn: str) -> list[StoredEvent]:
    """Read the whole log, once the database is back from its last death."""
    async with asyncio.timeout(CATCH_UP_S):
        while True:
            with suppress(LogUnavailable):
                return await checking.everything(dsn)
            await asyncio.sleep(PAUSE_S)


async def watched_while_killed() -> Watched:
    """Record commands, kill, and watch; then read the log."""
    seen, acknowledged = Watched(), Acknowledged()
    with stage.folder(keep=False) as place:
        async with played(place, acknowledged) as (cast, _):
            start = beginning(Vault(key_file=place.keys / "vault"))
            watching = asyncio.create_task(follow(cast[stage.AUDITOR], start, seen))
            killer = Killer(place, ROUNDS, random.SystemRandom().randrange(10**6), KILLED)
            killing = asyncio.create_task(killer.run())
            desk = cast["duty-manager"]
            await asyncio.gather(killing, *(stream(desk, killing) for _ in range(STREAMS)))
            seen.log = await whole_log(Postgres(place).dsn(RUNTIME))
            last = seen.log[-1].position
            await until_seen(seen.steps, last)
            watching.cancel()
            again = Watched(steps=seen.rest)
            resuming = asyncio.create_task(follow(cast[stage.AUDITOR], seen.middle, again))
            await until_seen(seen.rest, last)
            resuming.cancel()
    assert Counter(killer.killed) == dict.fromkeys(KILLED, ROUNDS)
    return seen


@pytest.fixture(scope="module")
def seen() -> Watched:
    """Watch once, for all promises."""
    return asyncio.run(watched_while_killed())


def test_ordered(seen: Watched) -> None:
    assert all(one.position < next_.position for one, next_ in pairwise(seen.events))


def test_unique(seen: Watched) -> None:
    assert max(Counter(event.event_id for event in seen.events).values()) == 1


def test_reliable(seen: Watched) -> None:
    assert seen.so_far(seen.steps) == [e for e in seen.log if e.category == "incident"]


def test_atomic(seen: Watched) -> None:
    """What was committed at once was shown at once, also where a watch broke off."""
    steps = [{event.recorded_at for event in events_of([step])} for step in seen.steps]
    assert all(not (one & next_) for one, next_ in pairwise(step for step in steps if step))


def test_resumable(seen: Watched) -> None:
    assert seen.resumed >= ROUNDS
    middle = position_of(seen.middle)
    assert seen.so_far(seen.rest) == [
        event for event in seen.so_far(seen.steps) if event.position > middle
    ]


def test_bookmarkable(seen: Watched) -> None:
    """The token of each step names a place behind all that was shown, and before what was next."""
    last = 0
    for step in seen.steps:
        token = position_of(step.resume_token)
        positions = [event.position for event in events_of([step])]
        assert all(last < position <= token for position in positions)
        last = token
