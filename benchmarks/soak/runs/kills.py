"""Every process of a stack killed and paused under load: what was promised, and what is due."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any

from muster.v1.common_pb2 import CHANNEL_KIND_MAIL
from muster.v1.resource_service_pb2 import Channel

from benchmarks.soak.checker import look
from benchmarks.soak.faults import Faults, blows, goes_on
from benchmarks.soak.load import TOKENS_VARIABLE
from benchmarks.soak.options import Options
from benchmarks.soak.plans import KIND, REACHED, SHORT
from benchmarks.soak.scene import Scene, scene
from benchmarks.torture.evidence import Event
from benchmarks.torture.outcome import Tell
from services.local.folder import Folder

UNITS = 40
LOAD_STOP_S = 180.0
SETTLE_S = 120.0
LOOK_EVERY_S = 3.0


async def kills(options: Options, tell: Tell) -> dict[str, Any]:
    """Kill and pause under load, let everything settle, and judge."""
    async with scene(SHORT, evidence=options.evidence) as at:
        await furnish(at)
        async with loading(at, options.seed, options.lanes) as journal:
            await goes_on(journal)
            faults = Faults(at, journal, options.pause_s)
            await faults.run(list(blows(options.seed, options.kills, options.pauses)), tell)
        tell("the load has stopped; what is due must happen now")
        begun = time.monotonic()
        verdict = await settled(at, [journal])
        await keep_if_wrong(verdict, at, [journal], options.evidence)
    return {
        "kills": faults.kills,
        "pauses": faults.pauses,
        **verdict,
        "settled_s": round(time.monotonic() - begun, 1),
        "faults": dict(sorted(faults.done.items())),
        "served_again_s_median": round(median(faults.served_after_s or [0.0]), 3),
        "served_again_s_max": round(max(faults.served_after_s or [0.0]), 3),
    }


async def furnish(at: Scene) -> None:
    """Register who is reached by mail, and units."""
    mail = {
        person: Channel(kind=CHANNEL_KIND_MAIL, address=f"{person}@soak.example")
        for person in REACHED
    }
    await at.reach(mail)
    await at.station(KIND, UNITS)


@asynccontextmanager
async def loading(
    at: Scene, seed: str, lanes: int, address: str | None = None
) -> AsyncIterator[Path]:
    """Run the load until left; whoever ends too late, or by itself, is a fault of the service."""
    journal = at.place.stack.folder.root / "load.jsonl"
    own = [str(journal), address or at.place.stack.api, seed, str(lanes)]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "benchmarks.soak.load", *own),
        env={**os.environ, TOKENS_VARIABLE: json.dumps(dict(at.caller.tokens))},
    )
    try:
        yield journal
        assert process.returncode is None, "the load ended by itself"
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), LOAD_STOP_S) == 0, "the load failed"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def settled(at: Scene, journals: list[Path]) -> dict[str, Any]:
    """Judge once nothing is overdue any more, or when that never comes to be."""
    until = time.monotonic() + SETTLE_S
    while True:
        verdict = await at.judge(journals)
        overdue = verdict["deadlines_unfired"] + verdict["notifications_unsettled"]
        if not overdue or time.monotonic() > until:
            return verdict
        await asyncio.sleep(LOOK_EVERY_S)


async def keep_if_wrong(
    verdict: dict[str, Any], at: Scene, journals: list[Path], evidence: Path
) -> None:
    """Keep the logs, the journals and the events of a run that did not hold."""
    if not verdict["complaints_in_all"]:
        return
    _, log = await look(at.dsn)
    await asyncio.to_thread(_keep, evidence, [*journals, at.journal], at.place.stack.folder, log)


def _keep(evidence: Path, journals: list[Path], folder: Folder, log: list[Event]) -> None:
    evidence.mkdir(parents=True, exist_ok=True)
    for file in (*journals, *folder.logs.iterdir()):
        shutil.copyfile(file, evidence / file.name)
    rows = (
        {**event._asdict(), "hash": event.hash.hex()}
        for event in log  # as text, so that `grep` and `jq` find what a complaint is about
    )
    lines = (json.dumps(row, default=str, ensure_ascii=False) + "\n" for row in rows)
    (evidence / "events.jsonl").write_text("".join(lines), "utf-8")
