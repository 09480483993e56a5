"""What the figures of the spine should reach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """What a figure should reach."""

    key: str
    what: str
    reach: str
    is_met: Callable[[dict[str, float]], bool]


GOALS = (
    Goal(
        "command_p50_ms",
        "one command at a time, gRPC to durable, p50 (ms)",
        "<= 2.0; <= 1/4 update; <= 2 x limit",
        lambda f: (
            f["command_p50_ms"] <= 2.0
            and f["command_p50_ms"] <= f["temporal_update_p50_ms"] / 4
            and f["command_p50_ms"] <= 2 * f["limit_p50_ms"]
        ),
    ),
    Goal("temporal_update_p50_ms", "a bare Temporal update, p50 (ms)", "", lambda _: True),
    Goal("limit_p50_ms", "an empty call plus an insert with commit, p50 (ms)", "", lambda _: True),
    Goal(
        "commands_per_s_64_incidents",
        "64 in flight over 64 incidents, commands/s",
        ">= 3000",
        lambda f: f["commands_per_s_64_incidents"] >= 3_000,
    ),
    Goal(
        "commands_per_s_one_incident",
        "64 in flight on one incident, commands/s",
        ">= 3000",
        lambda f: f["commands_per_s_one_incident"] >= 3_000,
    ),
    Goal("unary_per_s_64_incidents", "the same, a call for each, commands/s", "", lambda _: True),
    Goal("unary_per_s_one_incident", "the same, one incident, commands/s", "", lambda _: True),
    Goal("empty_calls_per_s", "empty calls that do nothing, calls/s", "", lambda _: True),
    Goal(
        "watch_p99_ms",
        "sent to seen by a watcher, p99, at 500/s (ms)",
        "<= 50",
        lambda f: f["watch_p99_ms"] <= 50,
    ),
    Goal(
        "reaction_p50_ms",
        "recorded to its workflow has reacted, p50, idle (ms)",
        "<= 50",
        lambda f: f["reaction_p50_ms"] <= 50,
    ),
    Goal(
        "fold_100k_s",
        "fold 100,000 events, reading and decoding included (s)",
        "<= 1.0",
        lambda f: f["fold_100k_s"] <= 1.0,
    ),
    Goal(
        "state_at_100k_ms",
        "an incident of 100,000 events as it was, warm (ms)",
        "<= 300",
        lambda f: f["state_at_100k_ms"] <= 300,
    ),
    Goal(
        "true_at_100k_ms",
        "the same as it truly was, after late and corrected entries (ms)",
        "<= 300",
        lambda f: f["true_at_100k_ms"] <= 300,
    ),
    Goal(
        "cold_start_s",
        "cold `muster up` to serving (s)",
        "<= 5",
        lambda f: f["cold_start_s"] <= 5,
    ),
)
