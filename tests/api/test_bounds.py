"""No value that the domain takes is one that the contract can't carry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf import timestamp_pb2
from muster.v1 import (
    audit_service_pb2,
    common_pb2,
    incident_commands_pb2,
    incident_service_pb2,
)
from pydantic import BaseModel

from domain.decider import Versioned
from domain.incident.evacuation import ReportUnaccounted
from domain.incident.resources import RequestResource
from domain.incident.state.incident import Incident, Request, RequestStatus, Zone
from domain.limits import INT32_MAX
from domain.plan.model.plan import Plan, PlanRef
from domain.resource.unit import RegisterUnit, Unit, UnitRegistered
from domain.values import Phase, Text
from services.api.commands.envelope import COMMANDS, Context
from services.api.contract import methods
from services.api.messages import from_domain
from services.client.client import context
from tests.api.bounds import Field, fields, whole_numbers
from tests.api.conftest import PLAN, VENUE, ZONE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.api.conftest import Service

READ: list[tuple[Any, type[BaseModel]]] = [
    *(
        (one.request.DESCRIPTOR, COMMANDS[one.records.category][one.records.command])
        for one in methods()
        if one.records
    ),
    (common_pb2.CommandContext.DESCRIPTOR, Context),
]
"""The messages that become values of the domain."""

ASKED = [found for message, model in READ for found in fields(message, model)]

FROM_PEOPLE: Mapping[str, tuple[type[BaseModel], str]] = {
    "PlanRef.version": (Plan, "version"),
    "ResourceRequest.quantity": (RequestResource, "quantity"),
    "ZoneEvacuation.unaccounted": (ReportUnaccounted, "persons"),
    "Unit.capacity": (RegisterUnit, "capacity"),
}
"""Numbers that are told as people gave them, and what they gave them with."""

COUNTED = {
    "AcknowledgedDivergence.lineage",
    "Checkpoint.lineage",
    "DisclosePersonalDataResponse.left",
    "DraftPlanResponse.draft",
    "Erasure.keys_left",
    "Erasure.keys_unknown",
    "Event.schema_version",
    "GetPlanResponse.draft",
    "Incident.ReportsEntry",
    "IncidentSummary.open_tasks",
    "IncidentSummary.overdue_tasks",
    "PendingActivity.attempt",
    "PlanFinding.column",
    "PlanFinding.line",
    "PlanStep.draft",
    "PlanSummary.draft",
    "SnapshotEnd.incidents",
    "Task.step",
}
"""Numbers that the service counts itself: of drafts, escalations, keys, lines, steps."""

BEYOND = 2**40


def told() -> set[str]:
    seen: set[str] = set()
    return {
        name for method in methods() for name in whole_numbers(method.response.DESCRIPTOR, seen)
    }


@pytest.mark.parametrize("field", ASKED, ids=lambda field: field.name)
def test_what_can_t_be_carried_is_not_taken(field: Field) -> None:
    assert [value for value in field.too_much if field.admits(value)] == []


def test_every_number_that_is_told_is_counted_or_was_bounded_when_it_was_given() -> None:
    assert told() == FROM_PEOPLE.keys() | COUNTED


@pytest.mark.parametrize(("name", "given"), FROM_PEOPLE.items(), ids=FROM_PEOPLE)
def test_a_number_that_is_told_as_it_was_given_fits(
    name: str, given: tuple[type[BaseModel], str]
) -> None:
    model, field = given
    shape = model.model_fields[field]
    descriptor = common_pb2.PlanRef.DESCRIPTOR.fields_by_name["version"]
    one = Field(name, descriptor, shape.rebuild_annotation())
    assert [value for value in one.too_much if one.admits(value)] == []
    assert one.admits(1)


def test_every_field_of_a_command_was_looked_at() -> None:
    assert {"ReportAlarmRequest.pace", "RaiseWarningRequest.measures.title"} <= {
        one.name for one in ASKED
    }
    assert len(ASKED) > 140


# ------------------------------------------------------------------------------ the edges of time

FIRST = timestamp_pb2.Timestamp(seconds=-2_208_988_800)
LAST = timestamp_pb2.Timestamp(seconds=253_402_300_799, nanos=999_999_999)


async def test_the_first_and_the_last_moment_are_kept(service: Service) -> None:
    commander = await service.client("commander")
    asked = context()
    asked.occurred_at.CopyFrom(FIRST)
    request = incident_commands_pb2.RaiseWarningRequest(
        context=asked,
        venue=VENUE,
        plan=PLAN,
        hazard=common_pb2.HAZARD_KIND_CROWDING,
        colour=common_pb2.WARNING_COLOUR_YELLOW,
        starts_at=LAST,
        scope=[ZONE],
        matters="stay away",
        measures=[incident_commands_pb2.NewMeasure(measure="shut", title="entrance closed")],
        issuer="the emergency office",
    )
    receipt = await commander.incidents.RaiseWarning(request)
    auditor = await service.client("auditor")
    reading = audit_service_pb2.ReadEventsRequest(incident_id=receipt.incident_id)
    events = [event async for page in auditor.audit.ReadEvents(reading) for event in page.events]
    assert events[0].occurred_at == FIRST
    assert any("9999-12-31T23:59:59.999999Z" in event.data for event in events)
    known = incident_service_pb2.GetIncidentRequest(incident_id=receipt.incident_id)
    assert (await commander.incidents.GetIncident(known)).version == receipt.version


# ------------------------------------------------------------------------ what a log holds already


def test_a_plan_s_version_beyond_the_contract_is_told_in_full() -> None:
    ref = from_domain.plan_ref(PlanRef(id="a", version=BEYOND, hash="0" * 64))
    assert ref == common_pb2.PlanRef(
        id="a", version=INT32_MAX, hash="0" * 64, exact_version=str(BEYOND)
    )


def test_a_unit_that_carries_more_than_can_be_said_is_shown() -> None:
    registered = UnitRegistered(
        unit="u", title=Text(en="u"), resource_kind="k", x=0, y=0, capacity=BEYOND
    )
    assert from_domain.unit("u", Versioned(Unit(registered), 1, 1)).capacity == INT32_MAX


def test_an_incident_with_more_than_can_be_said_is_shown() -> None:
    state = Incident(phase=Phase.RESPONSE)
    state = state._replace(
        zones=state.zones.insert("atrium", Zone(unaccounted=BEYOND)),
        requests=state.requests.insert("r", Request("boat", BEYOND, "atrium", RequestStatus.OPEN)),
    )
    shown = from_domain.incident("0b8e4f3c-3f0e-4f5e-9f52-6a7d1c2b3a40", Versioned(state, 1, 1))
    assert shown.zones["atrium"].unaccounted == INT32_MAX
    assert shown.requests["r"].quantity == INT32_MAX


def test_batches_hold_no_command_that_was_not_looked_at() -> None:
    batched = {
        one.message_type.name
        for one in incident_service_pb2.Command.DESCRIPTOR.fields
        if one.message_type is not None
    }
    assert batched <= {message.name for message, _ in READ}
