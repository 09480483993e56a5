"""`python -m benchmarks.soak --kills 300`: print figures, write them, exit 1 if a promise broke."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from benchmarks.soak.disturbance import Others
from benchmarks.soak.figures import figures, held, table
from benchmarks.soak.options import Options, read_options
from benchmarks.soak.plans import CHANNELS
from benchmarks.soak.runs.burst import burst
from benchmarks.soak.runs.failover import failover
from benchmarks.soak.runs.kills import kills
from benchmarks.soak.runs.owed import owed
from benchmarks.soak.runs.rush import compared
from benchmarks.torture.machine import Machine
from benchmarks.torture.outcome import Tell

NOTICES, DISPATCHES = 20, 3
INCIDENTS_AT_ONCE = 1_000
INCIDENTS_IN_A_RUSH = 300
COMPLAINTS_SHOWN = 12

Run = Callable[[Tell], Awaitable[dict[str, Any]]]


def runs(options: Options) -> Mapping[str, Run]:
    """Return every run by its name."""
    share = options.share
    return {
        "kills": lambda tell: kills(options, tell),
        "failover": lambda tell: failover(options, tell),
        "owed": lambda tell: owed(share(NOTICES), share(len(CHANNELS)), share(DISPATCHES), tell),
        "burst": lambda tell: burst(share(INCIDENTS_AT_ONCE), tell),
        "rush": lambda tell: compared(share(INCIDENTS_IN_A_RUSH), options.base, tell),
    }


async def soak(options: Options) -> dict[str, dict[str, Any]]:
    """Do what was chosen, one run after another; return what each brought."""
    begun = time.monotonic()
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    results = {}
    for name in options.runs:

        def tell(what: str, name: str = name) -> None:
            print(f"{time.monotonic() - begun:7.1f} s  {name}: {what}", flush=True)

        results[name] = await _measured(runs(options)[name], tell)
    return results


async def _measured(run: Run, tell: Tell) -> dict[str, Any]:
    """Do a run, and say what the machine did meanwhile; one that breaks off is told, too."""
    with Machine() as machine, Others() as others:
        try:
            brought = await run(tell)
        except Exception as error:  # noqa: BLE001 - the figures of the other runs must not be lost
            brought = {"stopped": f"{type(error).__name__}: {error}"}
            tell(f"STOPPED: {brought['stopped']}")
    for complaint in brought.get("complaints", [])[:COMPLAINTS_SHOWN]:
        tell(f"WRONG: {complaint}")
    if others.disturbed:
        tell(f"DISTURBED: others took {others.share:.0%} of the machine")
    share = {"others_share": round(others.share, 3), "disturbed": others.disturbed}
    return {**brought, **machine.figures, **share}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, write; return the exit code."""
    options = read_options(arguments)
    print(f"soak: seed {options.seed}, {' '.join(options.runs)}", flush=True)
    results = asyncio.run(soak(options))
    taken = figures(results, sizes_as_told=options.divide == 1)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(taken, indent=2) + "\n", "utf-8")
    details = {"seed": options.seed, **results}
    options.details.write_text(json.dumps(details, indent=2, ensure_ascii=False) + "\n", "utf-8")
    print(table(taken))
    print(f"seed {options.seed}   ({options.out}, {options.details.name})")
    return 0 if held(results) else 1


if __name__ == "__main__":
    sys.exit(main())
