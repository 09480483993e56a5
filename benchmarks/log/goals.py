"""What the figures should reach, as ratios within one run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

ON_POSTGRES = ("eventsourcing", "eventsourcing_functions", "message_db", "emmett")
PEERS = (*ON_POSTGRES, "umadb")


class Goal(NamedTuple):
    """One line of the table."""

    key: str
    what: str
    reach: str
    is_met: Callable[[float], bool]


GOALS = (
    Goal("w16x1_vs_umadb", "16 writers x 1 event, against UmaDB", ">= 1.3", lambda x: x >= 1.3),
    Goal("w16x1_vs_best_pg", "the same, against the best on PostgreSQL", ">= 7", lambda x: x >= 7),
    Goal("w16x10_vs_umadb", "16 writers x 10 events, against UmaDB", ">= 1.0", lambda x: x >= 1),
    Goal("w1x1_latency_vs_best", "1 writer x 1 event, latency", "<= 1", lambda x: x <= 1),
    Goal("read_raw_vs_umadb", "read all, raw, against UmaDB", ">= 0.6", lambda x: x >= 0.6),
    Goal("read_decoded_per_s", "read all, decoded, events/s", ">= 150,000", lambda x: x >= 150_000),
    Goal("hash_cost_fraction", "hashing and chain, of the rate", "<= 0.15", lambda x: x <= 0.15),
    Goal("verify_per_s", "verify chain and tree, events/s", ">= 100,000", lambda x: x >= 100_000),
    Goal("fall_at_5m_fraction", "fall of the rate, grown", "<= 0.10", lambda x: x <= 0.10),
)


def ratios(figures: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Return every goal's figure; those against a peer that is missing are left out."""
    ours, unsealed = figures["muster"], figures["unsealed"]
    found = {
        "read_decoded_per_s": ours["read_decoded_per_s"],
        "hash_cost_fraction": max(
            1 - ours[work] / unsealed[work] for work in ("w16x1_per_s", "w16x10_per_s")
        ),
        "verify_per_s": ours["verify_per_s"],
        "fall_at_5m_fraction": 1 - ours["grown_w16x10_per_s"] / ours["young_w16x10_per_s"],
    }
    if umadb := figures.get("umadb"):
        found["w16x1_vs_umadb"] = ours["w16x1_per_s"] / umadb["w16x1_per_s"]
        found["w16x10_vs_umadb"] = ours["w16x10_per_s"] / umadb["w16x10_per_s"]
        found["read_raw_vs_umadb"] = ours["read_raw_per_s"] / umadb["read_raw_per_s"]
    if here := [figures[name] for name in ON_POSTGRES if name in figures]:
        best = max(one["w16x1_per_s"] for one in here)
        found["w16x1_vs_best_pg"] = ours["w16x1_per_s"] / best
    if here := [figures[name] for name in PEERS if name in figures]:
        found["w1x1_latency_vs_best"] = ours["w1x1_ms"] / min(one["w1x1_ms"] for one in here)
    return found
