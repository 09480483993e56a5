"""Feeds plans to their compiler, led by what they reach: `make fuzz`.

Half of the inputs are bytes, half are changed plans; the first that raises is kept, and ends it.
"""

from __future__ import annotations

import argparse
import sys

import atheris

with atheris.instrument_imports(include=["services.plan_", "domain.plan"]):
    from tests.fuzz.inputs import SMALL, WHOLE, changed, looked_at, understood

CHANGES_MAX = 6
WHOLE_EVERY = 50
"""One of so many changed plans is the whole example, which takes longer."""


def bytes_as_they_come(data: bytes) -> None:
    """Read bytes as a plan."""
    looked_at(data)


def changed_plans(data: bytes) -> None:
    """Check a plan with something changed."""
    chance = atheris.FuzzedDataProvider(data)
    base = WHOLE if chance.ConsumeIntInRange(1, WHOLE_EVERY) == WHOLE_EVERY else SMALL
    understood(changed(base, chance, chance.ConsumeIntInRange(1, CHANGES_MAX)))


def main() -> None:
    """Run one of the two."""
    parser = argparse.ArgumentParser(prog="tests.fuzz", description=__doc__)
    parser.add_argument("what", choices=("bytes", "plans"))
    parser.add_argument("--runs", type=int, default=500_000)
    parser.add_argument("corpus", nargs="*", help="folders of inputs to begin with")
    asked = parser.parse_intermixed_args()
    target = {"bytes": bytes_as_they_come, "plans": changed_plans}[asked.what]
    options = [f"-runs={asked.runs}", "-max_len=8192", "-timeout=120", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *options, *asked.corpus], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
