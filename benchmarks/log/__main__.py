"""Compare, print the table, and write `benchmarks/out/log.json` and `log.svg`.

All stores take turns in rounds, so that what else the machine does meets all of them alike; a
figure is the median of its rounds. Compare figures within one run, not across runs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.folding import lived
from benchmarks.log import chart, growth
from benchmarks.log.drivers.muster_log import DATA, META
from benchmarks.log.driving import Driver, drivers
from benchmarks.log.goals import GOALS, ratios
from benchmarks.log.peers import install
from benchmarks.log.place import Databases, databases
from domain.decider import decode
from domain.incident.decider import INCIDENTS
from eventstore.integrity.audit import audit
from eventstore.log.log import Log
from services.process import collect_seldom

OUT = Path(__file__).parents[1] / "out"
WORK = {
    "w16x1": {"writers": 16, "batch": 1},
    "w16x10": {"writers": 16, "batch": 10},
    "w1x1": {"writers": 1, "batch": 1},
}
UNREAD = frozenset({"emmett", "unsealed"})
"""Emmett has no way to read all but its consumers; unsealed is read as sealed is."""


GROWING = ("young", "muster")
"""A log that has just begun, and the one that has grown."""
REST_S = 0.5
"""Before each turn, so that nobody pays for what the one before left to be written."""
GROWN_ROUNDS = 7
WARM_S = 10.0
"""Until caches hold what they will; the first writes after a checkpoint write whole pages."""

DECODED_EVENTS = 100_000

Figures = dict[str, dict[str, float]]
"""By store, then by what was measured."""


async def main(asked: argparse.Namespace) -> None:
    """Measure, show, and write down."""
    peers = install()
    begun = time.perf_counter()
    async with databases() as places, drivers(places, peers) as found:
        compared = {name: driver for name, driver in found.items() if name != "young"}
        figures: Figures = {name: {} for name in compared}
        await _append(compared, figures, asked.rounds, asked.seconds)
        await _read(compared, figures, asked.rounds)
        ours = figures["muster"]
        ours["verify_per_s"] = await _verify(places.runtime("muster"))
        ours["read_decoded_per_s"] = await _decode(places.runtime("muster"))
        await _grow(places, found, ours, asked)
    goals = ratios(figures)
    _show(figures, goals)
    OUT.mkdir(exist_ok=True)
    took = {"seconds": time.perf_counter() - begun, "events": asked.events}
    written = {**goals, "figures": figures, "run": took}
    (OUT / "log.json").write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
    (OUT / "log.svg").write_text(chart.drawn(figures), encoding="utf-8")
    print(f"written to {OUT / 'log.json'} and {OUT / 'log.svg'}, {took['seconds']:.0f} s")


async def _append(
    found: Mapping[str, Driver], figures: Figures, rounds: int, seconds: float
) -> None:
    for work, how in WORK.items():
        seen: dict[str, list[dict[str, float]]] = {name: [] for name in found}
        for turn in range(rounds):
            for name in _in_turn([*found], turn):
                _tell(f"{work} {turn + 1}/{rounds} {name}")
                await asyncio.sleep(REST_S)
                seen[name].append(await found[name].ask(do="append", seconds=seconds, **how))
        for name, rows in seen.items():
            figures[name][f"{work}_per_s"] = median(_rate(row) for row in rows)
            figures[name][f"{work}_ms"] = median(row["latency_ms"] for row in rows)


def _in_turn(names: list[str], turn: int) -> list[str]:
    """Return the names in another order each time: nobody always comes after the same other."""
    first = turn * 3 % len(names)
    order = names[first:] + names[:first]
    return order if turn % 2 == 0 else order[::-1]


async def _read(found: Mapping[str, Driver], figures: Figures, rounds: int) -> None:
    for name, driver in found.items():
        if name in UNREAD:
            continue
        _tell(f"read {name}")
        rows = [await driver.ask(do="read") for _ in range(rounds)]
        figures[name]["read_raw_per_s"] = median(_rate(row) for row in rows)


async def _verify(dsn: str) -> float:
    """Return how many events a second are verified, chain and tree."""
    _tell("verify")
    begun = time.perf_counter()
    report = await audit(dsn, None, None, lambda _: None)
    assert not report.flaws, report.flaws
    return report.size / (time.perf_counter() - begun)


async def _decode(dsn: str) -> float:
    """Return how many facts a second are read and decoded: a long incident of real kinds."""
    _tell("decode")
    log = await Log.open(dsn)
    await lived(log, "long", DECODED_EVENTS)
    begun, count = time.perf_counter(), 0
    async for page in log.read_facts("incident/long"):
        count += len([decode(INCIDENTS, kind, shape, data) for _, _, kind, shape, data in page])
    took = time.perf_counter() - begun
    await log.close()
    return count / took


async def _grow(
    places: Databases,
    found: Mapping[str, Driver],
    ours: dict[str, float],
    asked: argparse.Namespace,
) -> None:
    """Measure the log that has grown beside one that has just begun, in turns."""
    ours["filling_s"] = await growth.grown(places, asked.events, DATA, META)
    work = WORK["w16x10"]
    for name in GROWING:
        await found[name].ask(do="append", seconds=WARM_S, **work)
    rows: dict[str, list[float]] = {name: [] for name in GROWING}
    for turn in range(GROWN_ROUNDS):
        for name in GROWING:
            _tell(f"grown {turn + 1}/{GROWN_ROUNDS} {name}")
            rows[name].append(
                _rate(await found[name].ask(do="append", seconds=asked.seconds, **work))
            )
    ours["young_w16x10_per_s"], ours["grown_w16x10_per_s"] = (
        median(rows[name]) for name in GROWING
    )


def _rate(row: Mapping[str, float]) -> float:
    return row["events"] / row["seconds"]


def _show(figures: Figures, goals: Mapping[str, float]) -> None:
    columns = ("w16x1_per_s", "w16x10_per_s", "w1x1_ms", "read_raw_per_s")
    print(f"{'':26}" + "".join(f"{column:>16}" for column in columns))
    for name, found in figures.items():
        cells: list[Any] = [found.get(column) for column in columns]
        shown = (
            "-" if cell is None else f"{cell:,.2f}"[: 12 if cell < 100 else -3] for cell in cells
        )
        print(f"{name:26}" + "".join(f"{cell:>16}" for cell in shown))
    print()
    for goal in GOALS:
        value = goals.get(goal.key)
        said = "not measured" if value is None else f"{value:,.3f}"
        verdict = "" if value is None else "met" if goal.is_met(value) else "NOT MET"
        print(f"{goal.what:58}{said:>14}  {goal.reach:12}{verdict}")


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.log", description=__doc__)
    parser.add_argument("--events", type=int, default=5_000_000, help="to which the log grows")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.5, help="each store, each round")
    return parser.parse_args()


if __name__ == "__main__":
    collect_seldom()  # as the processes do that are measured
    asyncio.run(main(_asked()))
