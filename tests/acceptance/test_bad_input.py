"""What is asked wrongly is answered clearly, with a reason, and changes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from muster.v1 import incident_commands_pb2 as ask
from muster.v1.audit_service_pb2 import ReadEventsRequest
from muster.v1.common_pb2 import (
    HAZARD_KIND_CROWDING,
    MODE_EXERCISE,
    WARNING_COLOUR_YELLOW,
    CommandContext,
    Receipt,
)
from muster.v1.plan_service_pb2 import PlanDocument, PublishPlanRequest

from compiler import driver
from services.cli.output.failure import Failure, failure_of
from services.cli.session import events
from services.demo import stage
from services.demo.case import meta_of
from services.demo.play import METHODS
from services.demo.story import NORTH, PLAN, VENUE
from tests.acceptance.conftest import Told

DESK = "duty-manager"


@pytest.fixture(scope="module")
async def opened(told: Told) -> str:
    """Open a second incident that stays in its warning."""
    receipt = await asked(told, DESK, warning())
    return receipt.incident_id


def warning(**changes: Any) -> ask.RaiseWarningRequest:
    now = Timestamp()
    now.GetCurrentTime()
    fields: dict[str, Any] = {
        "venue": VENUE,
        "plan": PLAN,
        "hazard": HAZARD_KIND_CROWDING,
        "mode": MODE_EXERCISE,
        "colour": WARNING_COLOUR_YELLOW,
        "starts_at": now,
        "scope": [NORTH],
        "matters": "Keep right",
        "measures": [ask.NewMeasure(measure="meter", title="Meter the inflow")],
        "issuer": "duty office",
    }
    return ask.RaiseWarningRequest(**(fields | changes))


async def asked(told: Told, who: str, request: Any, **context: Any) -> Receipt:
    asking = type(request)()
    asking.CopyFrom(request)
    asking.context.CopyFrom(CommandContext(**({"command_id": str(uuid4())} | context)))
    method = METHODS[request.DESCRIPTOR.full_name]
    return await told.performance.cast[who].record(method, asking)


async def refusal(told: Told, who: str, request: Any, **context: Any) -> Failure:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await asked(told, who, request, **context)
    return failure_of(refused.value)


@asynccontextmanager
async def nothing_changes(told: Told) -> AsyncIterator[None]:
    before = await _everything(told)
    yield
    assert await _everything(told) == before


async def test_an_unknown_incident(told: Told) -> None:
    async with nothing_changes(told):
        lift = ask.LiftMeasureRequest(incident_id=str(uuid4()), measure="meter")
        failure = await refusal(told, DESK, lift)
    assert failure.reason == "INCIDENT_UNKNOWN"
    assert failure.exit == 4


async def test_an_incident_that_is_no_uuid(told: Told) -> None:
    async with nothing_changes(told):
        failure = await refusal(told, DESK, ask.LiftMeasureRequest(incident_id="1", measure="x"))
    assert failure.reason == "FIELD_INVALID"
    assert "incident_id" in failure.fields


async def test_an_unknown_plan(told: Told) -> None:
    async with nothing_changes(told):
        failure = await refusal(told, DESK, warning(plan="no-such-plan"))
    assert failure.reason == "PLAN_UNKNOWN"
    assert failure.details["plan"] == "no-such-plan"


async def test_a_venue_that_the_plan_is_not_for(told: Told) -> None:
    async with nothing_changes(told):
        failure = await refusal(told, DESK, warning(venue="airport-1"))
    assert failure.reason in {"PLAN_NOT_FOR_VENUE", "VENUE_UNKNOWN"}


async def test_an_unknown_post(told: Told, opened: str) -> None:
    async with nothing_changes(told):
        request = ask.AssignRoleRequest(incident_id=opened, post="pilot", person="order-lead")
        failure = await refusal(told, DESK, request)
    assert failure.reason == "POST_UNKNOWN"


async def test_an_unknown_person(told: Told, opened: str) -> None:
    async with nothing_changes(told):
        request = ask.AssignRoleRequest(incident_id=opened, post="order", person="nobody")
        failure = await refusal(told, DESK, request)
    assert failure.reason == "PERSON_UNKNOWN"


async def test_a_unit_that_was_never_sent(told: Told, opened: str) -> None:
    async with nothing_changes(told):
        request = ask.ReportUnitArrivedRequest(incident_id=opened, unit="zeppelin-1")
        failure = await refusal(told, "logistics-lead", request)
    assert failure.reason == "UNIT_NOT_DISPATCHED"


async def test_a_command_before_its_phase(told: Told, opened: str) -> None:
    async with nothing_changes(told):
        failure = await refusal(told, DESK, ask.TerminateResponseRequest(incident_id=opened))
    assert failure.reason == "PHASE_NOT_REACHED"
    assert failure.details["phase"] == "warning"
    assert failure.details["needed"] == "response"


async def test_a_command_after_its_phase(told: Told) -> None:
    async with nothing_changes(told):
        request = ask.OrderEvacuationRequest(incident_id=told.incident, zones=[NORTH])
        failure = await refusal(told, DESK, request)
    assert failure.reason == "PHASE_OVER"


@pytest.mark.parametrize(
    "missing", ["venue", "plan", "hazard", "colour", "starts_at", "scope", "matters", "issuer"]
)
async def test_a_mandatory_field_that_is_missing_is_named(told: Told, missing: str) -> None:
    request = warning()
    request.ClearField(missing)  # type: ignore[arg-type] # one of its fields
    async with nothing_changes(told):
        failure = await refusal(told, DESK, request)
    assert failure.reason == "FIELD_INVALID"
    assert missing in failure.fields


async def test_a_command_without_an_id(told: Told) -> None:
    async with nothing_changes(told):
        failure = await refusal(told, DESK, warning(), command_id="")
    assert failure.reason == "COMMAND_ID_REQUIRED"


async def test_an_id_that_is_used_again_for_something_else(told: Told, opened: str) -> None:
    used = str(uuid4())
    impose = ask.ImposeMeasureRequest(incident_id=opened, measure="one-way", title="One way")
    first = await asked(told, DESK, impose, command_id=used)
    async with nothing_changes(told):
        again = await asked(told, DESK, impose, command_id=used)
        impose.title = "Both ways"
        failure = await refusal(told, DESK, impose, command_id=used)
    assert again.duplicate
    assert (again.version, again.position) == (first.version, first.position)
    assert failure.reason == "COMMAND_ID_REUSED"


async def test_an_expected_version_that_is_stale(told: Told, opened: str) -> None:
    async with nothing_changes(told):
        request = ask.LiftMeasureRequest(incident_id=opened, measure="meter")
        failure = await refusal(told, DESK, request, expected_version=1)
    assert failure.reason == "VERSION_STALE"
    assert failure.details["expected"] == "1"
    assert int(failure.details["actual"]) > 1


async def test_a_command_that_is_only_tried(told: Told, opened: str) -> None:
    async with nothing_changes(told):
        request = ask.LiftMeasureRequest(incident_id=opened, measure="meter")
        receipt = await asked(told, DESK, request, validate_only=True)
    assert list(receipt.kinds) == ["MeasureLifted"]


async def test_somebody_who_may_not(told: Told, opened: str) -> None:
    async with nothing_changes(told):
        request = ask.TerminateResponseRequest(incident_id=opened)
        failure = await refusal(told, "order-lead", request)
    assert failure.reason == "ROLE_NOT_ALLOWED"
    assert failure.exit == 6


async def test_a_plan_with_a_typo(told: Told) -> None:
    text = driver.shipped()[PLAN].replace("version: 1", "version: 2", 1)
    typo = text.replace("\ncommand:\n  post: commander", "\ncommand:\n  post: comander", 1)
    planner = told.performance.cast[stage.PLANNER]
    request = PublishPlanRequest(
        context=CommandContext(command_id=str(uuid4())), document=PlanDocument(yaml=typo)
    )
    async with nothing_changes(told):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await planner.plans.PublishPlan(request, **planner.call)
    failure = failure_of(refused.value)
    assert failure.reason == "PLAN_INVALID"
    said = " ".join((failure.text, *failure.details.values(), *failure.fields.values()))
    assert "comander" in said
    assert "commander" in said


async def test_a_message_that_is_too_large(told: Told, opened: str) -> None:
    request = ask.LiftMeasureRequest(incident_id=opened, measure="x" * (5 * 1024 * 1024))
    async with nothing_changes(told):
        failure = await refusal(told, DESK, request)
    assert failure.reason == "MESSAGE_TOO_LARGE"
    assert failure.exit == 2


async def test_nothing_is_told_to_a_stranger(told: Told) -> None:
    channel = told.auditor.channel
    ask_anything: Any = channel.unary_unary("/muster.v1.IncidentService/GetIncident")
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await ask_anything(b"", metadata=[("authorization", "Bearer nobody")])
    assert failure_of(refused.value).reason == "UNAUTHENTICATED"


@pytest.mark.parametrize(("language", "word"), [("zh", "没有这个事件"), ("en", "no such incident")])
async def test_an_error_is_said_in_the_callers_language(
    told: Told, language: str, word: str
) -> None:
    desk = told.performance.cast[DESK]
    bearer = next(value for key, value in desk.metadata if key == "authorization")
    metadata = [("accept-language", language), ("authorization", bearer)]
    request = ask.LiftMeasureRequest(
        context=CommandContext(command_id=str(uuid4())), incident_id=str(uuid4()), measure="meter"
    )
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await desk.incidents.LiftMeasure(request, metadata=metadata)
    assert word in failure_of(refused.value).text


async def _everything(told: Told) -> list[tuple[int, bytes]]:
    """Return all that people did; the hands and the clock go on."""
    read = events.read(told.auditor, ReadEventsRequest())
    by_itself = {"clock", "hands"}
    return [
        (event.version, event.event_id.bytes)
        async for event in read
        if meta_of(event)["actor"] not in by_itself
    ]
