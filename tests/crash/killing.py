"""Kill -9, at random moments, of each process in turn."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from dataclasses import dataclass, field

from services.local.folder import Folder
from services.local.stack import running

PARTS = ("api", "worker", "follower", "temporal", "postgres")
PAUSE_MIN_S, PAUSE_MAX_S = 0.5, 2.5
RESTART_TIMEOUT_S = 30.0


@dataclass
class Killer:
    """Kills each part several times, in an order and at moments that a seed decides."""

    place: Folder
    rounds: int
    seed: int
    killed: list[str] = field(default_factory=list)

    async def run(self) -> None:
        """Kill until every part was killed as often as there are rounds."""
        chance = random.Random(self.seed)  # noqa: S311 - repeatable, not secret
        for _ in range(self.rounds):
            for part in chance.sample(PARTS, len(PARTS)):
                await asyncio.sleep(chance.uniform(PAUSE_MIN_S, PAUSE_MAX_S))
                await self._kill(part)

    async def _kill(self, part: str) -> None:
        pid = self._pid(part)
        os.kill(pid, signal.SIGKILL)
        self.killed.append(part)
        async with asyncio.timeout(RESTART_TIMEOUT_S):
            while self._pid(part) == pid:
                await asyncio.sleep(0.05)

    def _pid(self, part: str) -> int:
        stack = running(self.place)
        assert stack is not None, "the supervisor is never killed here"
        return int(stack.parts[part]["pid"] or 0)
