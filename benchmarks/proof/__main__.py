"""Put changed bundles through both verifiers, and time a large one: `benchmarks/out/proof.json`."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections import Counter
from itertools import islice
from random import Random
from typing import TYPE_CHECKING, Any

from benchmarks.proof.duel import STATED, Known, differ, duel, states_otherwise
from benchmarks.proof.figures import keep
from benchmarks.proof.large import large
from tests.bundle.mutants import mutant
from tests.bundle.synthetic import LOG, SMALL, WITNESS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bundle.verifiers import Files

BATCH = 250
"""Bundles that are on the way to the second verifier at a time."""


def main() -> None:
    """Measure, show, and add to what other parts of the benchmark wrote."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=5_000, help="of the case that is timed")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    found = asyncio.run(large(asked.events)) | mutated(asked.mutants, asked.seed)
    for name, value in found.items():
        print(f"{name:22}{value}")
    keep(found)


def mutated(count: int, seed: int) -> dict[str, Any]:
    """Return what both verifiers said of so many changed bundles."""
    base = SMALL.files()
    known = Known(LOG.verifier.vkey, WITNESS.cosigner.vkey, base["checkpoints/5"])
    begun, verdicts, examples = time.perf_counter(), Counter[int](), list[int]()
    different = falsehoods = done = 0
    with duel(base, known) as verifiers:
        ((first, second),) = verifiers.both([base])
        assert first.exit == second.exit == 0, (first, second)
        assert all(first.stated[name] == second.stated[name] for name in STATED), (first, second)
        for batch in _batches(base, count, seed):
            for ours, theirs in verifiers.both(batch):
                verdicts[ours.exit] += 1
                differs = differ(ours, theirs)
                false = states_otherwise(ours, first) or states_otherwise(theirs, second)
                different, falsehoods = different + differs, falsehoods + false
                if differs or false:
                    examples.append(done)
                done += 1
    return {
        "mutated": done,
        "different_verdicts": different,
        "falsehoods_accepted": falsehoods,
        "verdicts": {
            name: verdicts[code] for code, name in enumerate(("sound", "false", "untold"))
        },
        "seed": seed,
        "examples": examples[:20],
        "mutated_s": round(time.perf_counter() - begun, 1),
    }


def example(number: int, seed: int) -> Files:
    """Return one of the changed bundles again."""
    return mutant(SMALL.files(), Random(f"{seed}/{number}"))  # noqa: S311 - no secret


def _batches(base: Files, count: int, seed: int) -> Iterator[list[Files]]:
    bundles = (mutant(base, Random(f"{seed}/{number}")) for number in range(count))  # noqa: S311 - no secret
    while batch := list(islice(bundles, BATCH)):
        yield batch


if __name__ == "__main__":
    main()
