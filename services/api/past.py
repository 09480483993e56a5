"""The methods that look back: at events, at moments, at changes, and at who looked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from services.api.accesses import CaseAccesses
from services.api.audit import Audit
from services.api.diffing import Diffing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain.incident.state import Incident
    from eventstore.log import Log
    from eventstore.recorder import Recorder
    from services.api.edge import Stream, Unary
    from services.api.history import History
    from services.api.places import Places
    from services.api.readings import Readings


class Past(NamedTuple):
    """What answers each of them."""

    unaries: Mapping[str, Unary]
    streams: Mapping[str, Stream]


def past(
    log: Log, incidents: Recorder[Incident], history: History, places: Places, readings: Readings
) -> Past:
    """Make what answers them; each records who reads a case before it is shown."""
    audit = Audit(log, incidents, history, places, readings)
    diffing = Diffing(log, incidents, history, readings)
    accesses = CaseAccesses(log, places)
    unaries = {"StateAt": audit.state_at, "ListCaseAccesses": accesses.list}
    return Past(unaries, {"ReadEvents": audit.read, "Diff": diffing.diff})
