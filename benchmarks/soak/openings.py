"""How a run opens an incident where it matters little how: by a live warning."""

from __future__ import annotations

from datetime import UTC, datetime

from muster.v1 import common_pb2
from muster.v1 import incident_commands_pb2 as ask

from benchmarks.hall import VENUE, ZONE


def warning(plan: str) -> ask.RaiseWarningRequest:
    """Return the command that raises a warning under a plan of the hall."""
    request = ask.RaiseWarningRequest(
        venue=VENUE,
        plan=plan,
        hazard=common_pb2.HAZARD_KIND_CROWDING,
        mode=common_pb2.MODE_LIVE,
        colour=common_pb2.WARNING_COLOUR_BLUE,
        scope=[ZONE],
        matters="Mind the step.",
        measures=[ask.NewMeasure(measure="one-way", title="One way")],
        issuer="desk",
    )
    request.starts_at.FromDatetime(datetime.now(UTC))
    return request
