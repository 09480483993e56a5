"""`python -m benchmarks.torture --seed S`: print figures, write a file, exit 1 if one is wrong."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.torture.checker import Verdict
from benchmarks.torture.faults.clock import NoCompiler, clock_steps
from benchmarks.torture.faults.cuts import cuts
from benchmarks.torture.faults.disk import NoMount, full_disk
from benchmarks.torture.faults.kills import kills
from benchmarks.torture.faults.partition import partitions
from benchmarks.torture.machine import Machine
from benchmarks.torture.outcome import Outcome, Tell, together

OUT = Path(__file__).parents[1] / "out" / "torture.json"
KILLS = 60
WRITERS = 4
PRINTED = ("kills", "acknowledged", "lost", "duplicated", "divergences", "seconds")
WIDTH = 14

Trial = Callable[[str, Tell], Awaitable[Outcome]]


def trials(count: int, writers: int) -> Mapping[str, Trial]:
    """Return every fault by its name."""
    return {
        "kills": lambda seed, tell: kills(seed, count, writers, tell),
        "cuts": cuts,
        "partitions": partitions,
        "clock": clock_steps,
        "full_disk": full_disk,
    }


async def torture(seed: str, chosen: Mapping[str, Trial]) -> dict[str, object]:
    """Try faults one after another; return the figures."""
    begun = time.monotonic()
    outcomes: list[Outcome] = []
    not_tried: dict[str, str] = {}
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    for name, trial in chosen.items():

        def tell(what: str, name: str = name) -> None:
            print(f"{time.monotonic() - begun:6.1f} s  {name}: {what}", flush=True)

        try:
            outcome = await trial(seed, tell)
        except (NoCompiler, NoMount) as reason:
            not_tried[name] = str(reason)
            tell(f"NOT TRIED: {reason}")
            continue
        except TimeoutError:
            outcome = Outcome(name, Verdict(complaints=["nobody was served again in time"]), {})
        tell(_summary(outcome))
        for complaint in outcome.verdict.complaints[:WIDTH]:
            tell(f"WRONG: {complaint}")
        outcomes.append(outcome)
    return {**together(seed, outcomes, time.monotonic() - begun), "not_tried": not_tried}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, write; return the exit code."""
    parser = argparse.ArgumentParser(prog="torture", description=__doc__)
    parser.add_argument("--seed", default="", help="what decides when which fault comes")
    parser.add_argument("--kills", type=int, default=KILLS, help="how many kill -9")
    parser.add_argument("--writers", type=int, default=WRITERS, help="how many processes write")
    parser.add_argument("--faults", default="", help="some of: " + " ".join(trials(0, 0)))
    parser.add_argument("--out", type=Path, default=OUT, help="the file of figures")
    given = parser.parse_args(arguments)
    seed = given.seed or str(random.SystemRandom().randrange(10**6))
    known = trials(given.kills, given.writers)
    chosen = {name: known[name] for name in given.faults.split() or known}
    print(f"torture: seed {seed}, {', '.join(chosen)}", flush=True)
    with Machine() as machine:
        figures = {**asyncio.run(torture(seed, chosen)), **machine.figures}
    given.out.parent.mkdir(exist_ok=True)
    given.out.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", "utf-8")
    for key in PRINTED:
        print(f"{key:>{WIDTH}}  {figures[key]}")
    print(f"{'seed':>{WIDTH}}  {seed}   ({given.out})")
    return 1 if figures["divergences"] or figures["not_tried"] else 0


def _summary(outcome: Outcome) -> str:
    verdict = outcome.verdict
    figures = ", ".join(f"{name} {value}" for name, value in outcome.figures.items())
    return (
        f"{verdict.events} events, {verdict.acknowledged} commands acknowledged, "
        f"{verdict.lost} lost, {verdict.duplicated} twice, {verdict.divergences} wrong; {figures}"
    )


if __name__ == "__main__":
    sys.exit(main())
