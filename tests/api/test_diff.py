"""What changed between two moments, each change with the events that made it; and both clocks."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from muster.v1 import audit_service_pb2, incident_commands_pb2
from muster.v1.audit_service_pb2 import Change, DiffRequest, Moment, StateAtRequest

from services.client.client import context
from tests.api.conftest import impose, opened
from tests.api.errors import refused

if TYPE_CHECKING:
    from services.client.client import Client
    from tests.api.conftest import Service

LIFTING = incident_commands_pb2.LiftMeasureRequest


async def changes(client: Client, incident: str, first: int, last: int) -> dict[str, Change]:
    moments: dict[str, Any] = {"from": Moment(version=first), "to": Moment(version=last)}
    request = DiffRequest(incident_id=incident, **moments)
    return {one.path: one async for step in client.audit.Diff(request) for one in step.changes}


async def a_case(service: Service) -> str:
    """Open an incident, impose m1 and m2 at versions 3 and 4, lift m1 at version 5."""
    incident = (await opened(service)).incident_id
    operator = await service.client("operator")
    for measure in ("m1", "m2"):
        await operator.incidents.ImposeMeasure(impose(incident, measure))
    why = context(reason="the hall is empty")
    lift = LIFTING(context=why, incident_id=incident, measure="m1")
    await operator.incidents.LiftMeasure(lift)
    return incident


async def test_each_change_names_who_made_it_and_why(service: Service) -> None:
    incident, auditor = await a_case(service), await service.client("auditor")
    found = await changes(auditor, incident, 4, 5)
    (path,) = found
    assert path == "/measures/m1/lifted"
    change = found[path]
    assert (change.before, change.after, change.times) == ("false", "true", 1)
    (cause,) = change.causes
    assert (cause.version, cause.type) == (5, "MeasureLifted")
    assert (cause.actor, cause.reason) == ("operator", "the hall is empty")


async def test_what_was_not_there_has_no_value_before(service: Service) -> None:
    incident, auditor = await a_case(service), await service.client("auditor")
    found = await changes(auditor, incident, 2, 5)
    assert {path for path in found if path.startswith("/measures")} >= {
        "/measures/m1",
        "/measures/m2",
    }
    assert not [path for path in found if path.startswith("/measures/m1/")]
    assert json.loads(found["/measures/m1"].after)["lifted"] is True
    assert [cause.version for cause in found["/measures/m1"].causes] == [5, 3]
    assert found["/measures/m2"].before == ""
    assert json.loads(found["/measures/m2"].after) == {"lifted": False, "owner": None}


async def test_nothing_changed_between_a_moment_and_itself(service: Service) -> None:
    incident, auditor = await a_case(service), await service.client("auditor")
    assert await changes(auditor, incident, 3, 3) == {}


async def test_from_the_beginning_to_now_is_everything(service: Service) -> None:
    incident, auditor = await a_case(service), await service.client("auditor")
    steps = [step async for step in auditor.audit.Diff(DiffRequest(incident_id=incident))]
    assert {(step.from_version, step.to_version) for step in steps} == {(0, 5)}
    paths = {change.path for step in steps for change in step.changes}
    assert paths >= {"/phase", "/venue", "/measures/m1", "/measures/m2"}


async def test_moments_in_the_wrong_order_are_refused(service: Service) -> None:
    incident, auditor = await a_case(service), await service.client("auditor")
    async with refused() as told:
        await changes(auditor, incident, 4, 3)
    assert (told.code, list(told.fields)) == (grpc.StatusCode.INVALID_ARGUMENT, ["to"])
    async with refused() as told:
        await changes(auditor, incident, 4, 99)
    assert told.reason == "VERSION_UNKNOWN"


async def test_a_late_entry_is_true_then_and_was_not_known_then(service: Service) -> None:
    incident = (await opened(service)).incident_id
    operator, auditor = await service.client("operator"), await service.client("auditor")
    before = datetime.now(UTC)
    late = impose(incident, "m1")
    late.context.occurred_at.FromDatetime(before)
    await operator.incidents.ImposeMeasure(late)
    instant = Timestamp()
    instant.FromDatetime(before)
    recorded = await auditor.audit.StateAt(StateAtRequest(incident_id=incident, instant=instant))
    true = await auditor.audit.StateAt(
        StateAtRequest(incident_id=incident, instant=instant, axis=audit_service_pb2.TIME_AXIS_TRUE)
    )
    assert (sorted(recorded.measures), sorted(true.measures)) == ([], ["m1"])


async def test_what_happened_is_true_whatever_was_told_late_before_or_after(
    service: Service,
) -> None:
    """Tell at random what happened when, and compare with all that is known to have happened."""
    incident = (await opened(service)).incident_id
    operator, auditor = await service.client("operator"), await service.client("auditor")
    begun, chance = datetime.now(UTC), random.Random(7)  # noqa: S311 - no secret
    happened: dict[str, datetime] = {}
    for number in range(40):
        at = begun + timedelta(milliseconds=chance.choice([number, chance.randrange(1, 60)]))
        happened[f"m{number}"] = at
        told = impose(incident, f"m{number}")
        told.context.occurred_at.FromDatetime(at)
        await operator.incidents.ImposeMeasure(told)
        moment = begun + timedelta(milliseconds=chance.randrange(60))
        request = StateAtRequest(incident_id=incident, axis=audit_service_pb2.TIME_AXIS_TRUE)
        request.instant.FromDatetime(moment)
        found = await auditor.audit.StateAt(request)
        assert set(found.measures) == {name for name, at in happened.items() if at <= moment}


async def test_what_is_true_is_asked_of_an_instant_only(service: Service) -> None:
    incident, auditor = await a_case(service), await service.client("auditor")
    axis = audit_service_pb2.TIME_AXIS_TRUE
    async with refused() as told:
        await auditor.audit.StateAt(StateAtRequest(incident_id=incident, version=2, axis=axis))
    assert list(told.fields) == ["axis"]
