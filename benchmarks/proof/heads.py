"""What the map of heads costs the appends: `python -m benchmarks.proof.heads`.

Two logs on one PostgreSQL with fsync, each with a notary in a process of its own, one with the map
and one without, take turns under the same writers; a figure is the median of its rounds.
"""

from __future__ import annotations

import asyncio
import json
import random
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks.log.drivers.muster_log import DATA, META
from benchmarks.log.place import Databases, databases
from benchmarks.proof.figures import keep
from eventstore.heads.index import HeadIndex
from eventstore.log.events import Appended, NewEvent
from eventstore.log.log import Log
from eventstore.notary.notary import Notary
from eventstore.proofs.proofs import Proofs
from eventstore.recorder.event_ids import event_id, new_command_id
from eventstore.tlog.note import Signer
from services.process import collect_seldom

WITH, WITHOUT = "muster", "young"
"""The names of the two databases."""

BATCHES = (1, 10)
ROUNDS = 8
ROUND_S = 3.0
REST_S = 0.5
WRITERS = 16
STREAMS_EACH = 200
"""Streams that a writer writes to in turns: 3,200 are written at a time."""

ROOT = bytes(32)
LAG_EVERY_S = 0.1


async def notarise(dsn: str, folder: str, kind: str) -> None:
    """Sign a log until told to stop, and say how far behind it was at most."""
    if kind == WITHOUT:
        _leave_the_map_out()
    collect_seldom()
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    proofs = await Proofs.open(dsn)
    notary = Notary(dsn, Path(folder), Signer.generate("example.org/log"), proofs)
    running = asyncio.create_task(notary.run())
    behind = 0.0
    while not stopping.is_set() and not running.done():
        behind = max(behind, notary.seen.lag_s)
        await asyncio.sleep(LAG_EVERY_S)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await proofs.close()
    print(json.dumps({"behind_s": behind, "signed": notary.seen.size}))


def _leave_the_map_out() -> None:
    """Have the notary do as the program before the map did, except for the line that is signed."""

    async def nothing(*_: object) -> None: ...

    async def begin(_: object, lineage: int, size: int, __: object) -> HeadIndex:
        return HeadIndex(lineage, size)

    for name, instead in (("read_on", nothing), ("keep", nothing), ("restore", nothing)):
        setattr(HeadIndex, name, instead)
    setattr(HeadIndex, "begin", staticmethod(begin))  # noqa: B010 - mypy would not have it otherwise
    setattr(HeadIndex, "root", lambda _: ROOT)  # noqa: B010 - likewise


@asynccontextmanager
async def notary(dsn: str, folder: Path, kind: str) -> AsyncIterator[dict[str, float]]:
    """Run a notary as a process; how it went is there afterwards."""
    asked = (sys.executable, "-m", "benchmarks.proof.heads", dsn, str(folder), kind)
    process = await asyncio.create_subprocess_exec(*asked, stdout=asyncio.subprocess.PIPE)
    went: dict[str, float] = {}
    try:
        yield went
    finally:
        process.terminate()
        said, _ = await process.communicate()
        went |= json.loads(said)


class Writers:
    """Sixteen tasks of one process that append to streams of their own, in turns."""

    def __init__(self, log: Log, seed: int) -> None:
        self._log = log
        self._chance = random.Random(seed)  # noqa: S311 - not for secrets
        self._versions: dict[str, int] = {}

    async def rate(self, batch: int) -> float:
        """Append for a while, and return how many events a second that was."""
        began = time.monotonic()
        tasks = [self._write(number, batch, began + ROUND_S) for number in range(WRITERS)]
        return sum(await asyncio.gather(*tasks)) / (time.monotonic() - began)

    async def _write(self, writer: int, batch: int, until: float) -> int:
        done = 0
        while time.monotonic() < until:
            stream = f"incident/{writer}-{self._chance.randrange(STREAMS_EACH)}"
            version = self._versions.get(stream, 0)
            now, command = datetime.now(UTC), new_command_id()
            ids = [event_id(command, number) for number in range(batch)]
            events = [NewEvent(one, "Reported", 1, now, DATA, META) for one in ids]
            assert isinstance(await self._log.append(stream, version, events), Appended)
            self._versions[stream] = version + batch
            done += batch
        return done


async def measure(found: Databases, folder: Path) -> dict[str, object]:
    """Write to both logs in turns, and say what the map costs."""
    rates: dict[tuple[str, int], list[float]] = {}
    went: dict[str, Mapping[str, float]] = {}
    async with AsyncExitStack() as opened:
        writers: dict[str, Writers] = {}
        for name in (WITH, WITHOUT):
            log = await Log.open(found.runtime(name))
            opened.push_async_callback(log.close)
            writers[name] = Writers(log, 7)
            went[name] = await opened.enter_async_context(
                notary(found.runtime(name), folder / name, name)
            )
        for number in range(ROUNDS):
            for batch in BATCHES:
                for name in (WITH, WITHOUT) if number % 2 else (WITHOUT, WITH):
                    rates.setdefault((name, batch), []).append(await writers[name].rate(batch))
                    await asyncio.sleep(REST_S)
    return _figures(rates, went)


def _figures(
    rates: Mapping[tuple[str, int], Sequence[float]], went: Mapping[str, Mapping[str, float]]
) -> dict[str, object]:
    figures: dict[str, object] = {}
    for batch in BATCHES:
        pairs = zip(rates[WITH, batch], rates[WITHOUT, batch], strict=True)
        figures[f"with_map_{WRITERS}x{batch}"] = round(median(rates[WITH, batch]))
        figures[f"without_map_{WRITERS}x{batch}"] = round(median(rates[WITHOUT, batch]))
        figures[f"head_map_cost_{WRITERS}x{batch}"] = round(
            1 - median(one / other for one, other in pairs), 4
        )
    figures["behind_s"] = round(went[WITH]["behind_s"], 3)
    figures["behind_without_map_s"] = round(went[WITHOUT]["behind_s"], 3)
    figures["events"] = went[WITH]["signed"]
    return figures


async def main() -> None:
    """Measure, print and write down."""
    collect_seldom()
    with tempfile.TemporaryDirectory(prefix="muster-head-map-") as folder:
        async with databases() as found:
            figures = await measure(found, Path(folder))
    keep({"head_map_cost": figures[f"head_map_cost_{WRITERS}x{min(BATCHES)}"], **figures})
    for name, figure in figures.items():
        print(f"{name:28} {figure}")


if __name__ == "__main__":
    asyncio.run(notarise(*sys.argv[1:]) if len(sys.argv) > 1 else main())
