"""Who had access to a case, listed as the log has it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from muster.v1 import audit_service_pb2

from domain.decider import decode
from domain.record.case_access import READINGS, CaseRead, ReadCase, ReadKind
from eventstore.queries.accesses import Case, accesses, owed
from services.api.commands.envelope import incident_id
from services.api.errors.failures import Failure
from services.api.messages import from_domain
from services.api.queries.incidents import check_page_after

if TYPE_CHECKING:
    from domain.decider import CommandEnvelope
    from eventstore.log.events import StoredEvent
    from eventstore.log.log import Log
    from services.api.interceptors.chain import Call
    from services.api.venue_access import VenueAccess

PAGE_SIZE = 50

Access = audit_service_pb2.CaseAccess
Listed = audit_service_pb2.ListCaseAccessesResponse

KINDS = {
    ReadKind.EVENTS: audit_service_pb2.ACCESS_KIND_EVENTS,
    ReadKind.STATE: audit_service_pb2.ACCESS_KIND_STATE,
    ReadKind.CHANGES: audit_service_pb2.ACCESS_KIND_CHANGES,
    ReadKind.WATCH: audit_service_pb2.ACCESS_KIND_WATCH,
}


class CaseAccesses:
    """Lists readings, exports and disclosures of a case."""

    def __init__(self, log: Log, places: VenueAccess) -> None:
        self._log = log
        self._places = places

    async def list(self, request: Any, call: Call) -> Listed:
        """Return who had access to a case; last, what the log could not take yet."""
        check_page_after(request)
        case = await self._case(incident_id(request.incident_id), call)
        size = request.page_size or PAGE_SIZE
        found = await accesses(self._log, case, request.after, size + 1)
        if len(found) > size:
            shown = map(_access, found[:size])
            return Listed(accesses=shown, next_after=found[size - 1].position)
        late = [_owed(one) for one in await owed(self._log, case.incident) if _is_of(one, case)]
        return Listed(accesses=[*map(_access, found), *late])

    async def _case(self, incident: str, call: Call) -> Case:
        stream = f"incident/{incident}"
        venue = await self._places.venue(stream)
        if venue is None:
            raise Failure("INCIDENT_UNKNOWN", {"incident": incident}, subject=stream)
        await self._places.refuse_elsewhere(call.actor, stream)
        return Case(incident, venue)


def _access(event: StoredEvent) -> Access:
    data, meta = json.loads(event.data), json.loads(event.meta)
    access = Access(
        position=event.position,
        at=from_domain.moment(event.occurred_at),
        actor=meta["actor"],
        on_behalf_of=meta.get("on_behalf_of", ""),
        reason=meta.get("reason", ""),
        stream=event.stream,
    )
    match event.type:
        case "PersonalDataDisclosed":
            access.kind = audit_service_pb2.ACCESS_KIND_DISCLOSURE
            access.person = data["person"]
        case "CaseExported":
            access.kind = audit_service_pb2.ACCESS_KIND_EXPORT
        case _:
            read = decode(READINGS, event.type, event.schema_version, event.data)
            assert isinstance(read, CaseRead), read  # noqa: S101 - no other kind
            access.kind = KINDS[read.what]
            access.whole_log, access.after = read.incident is None, read.after
            access.until.CopyFrom(from_domain.moment(read.until))
    return access


def _owed(asked: CommandEnvelope) -> Access:
    ask = asked.command
    assert isinstance(ask, ReadCase), ask  # noqa: S101 - the only command
    return Access(
        at=from_domain.moment(asked.occurred_at) if asked.occurred_at else None,
        kind=KINDS[ask.what],
        actor=asked.actor.id,
        reason=asked.reason or "",
        whole_log=ask.incident is None,
        after=ask.after,
        stream=READINGS.stream(ask.key),
    )


def _is_of(asked: CommandEnvelope, case: Case) -> bool:
    """Tell whether what was read of the whole log was of a case, too."""
    ask = asked.command
    assert isinstance(ask, ReadCase), ask  # noqa: S101 - the only command
    return ask.venues is None or case.venue in ask.venues
