"""What the service counts of itself, for Prometheus."""

from __future__ import annotations

from functools import cache

from prometheus_client import Counter, Gauge, Histogram

BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

CALLS = Counter("muster_api_calls", "Calls answered, by method and reason.", ("method", "reason"))
SECONDS = Histogram("muster_api_call_seconds", "Time to answer.", ("method",), buckets=BUCKETS_S)
IN_FLIGHT = Gauge("muster_api_calls_in_flight", "Calls being answered.")
WATCHES = Gauge("muster_api_watches", "Streams being served.")


@cache
def counted(method: str, reason: str) -> Counter:
    """Return the counter of one kind of answer."""
    return CALLS.labels(method, reason)


@cache
def timed(method: str) -> Histogram:
    """Return the clock of a method."""
    return SECONDS.labels(method)
