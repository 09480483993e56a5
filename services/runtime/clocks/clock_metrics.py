"""The clocks among what a process counts of itself."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY, Gauge

if TYPE_CHECKING:
    from collections.abc import Callable

    from temporalio.common import MetricMeter

    from services.runtime.clocks.clocks import Comparison

NAME = "muster_clocks_difference_seconds"
MEANING = "Largest difference between the clocks of this process, PostgreSQL and Temporal."

PASSED_NAME = "muster_second_clock_deadlines"
PASSED_MEANING = "Deadlines that passed without Temporal, since it was late."
LATE_NAME = "muster_second_clock_late_seconds"
LATE_MEANING = "How late the last of these was when it had passed."

DIFFERENCE = Gauge(NAME, MEANING, registry=None)
AHEAD = Gauge(
    "muster_clock_ahead_seconds",
    "How far a clock, or the log's newest event, is ahead of this process's clock.",
    ["clock"],
    registry=None,
)


def show(seen: Comparison) -> None:
    """Show how far the clocks differ. Of the log only what no clock has come to counts."""
    _register()
    DIFFERENCE.set(seen.difference_s)
    for one in seen.readings:
        AHEAD.labels(one.clock).set(one.ahead_s)
    AHEAD.labels("log").set(seen.log_ahead_s)


@functools.cache
def _register() -> None:
    REGISTRY.register(DIFFERENCE)
    REGISTRY.register(AHEAD)


def of_worker() -> Callable[[Comparison], None]:
    """Return what shows the difference among the metrics that Temporal's client counts."""
    from temporalio.runtime import Runtime  # noqa: PLC0415 - only a worker has it

    gauge = Runtime.default().metric_meter.create_gauge_float(NAME, MEANING)
    return lambda seen: gauge.set(seen.difference_s)


def of_second_clock(meter: MetricMeter) -> Callable[[float], None]:
    """Return what counts a deadline that passed so many seconds late."""
    passed = meter.create_counter(PASSED_NAME, PASSED_MEANING)
    late = meter.create_gauge_float(LATE_NAME, LATE_MEANING)
    passed.add(0)  # so that it is there before it is needed

    def show(late_s: float) -> None:
        passed.add(1)
        late.set(max(0.0, late_s))

    return show
