"""Kill -9, and SIGSTOP for a while, of each process of a stack, as a seed decides."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks.soak.scene import Scene
from benchmarks.torture.outcome import Tell

PARTS = ("api", "worker", "follower", "notary", "postgres", "temporal")
BETWEEN_MIN_S, BETWEEN_MAX_S = 0.2, 1.5
VICTIM_TIMEOUT_S = 60.0
AT_WORK_TIMEOUT_S = 180.0
AT_WORK_BYTES = 2_048
"""What the load must have written down after a fault to count as being served again."""

POLL_S = 0.05
KILL, PAUSE = "kill", "pause"
FAMILY = 0.5
"""How often all of PostgreSQL's processes are killed, not its first alone."""


class Blow(NamedTuple):
    """What is done next, to what, and after how long."""

    after_s: float
    how: str
    part: str
    family: bool


def blows(seed: str, kills: int, pauses: int) -> Iterator[Blow]:
    """Return the same blows for the same seed; each part has its turn before any has another."""
    chance = random.Random(f"{seed}/faults")  # noqa: S311 - repeatable, not secret
    kinds = [KILL] * kills + [PAUSE] * pauses
    chance.shuffle(kinds)
    turns = {how: _turns(chance) for how in (KILL, PAUSE)}
    for how in kinds:
        family = chance.random() < FAMILY
        yield Blow(chance.uniform(BETWEEN_MIN_S, BETWEEN_MAX_S), how, next(turns[how]), family)


def _turns(chance: random.Random) -> Iterator[str]:
    while True:
        yield from chance.sample(PARTS, len(PARTS))


@dataclass
class Faults:
    """Does what a seed decides while a load writes its journal; a pause ends while others begin."""

    scene: Scene
    journal: Path
    pause_s: float
    done: Counter[str] = field(default_factory=Counter)
    served_after_s: list[float] = field(default_factory=list)
    _paused: asyncio.Task[None] | None = None

    @property
    def kills(self) -> int:
        """Return how many kills there were."""
        return sum(times for name, times in self.done.items() if name.startswith(KILL))

    @property
    def pauses(self) -> int:
        """Return how many pauses there were."""
        return self.done.total() - self.kills

    async def run(self, planned: list[Blow], tell: Tell) -> None:
        """Do all of it; raises TimeoutError if the load is never served again."""
        try:
            for number, blow in enumerate(planned, 1):
                await asyncio.sleep(blow.after_s)
                await self._strike(blow)
                self.done[f"{blow.how} {blow.part}"] += 1
                tell(f"{number}/{len(planned)} {blow.how} {blow.part}")
        finally:
            if self._paused:
                await self._paused

    async def _strike(self, blow: Blow) -> None:
        if blow.how == PAUSE:
            if self._paused:
                await self._paused
            victims = await self._found(blow.part, family=True)
            self._paused = asyncio.create_task(self._pause(victims))
            return
        for victim in await self._found(blow.part, family=blow.family):
            with contextlib.suppress(psutil.NoSuchProcess):
                victim.kill()
        begun = asyncio.get_running_loop().time()
        await goes_on(self.journal)
        self.served_after_s.append(asyncio.get_running_loop().time() - begun)

    async def _pause(self, victims: list[psutil.Process]) -> None:
        try:
            _all(victims, psutil.Process.suspend)
            await asyncio.sleep(self.pause_s)
        finally:
            _all(victims, psutil.Process.resume)

    async def _found(self, part: str, *, family: bool) -> list[psutil.Process]:
        """Return a part's process, or PostgreSQL's with its children, once it runs."""
        async with asyncio.timeout(VICTIM_TIMEOUT_S):
            while True:
                with contextlib.suppress(psutil.NoSuchProcess):
                    pid = self.scene.stack.parts[part]["pid"]
                    if pid and (first := psutil.Process(pid)).status() != psutil.STATUS_ZOMBIE:
                        return [first, *(first.children(recursive=True) if family else ())]
                await asyncio.sleep(POLL_S)


async def goes_on(journal: Path) -> None:
    """Wait until the load has written down more than it could unanswered."""
    before = _size(journal)
    async with asyncio.timeout(AT_WORK_TIMEOUT_S):
        while _size(journal) - before < AT_WORK_BYTES:
            await asyncio.sleep(POLL_S)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _all(victims: list[psutil.Process], do: Callable[[psutil.Process], None]) -> None:
    for victim in victims:
        with contextlib.suppress(psutil.NoSuchProcess):
            do(victim)
