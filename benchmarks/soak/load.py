"""The load, a process of its own: `python -m benchmarks.soak.load JOURNAL ADDRESS SEED LANES`.

Bearer tokens come as JSON in MUSTER_SOAK_TOKENS. Each lane lives one incident after another: opens
it, gives commands about it, leaves some of its deadlines to pass, and ends it or lets it go on. On
SIGTERM the lanes end what they began, and then the process ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TypeVar

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from muster.v1 import common_pb2
from muster.v1 import incident_commands_pb2 as ask

from benchmarks.hall import VENUE, ZONE
from benchmarks.soak.caller import RECONNECTS, Caller, Refused
from benchmarks.soak.openings import warning
from benchmarks.soak.plans import KIND, POSTS, REPORT, SHORT
from benchmarks.torture.journal import Journal

TOKENS_VARIABLE = "MUSTER_SOAK_TOKENS"
THINK_MIN_S, THINK_MAX_S = 0.1, 0.8
WITHIN_MIN_S, WITHIN_MAX_S = 0.5, 8.0
"""By when a task is due, by the wall clock, whatever the pace."""

DEEDS_MIN, DEEDS_MAX = 4, 12
AGAIN_ONE_IN = 8
"""How seldom a command that was acknowledged is given again."""

PACES = (1.0, 1.0, 5.0, 20.0)
"""How fast; what runs at pace 1 is live."""

GOES_ON = 0.3
"""How many of the live ones are left open in the end."""


Opening = TypeVar("Opening", ask.ReportAlarmRequest, ask.RaiseWarningRequest)


@dataclass
class Lane:
    """One incident at a time, as a seed decides."""

    caller: Caller
    chance: random.Random
    incident: str = ""
    pace: float = 1.0
    tasks: list[str] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)

    async def live(self) -> None:
        """Open an incident and do something about it; what is refused is no matter."""
        self.tasks.clear()
        self.pace = self.chance.choice(PACES)
        alarm = self.chance.random() < 0.5
        opening = self._alarm() if alarm else self._warning()
        opened = await self.caller.ask("operator", opening)
        self.incident = opened.incident_id
        if alarm and self.chance.random() < 0.5:
            await self._do(ask.VerifyAlarmRequest(genuine=True))
        if self.chance.random() < 0.7:
            matters, span = "Crowding.", Duration(seconds=3_600)
            level = common_pb2.RESPONSE_LEVEL_IV
            await self._do(
                ask.ActivateResponseRequest(level=level, matters=matters, expected_duration=span)
            )
        for _ in range(self.chance.randint(DEEDS_MIN, DEEDS_MAX)):
            await self._do(self.chance.choice(self._deeds)())
        if self.pace > 1.0 or self.chance.random() > GOES_ON:
            await self._do(ask.TerminateResponseRequest(overrule=True))
            await self._do(ask.CancelWarningRequest(issuer="desk"))
            await self._do(ask.CloseIncidentRequest(overrule=True))

    async def _do(self, request: Message) -> None:
        request.incident_id = self.incident  # type: ignore[attr-defined] # as every command of an incident
        times = 2 if self.chance.randrange(AGAIN_ONE_IN) == 0 else 1
        with contextlib.suppress(Refused):
            await self.caller.ask("commander", request, times=times)
        await asyncio.sleep(self.chance.uniform(THINK_MIN_S, THINK_MAX_S))

    @property
    def _deeds(self) -> list[Callable[[], Message]]:
        mine = self.tasks[-1] if self.tasks else "response-duty"
        return [
            self._task,
            self._task,
            lambda: ask.AcknowledgeTaskRequest(task=mine),
            lambda: ask.StartTaskRequest(task=mine),
            lambda: ask.FinishTaskRequest(task=mine),
            lambda: ask.SubmitSituationReportRequest(
                report=REPORT, filing=self._name("filing"), summary="As it was."
            ),
            lambda: ask.ImposeMeasureRequest(measure=self._name("measure"), title="One way"),
            lambda: ask.RequestResourceRequest(
                request=self._name("request"),
                resource_kind=KIND,
                quantity=1,
                zone=ZONE,
                arrive_within=self._within(),
            ),
        ]

    def _task(self) -> Message:
        self.tasks.append(self._name("task"))
        return ask.AssignTaskRequest(
            task=self.tasks[-1],
            title=common_pb2.Text(en="Something"),
            post=self.chance.choice(POSTS),
            acknowledge_within=self._within(),
            start_within=self._within(),
            finish_within=self._within(),
        )

    def _within(self) -> Duration:
        seconds = self.chance.uniform(WITHIN_MIN_S, WITHIN_MAX_S) * self.pace
        span = Duration()
        span.FromMilliseconds(round(1_000 * seconds))
        return span

    def _name(self, what: str) -> str:
        return f"{what}-{next(self._numbers)}"

    def _alarm(self) -> Message:
        return self._begun(ask.ReportAlarmRequest(zone=ZONE, source="A call"))

    def _warning(self) -> Message:
        return self._begun(warning(SHORT["id"]))

    def _begun(self, request: Opening) -> Opening:
        """Say where and under which plan, and how fast if it is an exercise."""
        request.venue, request.plan = VENUE, SHORT["id"]
        request.hazard = common_pb2.HAZARD_KIND_CROWDING
        request.mode = common_pb2.MODE_LIVE
        if self.pace > 1.0:
            request.mode, request.pace = common_pb2.MODE_EXERCISE, self.pace
        return request


async def load(path: Path, address: str, seed: str, lanes: int) -> None:
    """Live until a signal says stop."""
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    tokens = json.loads(os.environ[TOKENS_VARIABLE])

    async def lane(number: int) -> None:
        async with grpc.aio.insecure_channel(address, options=RECONNECTS) as channel:
            chance = random.Random(f"{seed}/{number}")  # noqa: S311 - repeatable, not secret
            one = Lane(Caller(channel, tokens, journal), chance)
            while not stopping.is_set():
                await one.live()

    with Journal(path) as journal:
        await asyncio.gather(*(lane(number) for number in range(lanes)))


if __name__ == "__main__":
    asyncio.run(load(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])))
