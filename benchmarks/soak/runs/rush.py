"""Many incidents opened within a minute, with nobody who can be called; two programs compared."""

from __future__ import annotations

import asyncio
import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from google.protobuf.message import Message
from muster.v1 import common_pb2
from muster.v1 import incident_commands_pb2 as ask

from benchmarks.hall import VENUE, ZONE
from benchmarks.place import HERE
from benchmarks.soak.plans import HASTY
from benchmarks.soak.scene import Verdict, scene
from benchmarks.torture.outcome import Tell

PER_S = 5.0
"""Alarms in a second: three hundred within a minute."""

QUIET_WITHIN_S = 120.0
LIVE_ON_S = 35.0
"""After the last one was opened: its own deadlines come."""

WEIGHED = ("worker", "follower", "api")
MIB = 1 << 20
TAKEN = ("deadline_late_p50_s", "deadline_late_max_s", "outcome_p50_s", "outcome_max_s")
TOLD = ("deadlines_passed", "deadlines_unfired", "notifications_unsettled", "lost", "doubled")


async def compared(incidents: int, commit: str, tell: Tell) -> dict[str, Any]:
    """Measure this program, and beside it the one of a commit before; compare their memory."""
    with base(commit) as before:
        tell(f"as it was at {commit}")
        then = await rush(incidents, tell, before)
    tell("as it is")
    now = await rush(incidents, tell)
    ratio = round(now["rss_mib_together"] / then["rss_mib_together"], 3)
    return {**now, "rss_ratio": ratio, "base": {"commit": commit, **then}}


async def rush(incidents: int, tell: Tell, code: Path = HERE) -> dict[str, Any]:
    """Open incidents at a steady pace, let deadlines pass; return how late they were."""
    async with scene(HASTY, code) as at:
        alarms = (_alarm() for _ in range(incidents))
        await at.ask_all("operator", alarms, per_s=PER_S)
        await asyncio.sleep(LIVE_ON_S)
        quiet = await at.until_told(within_s=QUIET_WITHIN_S)
        if not quiet:
            tell(f"{await at.owed()} notifications are still owed")
        cpu_s = at.cpu_s()
        weights = {part: at.rss_bytes(part) / MIB for part in WEIGHED}
        verdict: Verdict = await at.judge()
    return {
        **{key: verdict[key] for key in (*TAKEN, *TOLD, "complaints", "complaints_in_all")},
        "cpu_s": cpu_s,
        "rss_mib": {part: round(weight, 1) for part, weight in weights.items()},
        "rss_mib_together": round(sum(weights.values()), 1),
    }


@contextmanager
def base(commit: str) -> Iterator[Path]:
    """Lay out the tree of a commit in a temporary folder."""
    command = ["git", "archive", commit]
    archive = subprocess.run(command, cwd=HERE, capture_output=True, check=True).stdout
    with tempfile.TemporaryDirectory(prefix="muster-base-") as folder:
        Path(folder).chmod(0o755)
        with tarfile.open(fileobj=io.BytesIO(archive)) as tree:
            tree.extractall(folder, filter="data")
        yield Path(folder)


def _alarm() -> Message:
    return ask.ReportAlarmRequest(
        venue=VENUE,
        plan=HASTY["id"],
        hazard=common_pb2.HAZARD_KIND_CROWDING,
        mode=common_pb2.MODE_LIVE,
        zone=ZONE,
        source="A call",
    )
