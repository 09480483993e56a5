"""What a monitor says of itself to Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prometheus_client import REGISTRY, Gauge

from services.client.checkpoints.comparison import Alarm
from services.monitor.observation import EVENTS_DIFFER, SILENT, UNREACHABLE
from services.runtime import metrics

if TYPE_CHECKING:
    from services.monitor.observation import Look
    from services.runtime.settings.settings import Metrics

SIZE = Gauge(
    "muster_monitor_size", "Events under the checkpoint that was verified last.", registry=None
)
LOOKED = Gauge(
    "muster_monitor_looked_timestamp_seconds", "When the log was looked at last.", registry=None
)
ALARM = Gauge(
    "muster_monitor_alarm", "1 while an alarm stands, by its kind.", ["kind"], registry=None
)
WAITING = Gauge(
    "muster_monitor_waiting_messages", "Messages that no channel took yet.", registry=None
)
KINDS: Final = (*Alarm, UNREACHABLE, SILENT, EVENTS_DIFFER)


def serve(chosen: Metrics) -> None:
    """Serve them, if a port is given. Raises PortTaken."""
    if chosen.at is None:
        return
    for one in (SIZE, LOOKED, ALARM, WAITING):
        REGISTRY.register(one)
    metrics.serve(chosen)


def show(look: Look, waiting: int) -> None:
    """Say what one look found."""
    SIZE.set(look.size)
    LOOKED.set_to_current_time()
    WAITING.set(waiting)
    for kind in KINDS:
        ALARM.labels(kind).set(kind in look.alarms)
