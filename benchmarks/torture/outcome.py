"""What came of a fault: the judgement and the figures, for people and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from benchmarks.torture.checker import Verdict

Tell = Callable[[str], None]
COMPLAINTS_SHOWN = 20


class Outcome(NamedTuple):
    """One fault, tried."""

    fault: str
    verdict: Verdict
    figures: Mapping[str, object]
    kills: int = 0

    @property
    def document(self) -> dict[str, object]:
        """Return everything there is to know."""
        verdict = self.verdict
        return {
            "kills": self.kills,
            "events": verdict.events,
            "asked": verdict.asked,
            "acknowledged": verdict.acknowledged,
            "lost": verdict.lost,
            "duplicated": verdict.duplicated,
            "divergences": verdict.divergences,
            "watched": verdict.watched,
            "checkpoints": verdict.checkpoints,
            **self.figures,
            "complaints": verdict.complaints[:COMPLAINTS_SHOWN],
        }


def together(seed: str, outcomes: Sequence[Outcome], seconds: float) -> dict[str, object]:
    """Return the figures of a whole run."""
    verdicts = [outcome.verdict for outcome in outcomes]
    return {
        "seed": seed,
        "kills": sum(outcome.kills for outcome in outcomes),
        "acknowledged": sum(verdict.acknowledged for verdict in verdicts),
        "lost": sum(verdict.lost for verdict in verdicts),
        "duplicated": sum(verdict.duplicated for verdict in verdicts),
        "divergences": sum(verdict.divergences for verdict in verdicts),
        "events": sum(verdict.events for verdict in verdicts),
        "watched": sum(verdict.watched for verdict in verdicts),
        "checkpoints": sum(verdict.checkpoints for verdict in verdicts),
        "seconds": round(seconds, 1),
        "faults": {outcome.fault: outcome.document for outcome in outcomes},
    }
