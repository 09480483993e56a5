"""What is fed to the compiler of plans: bytes as they come, and plans with something changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import deepcopy
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import yaml

from compiler.analysis.failure_points import failure_points
from compiler.check import check
from compiler.diagnostics.diagnostic import Diagnostic
from compiler.driver import Inspection, inspect
from compiler.report.text import render
from compiler.syntax.yaml import LINE_BREAK, read
from domain.plan.canonical import canonical, pinned
from domain.plan.model.plan import Plan
from tests.domain.plan.plans import written

EXAMPLE = (Path(__file__).parents[2] / "docs" / "reference" / "example-plan.yaml").read_text(
    "utf-8"
)
WHOLE: Any = read(EXAMPLE).plain
SMALL: Any = json.loads(json.dumps(written()))
ON = date(2026, 12, 1)
FORMS = 3
"""Of writing a plan out."""
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

EXTREMES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 10**15, -(10**15), 0.0, -0.0, 1e-308, 1e308, "", " ", "0",
    "\ufeff", "\u202e", "🚨", "a" * 5_000, "null", "2026-02-30", "0001-01-01", "9999-12-31",
    "24:00", "0 s", "365 d", "999999999 d", "P1Y", "PT0S", "-PT1S", "I", "V", "fire",
    [], {}, [[]], [None], {"zh": ""}, {"zh": "x", "en": None}, {"a": {"b": []}},
)  # fmt: skip
"""What somebody might write by mistake, or on purpose."""


class Chance(Protocol):
    """Where what is changed comes from: a fuzzer, or a seed."""

    def ConsumeIntInRange(self, low: int, high: int) -> int:  # noqa: N802 - as atheris calls it
        """Return a number."""


def looked_at(source: str | bytes) -> Inspection:
    """Read, check and render a text; whatever raises is a fault of ours."""
    found = inspect(source, "any.yaml", ON)
    for language in ("zh", "en"):
        render(found.diagnostics, language, explained=True)
    _within(found.diagnostics, source)
    if found.plan is not None:
        _kept(found.plan)
    return found


def understood(tree: Any) -> Plan | None:
    """Do the same for a plan that need not be read, which is faster; None if it is none."""
    try:
        plan = Plan.model_validate(tree)
    except ValueError:
        return None
    check(plan, ON)
    failure_points(plan)
    _kept(plan)
    return plan


def written_out(tree: Any, chance: Chance) -> str:
    """Return a plan as somebody might write it: in blocks, or in brackets."""
    dump = partial(yaml.dump, tree, Dumper=DUMPER, allow_unicode=True, sort_keys=False)
    match chance.ConsumeIntInRange(0, FORMS - 1):
        case 0:
            return str(dump(default_flow_style=False))
        case 1:
            return str(dump(default_flow_style=True, width=40))
        case _:
            return json.dumps(tree, ensure_ascii=False)


def _within(diagnostics: Sequence[Diagnostic], source: str | bytes) -> None:
    """See that all that is told of stands in the text; a line's end belongs to it."""
    text = source if isinstance(source, str) else source.decode("utf-8-sig", "replace")
    lines = LINE_BREAK.split(text)
    for one in diagnostics:
        assert 1 <= one.line <= len(lines), one
        assert 1 <= one.column <= len(lines[one.line - 1]) + 1, one
        assert one.length >= 1, one


def _kept(plan: Plan) -> None:
    """See that a plan keeps its text and its hash, whatever is wrong with it."""
    text = canonical(plan)
    assert pinned(Plan.model_validate_json(text)).ref == pinned(plan).ref


def changed(base: Any, chance: Chance, times: int) -> Any:
    """Return a plan with some values removed, repeated, swapped or replaced by extremes."""
    tree = deepcopy(base)
    for _ in range(times):
        above, key = _somewhere(tree, chance)
        match chance.ConsumeIntInRange(0, 4):
            case 0:
                del above[key]
            case 1 if isinstance(above, list):
                above.insert(int(key), deepcopy(above[key]))
            case 2:
                other, place = _somewhere(tree, chance)
                above[key] = deepcopy(other[place])
            case _:
                above[key] = deepcopy(EXTREMES[chance.ConsumeIntInRange(0, len(EXTREMES) - 1)])
        if not tree:
            return tree
    return tree


def _somewhere(tree: Any, chance: Chance) -> tuple[Any, Any]:
    """Return a mapping or list, and one of its keys."""
    while True:
        keys = [*tree] if isinstance(tree, dict) else [*range(len(tree))]
        key = keys[chance.ConsumeIntInRange(0, len(keys) - 1)]
        inner = tree[key]
        if not isinstance(inner, (dict, list)) or not inner or chance.ConsumeIntInRange(0, 3) == 0:
            return tree, key
        tree = inner
