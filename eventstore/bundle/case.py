"""Which events belong to a case.

The incident's stream, whole. The version of the plan that it is pinned to, and who handed it in,
reviewed, approved and published it. Of each unit that was dispatched to it: the registration, and
what happened from each reservation for the incident until the unit was given back. What is left
out of a stream shows as a gap between its versions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.aggregate import decode
from domain.incident.decider import INCIDENTS
from domain.incident.events.means import UnitDispatched
from domain.incident.events.opening import IncidentOpened
from domain.plan.editions import PlanPublished
from domain.plan.publication import PUBLICATION
from domain.record.export import Span
from domain.resource.unit import UNITS, UnitReservationReleased, UnitReserved

if TYPE_CHECKING:
    from domain.plan.model import PlanRef
    from eventstore.events import StoredEvent
    from eventstore.log import Log

TOLD = frozenset({IncidentOpened.__name__, UnitDispatched.__name__})
"""The facts of an incident that name what else belongs to its case."""


async def spans_of(log: Log, incident: str) -> tuple[Span, ...]:
    """Return which events belong to a case as it stands now; none if there is no such incident."""
    stream, last = INCIDENTS.stream(incident), None
    plan: PlanRef | None = None
    units: set[str] = set()
    async for page in log.read_stream(stream):
        last = page[-1]
        for event in page:
            if event.type not in TOLD:
                continue
            match decode(INCIDENTS, event.type, event.schema_version, event.data):
                case IncidentOpened(plan=pinned):
                    plan = pinned
                case UnitDispatched(unit=unit):
                    units.add(unit)
    if last is None or plan is None:
        return ()
    whole = _span(stream, 1, last)
    spans = [whole, *await _of_plan(log, plan)]
    for unit in sorted(units):
        spans += await _of_unit(log, UNITS.stream(unit), incident)
    return tuple(spans)


async def _of_plan(log: Log, pinned: PlanRef) -> list[Span]:
    """Return who handed the plan in, reviewed, approved and published it."""
    stream, spans = PUBLICATION.stream(pinned.id), list[Span]()
    async for page in log.read_stream(stream):
        for event in page:
            fact = decode(PUBLICATION, event.type, event.schema_version, event.data)
            if getattr(fact, "ref", None) == pinned:
                spans = _and(spans, _span(stream, event.version, event))
            if isinstance(fact, PlanPublished) and fact.ref == pinned:
                return spans
    return []


async def _of_unit(log: Log, stream: str, incident: str) -> list[Span]:
    spans: list[Span] = []
    began = 0
    event: StoredEvent | None = None
    async for page in log.read_stream(stream):
        for event in page:
            match decode(UNITS, event.type, event.schema_version, event.data):
                case UnitReserved(incident=whose) if whose == incident:
                    began = event.version
                case UnitReservationReleased() if began:
                    spans = _and(spans, _span(stream, began, event))
                    began = 0
                case _ if event.version == 1:
                    spans = _and(spans, _span(stream, 1, event))
    if began and event is not None:
        spans = _and(spans, _span(stream, began, event))
    return spans


def _and(spans: list[Span], span: Span) -> list[Span]:
    """Return spans of a stream and one more, as one with the last of them if nothing is between."""
    if spans and spans[-1].last + 1 == span.first:
        return [*spans[:-1], span.model_copy(update={"first": spans[-1].first})]
    return [*spans, span]


def _span(stream: str, first: int, last: StoredEvent) -> Span:
    return Span(stream=stream, first=first, last=last.version, hash=last.hash.hex())
