"""Units and contacts, to be listed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from muster.v1 import common_pb2, resource_service_pb2

from projections.queries.lists import ViewBehind
from projections.queries.pages import PageTokenInvalid
from services.api.messages import from_domain
from services.api.messages.plan_ref import at_most
from services.api.queries.incidents import check_page, come_to, listing_failure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from projections.queries.lists import ViewReader
    from projections.views.contacts import ContactRow
    from projections.views.units import UnitRow
    from services.api.interceptors.chain import Call, Unary


class Resources:
    """Answers what is asked about units and contacts."""

    def __init__(self, views: ViewReader) -> None:
        self._views = views

    @property
    def unaries(self) -> Mapping[str, Unary]:
        """Return the methods that it answers."""
        return {"ListUnits": self.units, "ListContacts": self.contacts}

    async def units(self, request: Any, call: Call) -> resource_service_pb2.ListUnitsResponse:
        """Return a page of units; those of other venues only are left out."""
        check_page(request)
        try:
            await come_to(self._views, "units", request)
            page = await self._views.units(
                resource_kind=request.resource_kind,
                venue=request.venue,
                size=request.page_size,
                page_token=request.page_token,
                venues=call.actor.venues,
            )
        except (PageTokenInvalid, ViewBehind) as error:
            raise listing_failure(error, request) from None
        return resource_service_pb2.ListUnitsResponse(
            units=[_unit(row) for row in page.rows],
            next_page_token=page.next_token,
            position=page.position,
        )

    async def contacts(self, request: Any, _: Call) -> resource_service_pb2.ListContactsResponse:
        """Return a page of contacts, without names and addresses."""
        check_page(request)
        try:
            await come_to(self._views, "contacts", request)
            page = await self._views.contacts(size=request.page_size, page_token=request.page_token)
        except (PageTokenInvalid, ViewBehind) as error:
            raise listing_failure(error, request) from None
        return resource_service_pb2.ListContactsResponse(
            contacts=[_contact(row) for row in page.rows],
            next_page_token=page.next_token,
            position=page.position,
        )


def _unit(row: UnitRow) -> resource_service_pb2.Unit:
    return resource_service_pb2.Unit(
        unit=row.unit,
        title=common_pb2.Text(zh=row.title_zh, en=row.title_en),
        resource_kind=row.resource_kind,
        venue=row.venue,
        x=row.x,
        y=row.y,
        capacity=None if row.capacity is None else at_most(row.capacity),
        status=from_domain.named_unit_status(row.status),
        incident_id=row.incident_id or "",
        request=row.request or "",
        cause=row.cause or "",
        version=row.version,
    )


def _contact(row: ContactRow) -> resource_service_pb2.Contact:
    return resource_service_pb2.Contact(
        person=row.person,
        channels=[
            resource_service_pb2.ContactChannel(
                kind=from_domain.named("ChannelKind", kind), exercise=exercise
            )
            for kind, exercise in zip(row.channels, row.exercises, strict=True)
        ],
        version=row.version,
    )
