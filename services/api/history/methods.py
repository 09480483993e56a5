"""The methods that look back: at events, at moments, at changes, and at who looked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from services.api.history.accesses import CaseAccesses
from services.api.history.audit import Audit
from services.api.history.diff import IncidentDiff

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain.incident.state.incident import Incident
    from eventstore.log.log import Log
    from eventstore.recorder.recorder import Recorder
    from services.api.access_log import AccessLog
    from services.api.history.point_in_time import History
    from services.api.interceptors.chain import Stream, Unary
    from services.api.venue_access import VenueAccess


class HistoryMethods(NamedTuple):
    """What answers each of them."""

    unaries: Mapping[str, Unary]
    streams: Mapping[str, Stream]


def history_methods(
    log: Log,
    incidents: Recorder[Incident],
    history: History,
    places: VenueAccess,
    readings: AccessLog,
) -> HistoryMethods:
    """Make what answers them; each records who reads a case before it is shown."""
    audit = Audit(log, incidents, history, places, readings)
    diffing = IncidentDiff(log, incidents, history, readings)
    accesses = CaseAccesses(log, places)
    unaries = {"StateAt": audit.state_at, "ListCaseAccesses": accesses.list}
    return HistoryMethods(unaries, {"ReadEvents": audit.read, "Diff": diffing.diff})
