"""The figures of a soak: their keys, what each should reach, and what a run makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

Figures = dict[str, float | int | None]
Results = Mapping[str, Mapping[str, Any]]
"""What each run brought, by its name; a run that was left out is missing."""

SUMMED = {
    "kills": "kills",
    "pauses": "pauses",
    "acknowledged": "acknowledged",
    "lost": "lost",
    "doubled": "doubled",
    "deadlines_unfired": "deadlines_unfired",
}
"""Over all runs that have it."""

TAKEN = {
    "deadline_late_p50_s": "rush",
    "deadline_late_max_s": "rush",
    "outcome_p50_s": "rush",
    "outcome_max_s": "rush",
    "rss_ratio": "rush",
    "failover_lost": "failover",
    "owed_10k_s": "owed",
    "owed_10k_events": "owed",
    "owed_10k_deadline_late_s": "owed",
    "burst_1000_late_max_s": "burst",
    "dispatch_behind_1000_s": "owed",
}
"""From which run; null when it was left out."""


class Goal(NamedTuple):
    """What a figure should reach."""

    key: str
    what: str
    most: float | None = None
    least: float | None = None

    def verdict(self, value: float | None) -> str:
        """Say in a word whether it is reached."""
        if value is None:
            return "not run"
        if self.most is not None and value > self.most:
            return f"MISSED, <= {self.most:g}"
        if self.least is not None and value < self.least:
            return f"MISSED, >= {self.least:g}"
        return "reached" if (self.most, self.least) != (None, None) else ""


GOALS = (
    Goal("kills", "kill -9 of a process under load"),
    Goal("pauses", "a process halted for a while under load"),
    Goal("acknowledged", "commands acknowledged"),
    Goal("lost", "of these lost", most=0),
    Goal("doubled", "commands, deadlines and outcomes that are there twice", most=0),
    Goal("deadlines_unfired", "deadlines armed, past and not fired", most=0),
    Goal("failover_lost", "lost when a standby takes over", most=0),
    Goal("deadline_late_p50_s", "300 incidents in 60 s: deadlines late, p50", most=0.5),
    Goal("deadline_late_max_s", "the same, the latest", most=2.0),
    Goal("outcome_p50_s", "the same: order of a notification to its outcome, p50", most=3.0),
    Goal("outcome_max_s", "the same, the slowest", most=10.0),
    Goal("rss_ratio", "the same: memory of worker, follower, api beside BASE", most=0.7),
    Goal("owed_10k_s", "10,000 notifications of 0.05 s each in one incident", most=15.0),
    Goal("owed_10k_events", "events in its workflow's history", most=200),
    Goal("owed_10k_deadline_late_s", "its latest deadline meanwhile", most=0.5),
    Goal("dispatch_behind_1000_s", "a dispatch behind 1,000 notifications", most=0.3),
    Goal("burst_1000_late_max_s", "1,000 incidents due at one instant, the latest", most=10.0),
)


def figures(results: Results, *, sizes_as_told: bool = True) -> Figures:
    """Return the figures by their keys; null for what was not run, or smaller than its key says."""
    found: Figures = {}
    for key, name in SUMMED.items():
        values = [result[name] for result in results.values() if name in result]
        found[key] = sum(values) if values else None
    for key, run in TAKEN.items():
        measured = sizes_as_told or run == "failover"
        found[key] = results.get(run, {}).get(key) if measured else None
    return found


def held(results: Results) -> bool:
    """Tell whether every promise held; how fast it went is another matter."""
    promised = (*SUMMED.values(), "failover_lost", "complaints_in_all", "stopped")
    counts = set(promised) - {"kills", "pauses", "acknowledged"}
    return not any(result.get(name) for result in results.values() for name in counts)


def table(taken: Figures) -> str:
    """Return the figures for people."""
    lines = []
    for goal in GOALS:
        value = taken[goal.key]
        lines.append(f"{goal.key:>26}  {_text(value):>9}  {goal.verdict(value):<18} {goal.what}")
    return "\n".join(lines)


def _text(value: float | None) -> str:
    match value:
        case None:
            return "-"
        case float():
            return f"{value:.3f}"
        case _:
            return f"{value:,}"
