"""Commands that say something wrong: every field is named, and what would be right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from muster.v1 import common_pb2, incident_commands_pb2

from services.client.client import context
from tests.api.conftest import PLAN, VENUE, ZONE, alarm, opened
from tests.api.errors import refused

if TYPE_CHECKING:
    from tests.api.conftest import Service

from tests.api.test_commands import warning

TOMORROW = datetime.now(UTC) + timedelta(days=1)


async def test_a_missing_reason_names_the_field(service: Service) -> None:
    incident = (await opened(service)).incident_id
    commander = await service.client("commander")
    begin = incident_commands_pb2.ActivateResponseRequest(
        context=context(),
        incident_id=incident,
        level=common_pb2.RESPONSE_LEVEL_III,
        matters="crowding",
        expected_duration=Duration(seconds=60),
    )
    await commander.incidents.ActivateResponse(begin)
    async with refused() as told:
        await commander.incidents.ChangeResponseLevel(
            incident_commands_pb2.ChangeResponseLevelRequest(
                context=context(), incident_id=incident, level=common_pb2.RESPONSE_LEVEL_II
            )
        )
    assert told.reason == "REASON_REQUIRED"
    assert told.fields == {"context.reason": "required"}


async def test_every_missing_field_is_named_at_once(service: Service) -> None:
    operator = await service.client("operator")
    request = incident_commands_pb2.RaiseWarningRequest(
        context=context(), venue=VENUE, plan=PLAN, scope=[ZONE]
    )
    async with refused() as told:
        await operator.incidents.RaiseWarning(request)
    assert (told.code, told.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID")
    missing = {"hazard", "colour", "starts_at", "matters", "measures", "issuer"}
    assert told.fields == dict.fromkeys(missing, "required")


async def test_a_wrong_field_is_named_by_its_path_and_says_what_would_be_right(
    service: Service,
) -> None:
    operator = await service.client("operator")
    bad = warning(
        pace=0.5,
        venue="Riverside Mall",
        measures=[
            incident_commands_pb2.NewMeasure(measure="ok", title="fine"),
            incident_commands_pb2.NewMeasure(measure="NOT OK", title=""),
        ],
    )
    async with refused() as told:
        await operator.incidents.RaiseWarning(bad)
    assert told.fields == {
        "venue": "must be lower case letters, digits, dots, hyphens, underscores; not a mark first",
        "pace": "must be at least 1.0",
        "measures[1].measure": (
            "must be lower case letters, digits, dots, hyphens, underscores; not a mark first"
        ),
        "measures[1].title": "required",
    }


async def test_what_decides_is_never_taken_for_said_when_it_was_not(service: Service) -> None:
    incident = (await opened(service)).incident_id
    operator = await service.client("operator")
    async with refused() as told:
        await operator.incidents.VerifyAlarm(
            incident_commands_pb2.VerifyAlarmRequest(context=context(), incident_id=incident)
        )
    assert told.fields == {"genuine": "required"}


async def test_an_unknown_value_of_an_enumeration_is_refused(service: Service) -> None:
    operator = await service.client("operator")
    async with refused() as told:
        await operator.incidents.ReportAlarm(alarm(hazard=99))
    assert list(told.fields) == ["hazard"]


async def test_an_impossible_moment_is_refused(service: Service) -> None:
    operator = await service.client("operator")
    async with refused() as told:
        await operator.incidents.RaiseWarning(warning(starts_at=Timestamp(seconds=10**15)))
    assert told.fields == {"starts_at": "a moment must lie between the years 1 and 9999"}


async def test_a_command_without_an_id_is_refused(service: Service) -> None:
    operator = await service.client("operator")
    async with refused() as told:
        await operator.incidents.ReportAlarm(alarm(context=common_pb2.CommandContext()))
    assert told.reason == "COMMAND_ID_REQUIRED"
    assert told.fields == {"context.command_id": "required"}


async def test_something_that_happened_tomorrow_is_refused(service: Service) -> None:
    operator = await service.client("operator")
    async with refused() as told:
        await operator.incidents.ReportAlarm(alarm(context=context(occurred_at=TOMORROW)))
    assert told.reason == "INSTANT_IN_FUTURE"


async def test_a_person_nobody_could_be_is_refused_before_anything_is_decided(
    service: Service,
) -> None:
    operator = await service.client("operator")
    async with refused() as told:
        await operator.incidents.ReportAlarm(alarm(context=context(on_behalf_of="Mr. Li")))
    assert list(told.fields) == ["context.on_behalf_of"]


async def test_a_text_that_no_database_holds_is_refused_before_a_view_would_stop_at_it(
    service: Service,
) -> None:
    async with refused() as told:
        await opened(service, source="camera\x007")
    assert told.fields == {"source": "must not hold the character NUL"}
