"""Forks that a client notices at its next contact: `python -m benchmarks.proof.forks`.

A client keeps the checkpoint of a log; then the log is rewritten at a place by chance, sealed
and signed again by the same key, and may grow on; then the client makes contact again. The service
answers honestly from the log that it now has, lies, or refuses; one kind calls the other log the
next lineage, with an acknowledgement that it wrote itself. Most forks are of logs in memory,
with the client's own code from its files up; some are of a log in PostgreSQL with its notary and
its service over gRPC. As many honest logs that only grew are shown between them: none may alarm.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.proof.figures import keep
from benchmarks.proof.forgery import (
    Answers,
    Kind,
    MemoryLog,
    acknowledgement,
    forged,
    sealed,
    written,
)
from benchmarks.proof.served_forks import ServedForks
from eventstore.tlog.note import Signer
from services.client.checkpoints import evidence
from services.client.checkpoints.evidence import Verdict
from services.client.checkpoints.log_contact import LogContact
from services.client.checkpoints.store import CheckpointStore
from services.runtime import logs
from services.runtime.settings.settings import Log

if TYPE_CHECKING:
    from services.client.checkpoints.comparison import Finding

FORKS = 1_000
SERVED = 36
SEED = 20_261_128
EVENTS_MAX = 400
GROWN_MAX = 60
AT_ONCE = 50
SERVER = "log.example.org:7460"


@dataclass
class Tally:
    """What was noticed so far."""

    forks: int = 0
    noticed: int = 0
    proven: int = 0
    """Forks whose evidence proves them to anybody, by itself."""
    honest: int = 0
    false_alarms: int = 0
    missed: list[str] = field(default_factory=list)
    alarms: Counter[str] = field(default_factory=Counter)

    def take(self, about: str, finding: Finding) -> None:
        """Count a fork."""
        self.forks += 1
        if finding.alarm is None:
            self.missed.append(about)
            return
        self.noticed += 1
        self.alarms[finding.alarm] += 1
        assert finding.evidence is not None
        text = finding.evidence.read_text(encoding="utf-8")
        self.proven += evidence.judge(evidence.parse(text)) is Verdict.PROVEN

    def take_honest(self, finding: Finding) -> None:
        """Count a log that only grew."""
        self.honest += 1
        self.false_alarms += finding.alarm is not None

    def figures(self) -> dict[str, Any]:
        """Return what goes to `proof.json`."""
        return {
            "forks": self.forks,
            "forks_noticed": self.noticed / self.forks if self.forks else 0.0,
            "forks_proven_by_evidence": self.proven,
            "forks_false_alarms": self.false_alarms,
            "forks_honest_logs": self.honest,
            "forks_alarms": dict(sorted(self.alarms.items())),
        }


async def in_memory(tally: Tally, number: int, seed: int, folder: Path) -> None:
    """Keep a checkpoint, let the log grow honestly, then fork it."""
    chance = random.Random(f"{seed}/{number}")  # noqa: S311 - a seed repeats what was found
    signer = Signer("forks.example.org/log", chance.randbytes(32))
    store = CheckpointStore(folder / str(number))
    rows = sealed(written(chance, chance.randint(1, EVENTS_MAX)))
    await _contact(MemoryLog(rows, signer), store).check()
    grown = sealed([*rows, *written(chance, chance.randint(0, GROWN_MAX))])
    honest = MemoryLog(grown, signer)
    tally.take_honest(await _contact(honest, store).check())
    kind = list(Kind)[number % len(Kind)]
    changed = forged(grown, kind, chance)
    kept, lineage = store.logs()[0].checkpoint, 1
    if kind is Kind.RELABELLED:
        differs_from = chance.choice((1, chance.randint(1, kept.size), kept.size + 1))
        changed, lineage = [*changed, acknowledgement(kept, differs_from, chance)], 2
    changed = sealed([*changed, *written(chance, chance.choice((0, 0, 1, GROWN_MAX)))])
    answers = chance.choice((Answers.HONEST, Answers.HONEST, Answers.LYING, Answers.REFUSING))
    shown = MemoryLog(changed, signer, answers, kept.root, lineage)
    finding = await _contact(shown, store).check()
    tally.take(f"fork {number} of seed {seed}: {kind}, {answers}", finding)


async def measure(forks: int, served: int, seed: int) -> Tally:
    """Fork so many logs, some of them behind a real service."""
    tally, room = Tally(), asyncio.Semaphore(AT_ONCE)
    with tempfile.TemporaryDirectory(prefix="muster-forks-") as folder:

        async def one(number: int) -> None:
            async with room:
                await in_memory(tally, number, seed, Path(folder))

        await asyncio.gather(*(one(number) for number in range(forks - served)))
        if served:
            async with ServedForks.running(Path(folder) / "served") as service:
                for number in range(served):
                    chance = random.Random(f"{seed}/served/{number}")  # noqa: S311 - as above
                    kind = list(Kind)[number % len(Kind)]
                    honest, finding = await service.fork(kind, chance)
                    tally.take_honest(honest)
                    tally.take(f"served fork {number} of seed {seed}: {kind}", finding)
    return tally


def main() -> int:
    """Measure, print, and add to `benchmarks/out/proof.json`."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--forks", type=int, default=FORKS)
    parser.add_argument("--served", type=int, default=SERVED, help="how many of them by a service")
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    logs.configure(Log(level="error"), "forks")
    tally = asyncio.run(measure(asked.forks, asked.served, asked.seed))
    figures = tally.figures()
    print(json.dumps(figures, indent=2))
    print("\n".join(tally.missed))
    keep(figures)
    return 0 if tally.noticed == tally.forks and not tally.false_alarms else 1


def _contact(log: MemoryLog, store: CheckpointStore) -> LogContact:
    return LogContact(log, store, SERVER)


if __name__ == "__main__":
    raise SystemExit(main())
