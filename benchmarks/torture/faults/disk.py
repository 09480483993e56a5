"""The disk of PostgreSQL runs full under load, again and again, and room is made each time.

Its data and its write-ahead log lie on a small file system in memory, with a ballast file beside
them: what room the ballast leaves decides whether a table or the write-ahead log meets the end
first. The one is an error of an append, the other ends the whole server until there is room.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.torture.outcome import Outcome, Tell
from benchmarks.torture.place import Place, place
from services.local.postgres import Postgres

WRITERS = 2
ROUNDS = 4
DISK_BYTES = 512_000_000
SETTINGS = {"max_wal_size": "48MB", "min_wal_size": "32MB", "checkpoint_timeout": "30s"}
PADDING = "6000"
"""Characters of an entered line, so that a disk fills in seconds."""

ROOM_MIN, ROOM_MAX = 2_000_000, 20_000_000
STANDS_STILL_S = 1.5
"""So long without an answer to anybody: the disk is full."""

FULL_TIMEOUT_S = 180.0
STAYS_FULL_S = 3.0
ATTEMPTS = 10
POLL_S = 0.05


class NoMount(Exception):
    """Nothing may be mounted here."""


async def full_disk(seed: str, tell: Tell) -> Outcome:
    """Let the disk run full, and make room; what was acknowledged is there, and work goes on."""
    chance = random.Random(f"{seed}/disk")  # noqa: S311 - repeatable, not secret
    back_after_s = []
    async with place(seed, settings=SETTINGS, disk=small_disk) as here:
        for _ in range(WRITERS):
            await here.write(MUSTER_TORTURE_PADDING=PADDING)
        await here.watch()
        ballast = here.folder.postgres / "data" / "ballast"
        for number in range(1, ROUNDS + 1):
            await here.at_work()
            room = chance.randrange(ROOM_MIN, ROOM_MAX)
            deaths = here.server.deaths
            _leave(room, ballast)
            await _stands_still(here)
            await asyncio.sleep(STAYS_FULL_S)
            ended = here.server.deaths > deaths
            ballast.unlink()
            begun = time.monotonic()
            await here.goes_on(*here.writers)
            back_after_s.append(time.monotonic() - begun)
            how = "PostgreSQL ended" if ended else "PostgreSQL refused"
            back = f"back {back_after_s[-1]:.2f} s after there was room"
            tell(f"{number}/{ROUNDS} with {room / 1e6:.0f} MB left: {how}, {back}")
        deaths = here.server.deaths
        verdict = await here.settle()
    figures: dict[str, object] = {
        "rounds": ROUNDS,
        "server_ended": deaths,
        "back_after_s_max": round(max(back_after_s), 3),
    }
    return Outcome("full_disk", verdict, figures)


@contextmanager
def small_disk(postgres: Postgres) -> Iterator[None]:
    """Mount a small file system where the data will be. Raises NoMount."""
    data = postgres.folder.postgres / "data"
    data.mkdir(parents=True, exist_ok=True)
    who = pwd.getpwnam(postgres.user) if postgres.user else pwd.getpwuid(os.geteuid())
    options = f"size={DISK_BYTES},mode=0700,uid={who.pw_uid},gid={who.pw_gid}"
    command = ["mount", "-t", "tmpfs", "-o", options, "muster-torture", str(data)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoMount(f"a small disk can't be mounted: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(data)], check=True)


def _leave(room: int, ballast: Path) -> None:
    """Fill the disk up to some bytes."""
    with ballast.open("wb") as file:
        for _ in range(ATTEMPTS):
            found = os.statvfs(ballast.parent)
            take = found.f_bavail * found.f_frsize - room
            with contextlib.suppress(OSError):  # somebody took some of it meanwhile
                os.posix_fallocate(file.fileno(), 0, max(take, 1))
                return


async def _stands_still(here: Place) -> None:
    """Wait until nobody is answered any more."""
    async with asyncio.timeout(FULL_TIMEOUT_S):
        answered = (here.answered(), time.monotonic())
        while time.monotonic() - answered[1] < STANDS_STILL_S:
            await asyncio.sleep(POLL_S)
            if (now := here.answered()) != answered[0]:
                answered = (now, time.monotonic())
