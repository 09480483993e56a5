"""Feeds plans to their compiler, led by what they reach: `make fuzz`.

Inputs are bytes, changed plans, or the texts of changed plans; the first that raises is kept, and
ends it.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import atheris

with atheris.instrument_imports(include=["services.plan_", "domain.plan"]):
    from tests.fuzz.inputs import SMALL, WHOLE, Chance, changed, looked_at, understood, written_out

CHANGES_MAX = 6
WHOLE_EVERY = 50
"""One of so many changed plans is the whole example, which takes longer."""


def bytes_as_they_come(data: bytes) -> None:
    """Read bytes as a plan."""
    looked_at(data)


def changed_plans(data: bytes) -> None:
    """Check a plan with something changed."""
    understood(_changed(atheris.FuzzedDataProvider(data)))


def texts_of_changed_plans(data: bytes) -> None:
    """Read a plan with something changed, and check it."""
    chance = atheris.FuzzedDataProvider(data)
    looked_at(written_out(_changed(chance), chance))


def main() -> None:
    """Run one of them."""
    parser = argparse.ArgumentParser(prog="tests.fuzz", description=__doc__)
    parser.add_argument("what", choices=TARGETS)
    parser.add_argument("--runs", type=int, default=500_000)
    parser.add_argument("corpus", nargs="*", help="folders of inputs to begin with")
    asked = parser.parse_intermixed_args()
    options = [f"-runs={asked.runs}", "-max_len=8192", "-timeout=120", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *options, *asked.corpus], TARGETS[asked.what])
    atheris.Fuzz()


def _changed(chance: Chance) -> Any:
    base = WHOLE if chance.ConsumeIntInRange(1, WHOLE_EVERY) == WHOLE_EVERY else SMALL
    return changed(base, chance, chance.ConsumeIntInRange(1, CHANGES_MAX))


TARGETS = {
    "bytes": bytes_as_they_come,
    "plans": changed_plans,
    "texts": texts_of_changed_plans,
}

if __name__ == "__main__":
    main()
