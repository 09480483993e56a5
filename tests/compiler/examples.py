"""The example plan, and the changes to it that the kinds of finding give as examples."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

from compiler.syntax.yaml import read
from domain.plan.model.plan import Plan

EXAMPLE = Path(__file__).parents[2] / "docs" / "reference" / "example-plan.yaml"
REMOVED = "-"
"""What stands for a value that is taken away."""

_PLAIN: Any = read(EXAMPLE.read_text(encoding="utf-8")).plain

EXAMPLE_PLAN = Plan.model_validate(_PLAIN)


def example_with(changes: str) -> Plan:
    """Return the example plan after changes: a line each, `<JSON pointer>: <YAML>`."""
    return Plan.model_validate(changed_example(changes))


def changed_example(changes: str) -> Any:
    """Return the same as it is written, whether it is a plan or not."""
    plan = deepcopy(_PLAIN)
    for line in changes.strip().splitlines():
        where, value = line.split(": ", 1)
        _change(plan, where, value)
    return plan


def _change(plan: Any, where: str, value: str) -> None:
    *path, last = where.strip().removeprefix("/").split("/")
    inner: Any = plan
    for step in path:
        inner = inner[int(step)] if isinstance(inner, list) else inner[step]
    key: Any = int(last) if isinstance(inner, list) and last != "-" else last
    written: Any = None if value == REMOVED else read(f"value: {value}").plain
    if written is None:
        del inner[key]
    elif isinstance(inner, list) and last == "-":
        inner.append(written["value"])
    else:
        inner[key] = written["value"]
