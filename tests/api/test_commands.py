"""Commands over the wire: recorded once, refused with a reason, answered with a receipt."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from muster.v1 import common_pb2, incident_commands_pb2, incident_service_pb2

from services.client.client import context
from tests.api.conftest import PLAN, PLAN_EVENTS, VENUE, ZONE, alarm, impose, opened
from tests.api.errors import refused

if TYPE_CHECKING:
    from tests.api.conftest import Service


def get(incident: str) -> incident_service_pb2.GetIncidentRequest:
    return incident_service_pb2.GetIncidentRequest(incident_id=incident)


def warning(**changes: object) -> incident_commands_pb2.RaiseWarningRequest:
    fields: dict[str, object] = {
        "context": context(),
        "venue": VENUE,
        "plan": PLAN,
        "hazard": common_pb2.HAZARD_KIND_CROWDING,
        "mode": common_pb2.MODE_EXERCISE,
        "pace": 60.0,
        "colour": common_pb2.WARNING_COLOUR_ORANGE,
        "starts_at": Timestamp(seconds=1_800_000_000),
        "scope": [ZONE],
        "matters": "keep right",
        "measures": [incident_commands_pb2.NewMeasure(measure="meter", title="meter the inflow")],
        "issuer": "duty office",
    }
    return incident_commands_pb2.RaiseWarningRequest(**(fields | changes))  # type: ignore[arg-type]


async def test_an_opening_command_names_its_incident_and_answers_with_it(service: Service) -> None:
    receipt = await opened(service)
    assert receipt.stream == f"incident/{receipt.incident_id}"
    assert list(receipt.kinds) == ["IncidentOpened", "AlarmReported"]
    assert (receipt.version, receipt.position, receipt.duplicate) == (2, PLAN_EVENTS + 2, False)


async def test_every_field_of_a_command_arrives(service: Service) -> None:
    operator = await service.client("operator")
    receipt = await operator.incidents.RaiseWarning(warning())
    incident = await operator.incidents.GetIncident(get(receipt.incident_id))
    assert incident.phase == common_pb2.PHASE_WARNING
    assert incident.mode == common_pb2.MODE_EXERCISE
    assert incident.pace == 60.0
    assert incident.warning.colour == common_pb2.WARNING_COLOUR_ORANGE
    assert (list(incident.warning.scope), incident.warning.matters) == ([ZONE], "keep right")
    assert list(incident.measures) == ["meter"]
    assert incident.plan.id == PLAN
    assert len(incident.plan.hash) == 64
    assert not incident.HasField("level")


async def test_spans_levels_and_texts_arrive(service: Service) -> None:
    incident = (await opened(service)).incident_id
    operator = await service.client("operator")
    begun = await operator.incidents.ActivateResponse(
        incident_commands_pb2.ActivateResponseRequest(
            context=context(),
            incident_id=incident,
            level=common_pb2.RESPONSE_LEVEL_III,
            matters="crowding at the entrance",
            expected_duration=Duration(seconds=7_200),
        )
    )
    assert common_pb2.WORK_KIND_NOTIFY in begun.effects_pending
    assert common_pb2.WORK_KIND_DISPATCH in begun.effects_pending
    await operator.incidents.AssignTask(
        incident_commands_pb2.AssignTaskRequest(
            context=context(),
            incident_id=incident,
            task="count-people",
            title=common_pb2.Text(zh="清点人数", en="Count the people"),
            post="office",
            acknowledge_within=Duration(seconds=60),
        )
    )
    found = await operator.incidents.GetIncident(get(incident))
    assert found.level == common_pb2.RESPONSE_LEVEL_III
    assert found.tasks["count-people"].post == "office"
    assert [one.due_at.ToDatetime() for one in found.deadlines] == sorted(
        one.due_at.ToDatetime() for one in found.deadlines
    )


async def test_the_same_command_again_is_answered_alike_and_recorded_once(service: Service) -> None:
    operator = await service.client("operator")
    request = alarm()
    first = await operator.incidents.ReportAlarm(request)
    again = await operator.incidents.ReportAlarm(request)
    assert again.duplicate
    again.duplicate = False
    assert again == first


async def test_an_id_that_was_used_for_another_command_is_refused(service: Service) -> None:
    operator = await service.client("operator")
    request = alarm()
    receipt = await operator.incidents.ReportAlarm(request)
    request.incident_id, request.source = receipt.incident_id, "camera 8"
    async with refused() as told:
        await operator.incidents.ReportAlarm(request)
    assert (told.code, told.reason) == (grpc.StatusCode.ALREADY_EXISTS, "COMMAND_ID_REUSED")


async def test_an_id_that_somebody_else_used_is_refused(service: Service) -> None:
    incident = (await opened(service)).incident_id
    operator, commander = await service.client("operator"), await service.client("commander")
    request = impose(incident, "m1")
    await operator.incidents.ImposeMeasure(request)
    async with refused() as told:
        await commander.incidents.ImposeMeasure(request)
    assert told.reason == "COMMAND_ID_REUSED"


async def test_a_stale_version_is_refused_and_says_both(service: Service) -> None:
    receipt = await opened(service)
    operator = await service.client("operator")
    async with refused() as told:
        await operator.incidents.ImposeMeasure(
            impose(receipt.incident_id, "m1", expected_version=1)
        )
    assert (told.code, told.reason) == (grpc.StatusCode.ABORTED, "VERSION_STALE")
    assert told.metadata == {"expected": "1", "actual": "2"}
    assert told.message == "It stands at version 2, not 1."
    fitting = impose(receipt.incident_id, "m1", expected_version=2)
    assert (await operator.incidents.ImposeMeasure(fitting)).version == 3


async def test_a_dry_run_says_what_would_be_and_records_nothing(service: Service) -> None:
    receipt = await opened(service)
    operator = await service.client("operator")
    tried = await operator.incidents.ImposeMeasure(
        impose(receipt.incident_id, "m1", validate_only=True)
    )
    assert list(tried.kinds) == ["MeasureImposed"]
    found = await operator.incidents.GetIncident(get(receipt.incident_id))
    assert found.version == receipt.version


async def test_the_actor_is_whom_the_token_stands_for(service: Service) -> None:
    receipt = await opened(service)
    auditor = await service.client("auditor")
    events = await _events(auditor, receipt.incident_id)
    assert all('"actor":"operator"' in event.meta for event in events)


async def test_an_unknown_incident_is_not_found(service: Service) -> None:
    operator = await service.client("operator")
    unknown = str(uuid4())
    async with refused() as told:
        await operator.incidents.ImposeMeasure(impose(unknown, "m1"))
    assert (told.code, told.reason) == (grpc.StatusCode.NOT_FOUND, "INCIDENT_UNKNOWN")
    (resource,) = told.details["ResourceInfo"]
    assert (resource.resource_type, resource.resource_name) == ("incident", f"incident/{unknown}")


async def test_an_unknown_plan_is_not_found(service: Service) -> None:
    operator = await service.client("operator")
    async with refused() as told:
        await operator.incidents.ReportAlarm(alarm(plan="no-such-plan"))
    assert told.reason == "PLAN_UNKNOWN"
    assert told.message == "There is no such plan: no-such-plan"


async def test_a_command_in_the_wrong_phase_says_which_one_it_belongs_to(service: Service) -> None:
    incident = (await opened(service)).incident_id
    commander = await service.client("commander")
    async with refused() as told:
        await commander.incidents.CloseIncident(
            incident_commands_pb2.CloseIncidentRequest(context=context(), incident_id=incident)
        )
    assert (told.code, told.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "PHASE_NOT_REACHED")
    assert told.metadata == {"phase": "normal", "needed": "aftermath"}
    (kept,) = told.details["PreconditionFailure"]
    assert kept.violations[0].subject == f"incident/{incident}"


async def test_one_may_not_approve_what_one_drafted(service: Service) -> None:
    incident = (await opened(service)).incident_id
    operator = await service.client("operator")
    await operator.incidents.ActivateResponse(
        incident_commands_pb2.ActivateResponseRequest(
            context=context(),
            incident_id=incident,
            level=common_pb2.RESPONSE_LEVEL_III,
            matters="crowding",
            expected_duration=Duration(seconds=60),
        )
    )
    await operator.incidents.DraftNotice(
        incident_commands_pb2.DraftNoticeRequest(
            context=context(),
            incident_id=incident,
            notice="n1",
            text=common_pb2.Text(en="Keep right", zh="请靠右行走"),
        )
    )
    async with refused() as told:
        await operator.incidents.ApproveNotice(
            incident_commands_pb2.ApproveNoticeRequest(
                context=context(), incident_id=incident, notice="n1"
            )
        )
    assert (told.code, told.reason) == (
        grpc.StatusCode.PERMISSION_DENIED,
        "SECOND_PERSON_REQUIRED",
    )


async def test_a_commit_survives_a_caller_that_goes_away(service: Service) -> None:
    receipt = await opened(service)
    operator = await service.client("operator")
    calls = [
        operator.incidents.ImposeMeasure(impose(receipt.incident_id, f"m{n}")) for n in range(20)
    ]
    await asyncio.sleep(0.002)
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    await asyncio.sleep(0.1)
    found = await operator.incidents.GetIncident(get(receipt.incident_id))
    assert found.version == receipt.version + len(found.measures)
    after = await operator.incidents.ImposeMeasure(impose(receipt.incident_id, "after"))
    assert after.version == found.version + 1


async def _events(client: object, incident: str) -> list[common_pb2.Event]:
    from muster.v1 import audit_service_pb2  # noqa: PLC0415 - only here

    request = audit_service_pb2.ReadEventsRequest(incident_id=incident)
    found: list[common_pb2.Event] = []
    async for page in client.audit.ReadEvents(request):  # type: ignore[attr-defined]
        found.extend(page.events)
    return found
