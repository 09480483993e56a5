"""What a soak is asked for, refused clearly where it can't be done."""

from __future__ import annotations

import argparse
import random
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.place import HERE

OUT = HERE / "benchmarks" / "out" / "soak.json"
BASE = "7cc190a"
"""The last commit before the clock and the workflow were made anew."""

KILLS, KILLS_MAX = 300, 10_000
ONE_PAUSE_IN = 10
"""How many kills there are to a pause, unless said."""

PAUSE_S, PAUSE_MAX_S = 20.0, 600.0
LANES, LANES_MAX = 4, 32
DIVIDE_MAX = 1_000
RUNS = ("kills", "failover", "owed", "burst", "rush")


@dataclass(frozen=True)
class Options:
    """How much of what."""

    seed: str
    kills: int
    pauses: int
    pause_s: float
    lanes: int
    runs: tuple[str, ...]
    base: str
    divide: int
    out: Path

    def share(self, whole: int) -> int:
        """Return how many of so many there are in a run that is only tried."""
        return max(1, whole // self.divide)

    @property
    def evidence(self) -> Path:
        """Return where logs and journals of a run are left that did not hold."""
        return self.out.with_name(f"{self.out.stem}-evidence")

    @property
    def details(self) -> Path:
        """Return the file of all that is known of the runs."""
        return self.out.with_name(f"{self.out.stem}-details.json")


def read_options(arguments: Sequence[str] | None = None) -> Options:
    """Return what the command line says; end the program with what would be right otherwise."""
    parser = argparse.ArgumentParser(
        prog="soak", description="Kill, pause and load a whole stack; say what held and how late."
    )
    parser.add_argument("--seed", default="", help="decides which fault comes when")
    parser.add_argument("--kills", type=_whole(1, KILLS_MAX), default=KILLS)
    parser.add_argument(
        "--pauses", type=_whole(0, KILLS_MAX), help=f"one to {ONE_PAUSE_IN} kills unless said"
    )
    parser.add_argument("--pause-seconds", type=_seconds, default=PAUSE_S)
    parser.add_argument("--lanes", type=_whole(1, LANES_MAX), default=LANES)
    parser.add_argument("--runs", type=_runs, default=RUNS, help="some of: " + " ".join(RUNS))
    parser.add_argument("--base", default=BASE, help="the commit whose memory is compared")
    parser.add_argument(
        "--divide",
        type=_whole(1, DIVIDE_MAX),
        default=1,
        help="make owed, burst and rush so many times smaller: to try them, not to measure",
    )
    parser.add_argument("--out", type=Path, default=OUT, help="the file of figures")
    given = parser.parse_args(arguments)
    if "rush" in given.runs and not _is_commit(given.base):
        parser.error(
            f"argument --base: {given.base!r} names no commit here: name one that `git log` "
            "shows, or fetch the whole history first"
        )
    pauses = max(1, given.kills // ONE_PAUSE_IN) if given.pauses is None else given.pauses
    return Options(
        seed=given.seed or str(random.SystemRandom().randrange(10**6)),
        kills=given.kills,
        pauses=pauses,
        pause_s=given.pause_seconds,
        lanes=given.lanes,
        runs=given.runs,
        base=given.base,
        divide=given.divide,
        out=given.out,
    )


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and least <= int(text) <= most):
            raise argparse.ArgumentTypeError(
                f"{text!r} is no whole number from {least} to {most:,}"
            )
        return int(text)

    return read


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds <= PAUSE_MAX_S:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of seconds above 0 and up to {PAUSE_MAX_S:g}"
        )
    return seconds


def _runs(text: str) -> tuple[str, ...]:
    chosen = tuple(text.split())
    unknown = [name for name in chosen if name not in RUNS]
    if unknown or not chosen:
        raise argparse.ArgumentTypeError(
            f"{' '.join(unknown) or 'nothing'!r} is no run: choose some of {' '.join(RUNS)}"
        )
    return chosen


def _is_commit(name: str) -> bool:
    ask = ["git", "cat-file", "-e", f"{name}^{{commit}}"]
    return (
        not name.startswith("-")
        and not subprocess.run(ask, cwd=HERE, capture_output=True, check=False).returncode
    )
