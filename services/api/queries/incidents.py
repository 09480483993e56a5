"""Incidents, to be read: one, a list, and what the workflow knows of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from muster.v1 import incident_pb2, incident_service_pb2

from domain.record.case_access import ReadKind
from projections.queries.filters import FilterInvalid
from projections.queries.lists import ViewBehind
from projections.queries.pages import PageTokenInvalid
from services.api.access_log import Read
from services.api.commands.envelope import incident_id
from services.api.errors.failures import Failure, Violation
from services.api.messages import from_domain
from services.api.messages.from_domain import moment
from services.api.messages.plan_ref import of_parts

if TYPE_CHECKING:
    from domain.incident.state.incident import Incident
    from eventstore.recorder.recorder import Recorder
    from projections.queries.lists import ViewReader
    from projections.views.incidents import IncidentRow
    from services.api.access_log import AccessLog
    from services.api.interceptors.chain import Call
    from services.api.queries.workflows import Workflows

PAGE_SIZE_MAX = 500
VIEW_PATIENCE_S = 5.0
"""How long a list waits for a view that is behind."""


class Incidents:
    """Answers what is asked about incidents."""

    def __init__(
        self,
        incidents: Recorder[Incident],
        views: ViewReader,
        workflows: Workflows,
        readings: AccessLog,
    ) -> None:
        self._incidents = incidents
        self._views = views
        self._workflows = workflows
        self._readings = readings

    async def get(self, request: Any, call: Call) -> incident_pb2.Incident:
        """Return an incident as it is now."""
        key = incident_id(request.incident_id)
        known = await self._incidents.known(key)
        refuse_unknown(key, known.version)
        refuse_elsewhere(key, known.state.venue, call)
        read = Read(ReadKind.STATE, key)
        over = is_over(known.state)
        await self._readings.record_present(call, read, request.reason, is_over=over)
        return from_domain.incident(key, known)

    async def list(self, request: Any, call: Call) -> incident_service_pb2.ListIncidentsResponse:
        """Return a page of incidents, no older than asked."""
        check_page(request)
        try:
            await come_to(self._views, "incidents", request)
            page = await self._views.incidents(
                matching=request.filter,
                order_by=request.order_by,
                size=request.page_size,
                page_token=request.page_token,
                venues=call.actor.venues,
            )
        except FilterInvalid as error:
            found = {"column": str(error.column), "problem": error.problem}
            raise Failure("FILTER_INVALID", found) from None
        except (PageTokenInvalid, ViewBehind) as error:
            raise listing_failure(error, request) from None
        return incident_service_pb2.ListIncidentsResponse(
            incidents=[_summary(row) for row in page.rows],
            next_page_token=page.next_token,
            position=page.position,
        )

    async def standing(self, request: Any, call: Call) -> incident_service_pb2.GetStandingResponse:
        """Ask the running workflow."""
        key = incident_id(request.incident_id)
        known = await self._incidents.known(key)
        refuse_unknown(key, known.version)
        refuse_elsewhere(key, known.state.venue, call)
        seen = await self._workflows.ask(key)
        return seen.presented(key, known)


def is_over(incident: Incident) -> bool:
    """Tell whether nothing more happens in an incident."""
    return incident.phase is not None and incident.phase.is_over


def refuse_unknown(key: str, version: int) -> None:
    """Refuse to show what never happened. Raises Failure."""
    if version == 0:
        raise Failure("INCIDENT_UNKNOWN", {"incident": key}, subject=f"incident/{key}")


def refuse_elsewhere(key: str, venue: str, call: Call) -> None:
    """Refuse to show an incident of another venue. Raises Failure."""
    if not call.actor.may_act_at(venue):
        raise Failure("VENUE_NOT_PERMITTED", {"venue": venue}, subject=f"incident/{key}")


def check_page(request: Any) -> None:
    """Refuse a page of an impossible size. Raises Failure."""
    if not 0 <= request.page_size <= PAGE_SIZE_MAX:
        raise Failure("FIELD_INVALID", violations=[Violation.of("page_size", "page_size")])


def check_page_after(request: Any) -> None:
    """Refuse a page of an impossible size, or after what is negative. Raises Failure."""
    check_page(request)
    if request.after < 0:
        raise Failure("FIELD_INVALID", violations=[Violation.of("after", "not_negative")])


async def come_to(views: ViewReader, view: str, request: Any) -> None:
    """Wait until a view has what the caller wants it to have. Raises Failure, ViewBehind."""
    if request.min_position < 0:
        broken = Violation.of("min_position", "not_negative")
        raise Failure("FIELD_INVALID", violations=[broken])
    if request.min_position:
        await views.wait_for(view, request.min_position, VIEW_PATIENCE_S)


def listing_failure(error: PageTokenInvalid | ViewBehind, request: Any) -> Failure:
    """Return why a list can't be shown."""
    if isinstance(error, ViewBehind):
        wanted = str(getattr(request, "min_position", 0))
        return Failure("VIEW_BEHIND", {"position": str(error.position), "min_position": wanted})
    return Failure("PAGE_TOKEN_INVALID")


def _summary(row: IncidentRow) -> incident_pb2.IncidentSummary:
    return incident_pb2.IncidentSummary(
        incident_id=row.incident_id,
        version=row.version,
        position=row.position,
        phase=from_domain.named("Phase", row.phase),
        venue=row.venue,
        hazard=from_domain.named("HazardKind", row.hazard),
        plan=of_parts(row.plan_id, row.plan_version, row.plan_hash),
        mode=from_domain.named("Mode", row.mode),
        level=row.level,  # type: ignore[arg-type] # its numbers are the law's
        warning=from_domain.named("WarningColour", row.warning) if row.warning else None,
        opened_at=moment(row.opened_at),
        changed_at=moment(row.changed_at),
        ended_at=moment(row.ended_at) if row.ended_at else None,
        commander=row.commander,
        open_tasks=row.open_tasks,
        overdue_tasks=row.overdue_tasks,
    )
