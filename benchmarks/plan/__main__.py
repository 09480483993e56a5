"""Measure how long a large plan takes to be checked; write `benchmarks/out/plan.json`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from statistics import median

import yaml

from benchmarks.plan.big import big_plan
from compiler.analysis.egress import egress
from compiler.check import TOPICS, check
from compiler.driver import inspect
from compiler.syntax import yaml as plan_yaml
from domain.plan.model.plan import Plan

OUT = Path(__file__).parents[1] / "out" / "plan.json"
ROUNDS = 5
LIMIT_S = 2.0
ON = date(2026, 12, 1)


def main() -> None:
    """Measure, show, and write down."""
    text = yaml.safe_dump(big_plan(), allow_unicode=True, sort_keys=False)
    found = inspect(text, "big.yaml", ON)
    assert found.plan is not None, found.diagnostics[:5]
    assert not found.errors, found.errors[:5]
    plan, plain = found.plan, plan_yaml.read(text).plain
    figures = {
        "read_s": _timed(lambda: plan_yaml.read(text)),
        "understand_s": _timed(lambda: Plan.model_validate(plain)),
        "egress_s": _timed(lambda: egress(plan.venues[0])),
        "check_s": _timed(lambda: check(Plan.model_validate(plain), ON)),
        "inspect_s": _timed(lambda: inspect(text, "big.yaml", ON)),
        "command_s": _command(text),
    }
    slowest = {
        topic.__name__.rsplit(".", 1)[1]: _timed(partial(_run, topic, plan), rounds=1)
        for topic in TOPICS
    }
    size = {
        "bytes": len(text.encode()),
        "tasks": len(plan.tasks),
        "findings": len(found.diagnostics),
    }
    for name, value in figures.items():
        print(f"{name:14}{value:8.3f}")
    for name, value in sorted(slowest.items(), key=lambda one: -one[1])[:6]:
        print(f"  {name:12}{value:8.3f}")
    print(f"inspect_s <= {LIMIT_S}: {'met' if figures['inspect_s'] <= LIMIT_S else 'NOT MET'}")
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(
        json.dumps({**figures, "size": size, "topics": slowest}, indent=2) + "\n", "utf-8"
    )


def _run(topic: object, plan: Plan) -> None:
    for rule in topic.RULES:  # type: ignore[attr-defined] # each topic has its rules
        list(rule(plan))


def _timed(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    took = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        took.append(time.perf_counter() - begun)
    return median(took)


def _command(text: str) -> float:
    """Return how long `muster plan check` takes, from the shell and back."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "big.yaml"
        file.write_text(text, encoding="utf-8")
        muster = Path(sys.executable).parent / "muster"
        words = (str(muster), "plan", "check", str(file), "--brief")
        return _timed(lambda: subprocess.run(words, check=False, capture_output=True), rounds=3)


if __name__ == "__main__":
    main()
