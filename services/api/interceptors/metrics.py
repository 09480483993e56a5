"""Metrics of the service, for Prometheus.

Counted in plain lists of the one loop that serves, and made into metrics when somebody looks: the
client library's own locks and objects would cost each command a tenth of its time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate

from prometheus_client import REGISTRY
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Clock:
    """How long the answers of one method took."""

    __slots__ = ("counts", "sum")

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS_S) + 1)
        self.sum = 0.0

    def observe(self, seconds: float) -> None:
        """Count one answer."""
        self.counts[bisect_left(BUCKETS_S, seconds)] += 1
        self.sum += seconds


class ApiMetrics:
    """Answers by method and reason, how long they took, and how many streams are served."""

    def __init__(self) -> None:
        self.answers: Counter[tuple[str, str]] = Counter()
        self.turned_away: Counter[str] = Counter()
        """By the bound that was reached; who it was is counted nowhere."""
        self.ended: Counter[str] = Counter()
        """Open calls that were ended because of who has them, by reason."""
        self.tokens_broken = False
        self.admitted: Callable[[], Iterable[Metric]] = tuple
        """Says what is worked on and what waits."""
        self._clocks: dict[str, Clock] = {}

    def clock(self, method: str) -> Clock:
        """Return the clock of a method."""
        return self._clocks.setdefault(method, Clock())

    def collect(self) -> Iterator[Metric]:
        """Say it all, as Prometheus asks for it."""
        calls = CounterMetricFamily(
            "muster_api_calls", "Calls answered.", labels=("method", "reason")
        )
        for labels, count in list(self.answers.items()):
            calls.add_metric(labels, count)
        yield calls
        seconds = HistogramMetricFamily(
            "muster_api_call_seconds", "Time to answer.", labels=("method",)
        )
        for method, clock in list(self._clocks.items()):
            names = [*map(str, BUCKETS_S), "+Inf"]
            buckets = list(zip(names, map(float, accumulate(clock.counts)), strict=True))
            seconds.add_metric((method,), buckets, clock.sum)
        yield seconds
        yield from self._bounds()

    def _bounds(self) -> Iterator[Metric]:
        turned_away = CounterMetricFamily(
            "muster_api_turned_away", "Calls that met a bound, by the bound.", labels=("bound",)
        )
        for bound, count in list(self.turned_away.items()):
            turned_away.add_metric((bound,), count)
        yield turned_away
        ended = CounterMetricFamily(
            "muster_api_open_calls_ended",
            "Open calls ended since their caller may not have them any more.",
            labels=("reason",),
        )
        for reason, count in list(self.ended.items()):
            ended.add_metric((reason,), count)
        yield ended
        yield GaugeMetricFamily(
            "muster_api_tokens_file_broken",
            "Whether the file of tokens changed and can't be read: the one before it is in force.",
            int(self.tokens_broken),
        )
        yield from self.admitted()


METRICS = ApiMetrics()
"""Of this process."""

REGISTRY.register(METRICS)
