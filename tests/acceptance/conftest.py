"""The story, played once for all tests: a real stack, people with tokens of their own."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest

from services.cli.session.connection import Connection
from services.demo import stage, story
from services.demo.case import Case
from services.demo.performance import Performance, performance
from services.demo.play import Deed, Play

COMMAND_TIMEOUT_S = 60.0


@dataclass
class Listeners:
    """An audience that remembers."""

    acts: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)

    def begins(self, zh: str, en: str) -> None:
        assert zh
        self.acts.append(en)

    def hears(self, zh: str, en: str) -> None:
        assert zh
        self.told.append(en)

    def sees(self, deed: Deed) -> None:
        self.deeds.append(deed)


class Told(NamedTuple):
    """The story after its end, while everything still runs."""

    performance: Performance
    play: Play
    listeners: Listeners

    @property
    def case(self) -> Case:
        return self.performance.case

    @property
    def incident(self) -> str:
        return self.performance.incident

    @property
    def auditor(self) -> Connection:
        return self.performance.auditor


class Answer(NamedTuple):
    """What `muster` returned and said."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="package")
async def told() -> AsyncIterator[Told]:
    """Play the whole story."""
    with stage.folder(keep=False) as place:
        async with performance(place, story.CAST, Case()) as given:
            listeners = Listeners()
            play = given.play(listeners)
            await story.tell(play)
            yield Told(given, play, listeners)


async def muster(told: Told, *words: str, language: str = "en") -> Answer:
    """Run `muster` as somebody at this machine would."""
    environment = {
        **os.environ,
        "MUSTER_FOLDER": str(told.performance.place.root),
        "MUSTER_LANG": language,
        "COLUMNS": "160",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "services.cli.main", *words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    async with asyncio.timeout(COMMAND_TIMEOUT_S):
        out, err = await process.communicate()
    assert b"Traceback" not in err
    return Answer(process.returncode or 0, out.decode(), err.decode())
