"""What admission counts, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from services.api.interceptors.admission import Admission


def admitted(admission: Admission) -> Iterator[Metric]:
    """Yield what is worked on and what waits."""
    taken = admission.places.taken()
    working = GaugeMetricFamily("muster_api_working", "Calls worked on.", labels=("kind",))
    for kind, count in taken.items():
        working.add_metric((kind,), count)
    yield working
    waiting = GaugeMetricFamily(
        "muster_api_waiting",
        "Calls whose first message is awaited, and open ones of callers who are not known.",
        labels=("room",),
    )
    waiting.add_metric(("callers",), len(admission.waiting))
    waiting.add_metric(("unauthenticated",), len(admission.unauthenticated))
    yield waiting
    streams = sum(count for kind, count in taken.items() if kind.is_open)
    yield GaugeMetricFamily("muster_api_streams", "Streams being served.", streams)
