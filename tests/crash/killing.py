"""Kill -9, at random moments, of each process in turn."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Sequence
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
    parts: Sequence[str] = PARTS
    killed: list[str] = field(default_factory=list)

    async def run(self) -> None:
        """Kill until every part was killed as often as there are rounds."""
        chance = random.Random(self.seed)  # noqa: S311 - repeatable, not secret
        for _ in range(self.rounds):
            for part in chance.sample(self.parts, len(self.parts)):
                await asyncio.sleep(chance.uniform(PAUSE_MIN_S, PAUSE_MAX_S))
                await self._kill(part)

    async def _kill(self, part: str) -> None:
        async with asyncio.timeout(RESTART_TIMEOUT_S):
            while not self._killed(part):
                await asyncio.sleep(0.05)
        self.killed.append(part)

    def _killed(self, part: str) -> bool:
        """Kill a part if it runs right now; one that is being restarted can not be killed."""
        stack = running(self.place)
        pid = stack and stack.parts[part]["pid"]
        if not pid:
            return False
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True
