"""Feeds plans to their compiler, led by what they reach: `make fuzz`.

Inputs are bytes, changed plans, or the texts of changed plans; the first that raises is kept, and
ends it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import atheris

with atheris.instrument_imports(include=["compiler", "domain.plan"]):
    from compiler.diagnostics.faults import FAULTS
    from tests.fuzz.inputs import (
        FORMS,
        SMALL,
        WHOLE,
        Chance,
        changed,
        looked_at,
        understood,
        written_out,
    )

FOUND = Path("build", "fuzz")
"""Inputs that reach something new, and those that raise; another run goes on from there."""
OPTIONS = (
    "-max_len=8192",
    "-len_control=0",
    "-timeout=120",
    "-print_final_stats=1",
    f"-artifact_prefix={FOUND}/",
)
CHANGES_MAX = 6
WHOLE_EVERY = 50
"""One of so many changed plans is the whole example, which takes longer."""
CHANCE_BYTES = 256
CHANCES = 64
"""Inputs to begin with, of so many bytes: what comes after their end is never chosen."""


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
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("corpus", nargs="*", help="folders of more inputs to begin with")
    asked = parser.parse_args()
    folder = FOUND / asked.what
    folder.mkdir(parents=True, exist_ok=True)
    for n, content in enumerate(_begun_with(asked.what)):
        (folder / str(n)).write_bytes(content)
    options = (*OPTIONS, f"-runs={asked.runs}", f"-seed={asked.seed}")
    atheris.Setup([sys.argv[0], *options, str(folder), *asked.corpus], TARGETS[asked.what])
    atheris.Fuzz()


def _begun_with(what: str) -> Sequence[bytes]:
    """Return inputs to begin with: texts, or chance enough for all changes."""
    if what == "bytes":
        texts = (written_out(SMALL, Always(form)) for form in range(FORMS))
        return [text.encode() for text in (*texts, *(kind.example for kind in FAULTS.values()))]
    chance = Random(0)  # noqa: S311 - not a secret
    return [chance.randbytes(CHANCE_BYTES) for _ in range(CHANCES)]


def _changed(chance: Chance) -> Any:
    base = WHOLE if chance.ConsumeIntInRange(1, WHOLE_EVERY) == WHOLE_EVERY else SMALL
    return changed(base, chance, chance.ConsumeIntInRange(1, CHANGES_MAX))


class Always(NamedTuple):
    """Chance that is none."""

    number: int

    def ConsumeIntInRange(self, low: int, high: int) -> int:  # noqa: N802 - as atheris calls it
        return min(max(self.number, low), high)


TARGETS = {
    "bytes": bytes_as_they_come,
    "plans": changed_plans,
    "texts": texts_of_changed_plans,
}

if __name__ == "__main__":
    main()
