"""Kill -9 of the database, of those who write and of those who follow, while they work."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

import psutil

from benchmarks.torture.kept import Kept
from benchmarks.torture.outcome import Outcome, Tell
from benchmarks.torture.place import Place, place

PAUSE_MIN_S, PAUSE_MAX_S = 0.1, 1.0
VICTIM_TIMEOUT_S = 60.0
POLL_S = 0.02

POSTMASTER, FAMILY, BACKEND = "postgres", "postgres, all of it", "one backend of postgres"
WRITER, WATCHER, NOTARY = "writer", "watcher", "notary"
OFTEN = {POSTMASTER: 4, FAMILY: 4, BACKEND: 3, WRITER: 6, WATCHER: 2, NOTARY: 3}


class Blow(NamedTuple):
    """What is killed next, and when."""

    pause_s: float
    victim: str
    chance: float
    """Which one of several, as a fraction."""


def blows(seed: str, count: int) -> Iterator[Blow]:
    """Return the same blows for the same seed; every kind comes before any comes again."""
    chance = random.Random(f"{seed}/kills")  # noqa: S311 - repeatable, not secret
    first = chance.sample(list(OFTEN), len(OFTEN))
    rest = chance.choices(list(OFTEN), list(OFTEN.values()), k=max(0, count - len(first)))
    for victim in (first + rest)[:count]:
        yield Blow(chance.uniform(PAUSE_MIN_S, PAUSE_MAX_S), victim, chance.random())


async def kills(seed: str, count: int, writers: int, tell: Tell) -> Outcome:
    """Kill `count` times, then let everybody end what they began, and judge."""
    async with place(seed) as here:
        for _ in range(writers):
            await here.write()
        for _ in range((writers + 1) // 2):
            await here.watch()
        await here.notarise()
        await here.at_work()
        executioner = Executioner(here)
        for number, blow in enumerate(blows(seed, count), 1):
            await executioner.strike(blow)
            tell(f"{number}/{count} {blow.victim}")
        verdict = await here.settle()
    return Outcome("kills", verdict, executioner.figures, kills=executioner.killed.total())


@dataclass
class Executioner:
    """Kills what is at work, and measures how long it takes until somebody is served again."""

    place: Place
    killed: Counter[str] = field(default_factory=Counter)
    back_after_s: list[float] = field(default_factory=list)
    signed_before: str | None = None

    @property
    def figures(self) -> dict[str, object]:
        """Return what was killed how often, and how long nobody was served."""
        return {
            "killed": dict(self.killed),
            "postgres_back_after_s_median": round(median(self.back_after_s), 3),
            "postgres_back_after_s_max": round(max(self.back_after_s), 3),
        }

    async def strike(self, blow: Blow) -> None:
        """Kill one; the next blow waits until work goes on."""
        await asyncio.sleep(blow.pause_s)
        match blow.victim:
            case "writer" | "watcher":
                group = self.place.writers if blow.victim == WRITER else self.place.watchers
                await self._kill_process(group[int(blow.chance * len(group))])
            case "notary":
                await self._kill_notary()
            case _:
                await self._kill_postgres(blow)
        self.killed[blow.victim] += 1

    async def _kill_process(self, process: Kept) -> None:
        """Kill a process that noted something since it was killed last."""
        async with asyncio.timeout(VICTIM_TIMEOUT_S):
            while not process.kill():
                await asyncio.sleep(POLL_S)
        await self.place.goes_on(process)

    async def _kill_notary(self) -> None:
        """Kill the notary, once it has signed something since it was killed last."""
        notary = self.place.notary
        assert notary is not None
        async with asyncio.timeout(VICTIM_TIMEOUT_S):
            while self.place.signed() == self.signed_before or not notary.kill():
                await asyncio.sleep(POLL_S)
        self.signed_before = self.place.signed()

    async def _kill_postgres(self, blow: Blow) -> None:
        async with asyncio.timeout(VICTIM_TIMEOUT_S):
            while not self._killed_postgres(blow):
                await asyncio.sleep(POLL_S)
        begun = time.monotonic()
        await self.place.goes_on(*self.place.writers)
        self.back_after_s.append(time.monotonic() - begun)

    def _killed_postgres(self, blow: Blow) -> bool:
        server = self.place.server
        if blow.victim != BACKEND:
            return server.kill(family=blow.victim == FAMILY)
        backends = [child for child in _children(server) if _is_backend(child)]
        if not backends:
            return False
        backends[int(blow.chance * len(backends))].kill()
        return True


def _children(server: Kept) -> list[psutil.Process]:
    try:
        return psutil.Process(server.pid).children()
    except psutil.NoSuchProcess:
        return []


def _is_backend(process: psutil.Process) -> bool:
    """Tell whether it serves somebody who uses the log, as its title says."""
    try:
        return "muster_runtime" in " ".join(process.cmdline())
    except psutil.Error:
        return False
