"""A command that leads to thousands of events: recorded and shown whole, or refused clearly."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import grpc
import pytest
import yaml
from google.protobuf.duration_pb2 import Duration
from muster.v1 import (
    common_pb2,
    incident_commands_pb2,
    incident_service_pb2,
    incident_service_pb2_grpc,
)

from compiler.driver import shipped
from domain.limits import COMMAND_EVENTS_MAX
from services.api.watch.incidents import BATCH_BYTES_MAX
from services.client.client import context
from tests.api.conftest import PLAN, opened, put_in_force, running, settings_of
from tests.api.errors import refused
from tests.resuming import beginning, position_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.api.conftest import Service
    from tests.conftest import Database

TASKS = 2_000
"""As many as a plan of a hub has."""
CHANNELS = 1_200
PATIENCE_S = 60.0
LEAVE = common_pb2.Text(zh="请离开。", en="Please leave.")


def hub_plan() -> str:
    """Return the general venue plan with many more tasks and channels."""
    plan: dict[str, Any] = yaml.safe_load(shipped()[PLAN])
    title = {"zh": "检查一处通道", "en": "Check a passage"}
    task = {"title": title, "phase": "response", "post": "guidance", "finish_within": "30 min"}
    plan["tasks"] += [{"id": f"check-{number}", **task} for number in range(TASKS)]
    channels = [f"screen-{number}" for number in range(CHANNELS)]
    screen = {"title": {"zh": "屏幕", "en": "Screen"}, "channels": ["webhook"]}
    plan["contacts"] += [{"id": channel, **screen} for channel in channels]
    plan["notices"]["channels"] += channels
    return str(yaml.safe_dump(plan, allow_unicode=True))


def activation(incident: str, measures: int = 1) -> incident_commands_pb2.ActivateResponseRequest:
    return incident_commands_pb2.ActivateResponseRequest(
        context=context(),
        incident_id=incident,
        level=common_pb2.RESPONSE_LEVEL_III,
        matters="crowding",
        expected_duration=Duration(seconds=3_600),
        measures=[
            incident_commands_pb2.NewMeasure(measure=f"m{number}", title="closed")
            for number in range(measures)
        ],
    )


@pytest.fixture
async def hub(database: Database, tmp_path: Path) -> AsyncIterator[Service]:
    """Run the service with a large plan in force."""
    async with running(settings_of(database, tmp_path)) as service:
        await put_in_force(service, hub_plan())
        yield service


async def steps_until(
    service: Service, position: int
) -> list[incident_service_pb2.WatchIncidentsResponse]:
    """Watch everything from the beginning, as a client does that sets no options."""
    start = beginning(service.settings.vault)
    found: list[incident_service_pb2.WatchIncidentsResponse] = []
    async with grpc.aio.insecure_channel(service.address) as channel, asyncio.timeout(PATIENCE_S):
        steps = incident_service_pb2_grpc.IncidentServiceStub(channel).WatchIncidents(
            incident_service_pb2.WatchIncidentsRequest(resume_token=start),
            metadata=[("authorization", "Bearer auditor")],
        )
        while not found or position_of(found[-1].resume_token) < position:
            step: Any = await steps.read()
            found.append(step)
    return found


async def test_a_plan_of_a_hub_is_activated_watched_and_terminated(hub: Service) -> None:
    commander = await hub.client("commander")
    incident = (await opened(hub)).incident_id
    request = activation(incident)
    receipt = await commander.incidents.ActivateResponse(request)
    assert [*receipt.kinds].count("TaskAssigned") > TASKS
    again = await commander.incidents.ActivateResponse(request)
    assert (again.duplicate, again.version, again.kinds) == (True, receipt.version, receipt.kinds)
    ended = await commander.incidents.TerminateResponse(
        incident_commands_pb2.TerminateResponseRequest(
            context=context(reason="over"), incident_id=incident, overrule=True
        )
    )
    assert [*ended.kinds].count("TaskLapsed") == [*receipt.kinds].count("TaskAssigned")
    steps = [step for step in await steps_until(hub, ended.position) if step.events.events]
    assert max(step.ByteSize() for step in steps) < BATCH_BYTES_MAX
    events = [event for step in steps for event in step.events.events]
    assert [event.version for event in events] == [*range(1, ended.version + 1)]
    commits = [{event.recorded_at.ToNanoseconds() for event in one.events.events} for one in steps]
    assert all(len(moments) == 1 for moments in commits)
    goes_on = [before == after for before, after in pairwise(commits)]
    assert [step.events.continues for step in steps] == [*goes_on, False]
    cut = next(step for step in steps if step.events.continues)
    auditor = await hub.client("auditor")
    watching = auditor.incidents.WatchIncidents(
        incident_service_pb2.WatchIncidentsRequest(resume_token=cut.resume_token)
    )
    await watching.read()
    following: Any = await watching.read()
    assert following.events.events[0].position == cut.events.events[-1].position + 1


async def test_a_notice_goes_out_on_a_thousand_channels(hub: Service) -> None:
    operator, commander = await hub.client("operator"), await hub.client("commander")
    incident = (await opened(hub)).incident_id
    await commander.incidents.ActivateResponse(activation(incident))
    said = {"incident_id": incident, "notice": "leave"}
    await operator.incidents.DraftNotice(
        incident_commands_pb2.DraftNoticeRequest(context=context(), text=LEAVE, **said)
    )
    await commander.incidents.ApproveNotice(
        incident_commands_pb2.ApproveNoticeRequest(
            context=context(on_behalf_of="general-manager"), **said
        )
    )
    receipt = await operator.incidents.PublishNotice(
        incident_commands_pb2.PublishNoticeRequest(context=context(), **said)
    )
    assert [*receipt.kinds].count("NotificationOrdered") > CHANNELS


@pytest.mark.parametrize("validate_only", [False, True])
async def test_what_leads_to_too_many_events_is_refused_and_not_recorded(
    service: Service,
    validate_only: bool,  # noqa: FBT001 - as asked
) -> None:
    commander = await service.client("commander")
    before = await opened(service)
    request = activation(before.incident_id, measures=COMMAND_EVENTS_MAX)
    request.context.validate_only = validate_only
    async with refused() as told:
        await commander.incidents.ActivateResponse(request)
    assert told.code is grpc.StatusCode.FAILED_PRECONDITION
    assert told.reason == "EVENTS_TOO_MANY"
    assert told.metadata["most"] == str(COMMAND_EVENTS_MAX)
    assert int(told.metadata["events"]) > COMMAND_EVENTS_MAX
    assert told.fields == {"measures": f"must lead to at most {COMMAND_EVENTS_MAX} events"}
    after = await commander.incidents.GetIncident(
        incident_service_pb2.GetIncidentRequest(incident_id=before.incident_id)
    )
    assert after.version == before.version
