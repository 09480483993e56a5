"""What changed in an incident between two moments, and which events changed it."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from muster.v1 import audit_service_pb2
from pydantic import BaseModel

from domain.decider import decode
from domain.incident.decider import INCIDENTS
from domain.incident.evolution.field_diff import ABSENT, FieldChange, FieldDiff, Path, differences
from domain.record.case_access import ReadKind
from domain.values import Text
from services.api.access_log import Read
from services.api.commands.envelope import incident_id
from services.api.errors.failures import Failure, Violation
from services.api.messages import from_domain
from services.api.queries.incidents import refuse_elsewhere, refuse_unknown

if TYPE_CHECKING:
    from domain.incident.state.incident import Incident
    from eventstore.log.events import StoredEvent
    from eventstore.log.log import Log
    from eventstore.recorder.recorder import Recorder
    from services.api.access_log import AccessLog
    from services.api.history.point_in_time import History
    from services.api.interceptors.chain import Call

EVENTS_MAX = 100_000
"""How far apart two moments may be."""

CAUSES_MAX = 20
"""Events that are named for one change; the newest."""

PAGE_CHANGES = 500

ORDER = Text.of("不能早于 from", "must not be before `from`")
FAR = Text.of(f"两者之间最多{EVENTS_MAX}条", f"at most {EVENTS_MAX} events may lie between them")

Step = audit_service_pb2.DiffResponse


@dataclass(slots=True)
class _Place:
    """What became of a field, or of a key of its map."""

    before: Any
    after: Any = None
    touched: dict[Path, deque[StoredEvent]] = field(default_factory=dict)
    times: Counter[Path] = field(default_factory=Counter)

    def note(self, touch: FieldChange, event: StoredEvent) -> None:
        """Note what an event changed in here."""
        self.after = touch.after
        for path, _, _ in differences(touch.path, touch.before, touch.after):
            self.times[path] += 1
            self.touched.setdefault(path, deque(maxlen=CAUSES_MAX)).append(event)

    def changes(self, path: Path) -> Iterator[audit_service_pb2.Change]:
        """Yield what is otherwise in here now, with all that touched it, around it or within."""
        for inner, before, after in differences(path, self.before, self.after):
            near = [one for one in self.touched if _is_within(one, inner)]
            events = {event.version: event for one in near for event in self.touched[one]}
            newest = sorted(events, reverse=True)[:CAUSES_MAX]
            yield audit_service_pb2.Change(
                path="".join(f"/{_escaped(step)}" for step in inner),
                before=_said(before),
                after=_said(after),
                causes=[_cause(events[version]) for version in newest],
                times=max(len(events), *(self.times[one] for one in near)),
            )


class IncidentDiff:
    """Compares an incident with itself."""

    def __init__(
        self, log: Log, incidents: Recorder[Incident], history: History, readings: AccessLog
    ) -> None:
        self._log = log
        self._incidents = incidents
        self._history = history
        self._readings = readings

    async def diff(self, request: Any, call: Call) -> AsyncGenerator[Step, None]:
        """Return the changes between two moments, by their paths."""
        key = incident_id(request.incident_id)
        current = await self._incidents.known(key)
        refuse_unknown(key, current.version)
        refuse_elsewhere(key, current.state.venue, call)
        first = await self._version(key, 0, getattr(request, "from"), "from")
        last = await self._version(key, current.version, request.to, "to")
        _refuse_disorder(first, last)
        await self._readings.record(call, Read(ReadKind.CHANGES, key), request.reason)
        places = await self._places(key, first, last)
        changes = [one for path, place in sorted(places.items()) for one in place.changes(path)]
        for begin in range(0, max(len(changes), 1), PAGE_CHANGES):
            page = changes[begin : begin + PAGE_CHANGES]
            yield Step(changes=page, from_version=first, to_version=last)

    async def _version(self, key: str, otherwise: int, moment: Any, inside: str) -> int:
        if moment.WhichOneof("at") is None:
            return otherwise
        known = await self._incidents.known(key)
        try:
            return await self._history.version(key, known.version, moment, "at")
        except Failure as failure:
            raise failure.inside(inside) from None

    async def _places(self, key: str, first: int, last: int) -> dict[Path, _Place]:
        begun = await self._history.at(key, first)
        tracing, places = FieldDiff(begun.state), dict[Path, _Place]()
        stream = INCIDENTS.stream(key)
        async for page in self._log.read_stream(stream, after=first, up_to=last):
            for event in page:
                fact = decode(INCIDENTS, event.type, event.schema_version, event.data)
                for touch in tracing.take(fact):
                    if touch.path not in places:
                        places[touch.path] = _Place(touch.before)
                    places[touch.path].note(touch, event)
        return places


def _refuse_disorder(first: int, last: int) -> None:
    if last < first:
        raise Failure("FIELD_INVALID", violations=[Violation("to", "order", ORDER)])
    if last - first > EVENTS_MAX:
        raise Failure("FIELD_INVALID", violations=[Violation("to", "far", FAR)])


def _is_within(one: Path, other: Path) -> bool:
    """Tell whether one place is the other, around it or within it."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _cause(event: StoredEvent) -> audit_service_pb2.Cause:
    return audit_service_pb2.Cause(
        event_id=str(event.event_id),
        version=event.version,
        position=event.position,
        type=event.type,
        actor=from_domain.actor_of(event),
        reason=str(json.loads(event.meta).get("reason", "")),
        recorded_at=from_domain.moment(event.recorded_at),
        occurred_at=from_domain.moment(event.occurred_at),
    )


def _escaped(step: str) -> str:
    """Return one step of a JSON pointer (RFC 6901, section 3)."""
    return step.replace("~", "~0").replace("/", "~1")


def _said(value: Any) -> str:
    if value is ABSENT:
        return ""
    return json.dumps(_plain(value), ensure_ascii=False, sort_keys=True)


def _plain(value: Any) -> Any:  # noqa: PLR0911 - one kind of value a line
    match value:
        case Enum():
            return value.value
        case datetime():
            return value.isoformat()
        case BaseModel():
            return value.model_dump(mode="json")
        case tuple() if fields := getattr(value, "_fields", None):
            return {name: _plain(one) for name, one in zip(fields, value, strict=True)}
        case tuple() | list():
            return [_plain(one) for one in value]
        case _ if hasattr(value, "items"):
            return {str(name): _plain(one) for name, one in value.items()}
        case _ if hasattr(value, "insert"):
            return sorted(str(one) for one in value)
        case _:
            return value
