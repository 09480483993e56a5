"""How soon `muster` answers from its table of commands; `python -m benchmarks.cli` prints it.

Each call is a process of its own, and they take turns, so that a busy machine is busy for all. The
ratios to a bare interpreter and to the help of an empty typer application compare across machines.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

OUT = Path(__file__).parent / "out" / "cli.json"
ROUNDS = 15
REACH_S = 0.25
BARE = "import typer\ntyper.Typer(callback=lambda: None, add_completion=False)()"

MUSTER = str(Path(sys.executable).with_name("muster"))
COMPLETING = {"_MUSTER_COMPLETE": "complete_bash", "COMP_WORDS": "muster pl", "COMP_CWORD": "1"}
CALLS: dict[str, tuple[list[str], dict[str, str]]] = {
    "python -c pass": ([sys.executable, "-c", "pass"], {}),
    "an empty application --help": ([sys.executable, "-c", BARE, "--help"], {}),
    "muster --help": ([MUSTER, "--help"], {}),
    "muster pl<TAB>": ([MUSTER], COMPLETING),
    "muster incident --help": ([MUSTER, "incident", "--help"], {}),
    "muster plan check --help": ([MUSTER, "plan", "check", "--help"], {}),
}


def main() -> None:
    """Measure, show, and write down."""
    took: dict[str, list[float]] = {call: [] for call in CALLS}
    for _ in range(ROUNDS):
        for call, seconds in took.items():
            seconds.append(_answered_s(*CALLS[call]))
    found = {call: median(seconds) for call, seconds in took.items()}
    bare, empty, *_ = found.values()
    for call, median_s in found.items():
        print(f"{call:28}{median_s:8.3f} s{median_s / bare:8.1f} x{median_s / empty:8.2f} x")
    verdict = "met" if found["muster --help"] <= REACH_S else "NOT MET"
    print(f"muster --help <= {REACH_S} s: {verdict}")
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def _answered_s(command: list[str], environment: dict[str, str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, env={**os.environ, **environment}, capture_output=True, check=True)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
