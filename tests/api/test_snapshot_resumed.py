"""A snapshot that breaks off is taken up where it was: no incident and no event is left out."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from muster.v1 import incident_commands_pb2, incident_service_pb2

from services.client.client import context
from tests.api.conftest import impose, opened
from tests.api.test_watch import events_of, steps_until, watch

if TYPE_CHECKING:
    from tests.api.conftest import Service

INCIDENTS = 4
PATIENCE = 50

Step = incident_service_pb2.WatchIncidentsResponse


async def first_steps(steps: Any, number: int) -> list[Step]:
    """Take so many steps, and let the watch go."""
    taken = [await steps.read() for _ in range(number)]
    steps.cancel()
    return taken


async def all_of_a_snapshot(client: Any, cut_after: int) -> list[Step]:
    """Take a snapshot that is cut again and again, each time after so many steps."""
    taken: list[Step] = []
    token = ""
    for _ in range(PATIENCE):
        request = watch(resume_token=token, include_snapshot=not token)
        steps = client.incidents.WatchIncidents(request)
        for number in count():
            step = await steps.read()
            taken.append(step)
            token = step.resume_token
            if step.HasField("snapshot_end"):
                return taken
            if number + 1 == cut_after:
                steps.cancel()
                break
    raise AssertionError("the snapshot never ended")


@pytest.mark.usefixtures("views")
@pytest.mark.parametrize("role", ["operator", "responder"])
async def test_a_snapshot_that_is_cut_after_each_step_is_whole(service: Service, role: str) -> None:
    incidents = sorted([(await opened(service)).incident_id for _ in range(INCIDENTS)])
    taken = await all_of_a_snapshot(await service.client(role), cut_after=1)
    assert [step.snapshot.incident_id for step in taken[:-1]] == incidents
    assert taken[-1].snapshot_end.incidents == INCIDENTS
    assert all(step.resume_token for step in taken)


@pytest.mark.usefixtures("views")
async def test_what_happens_while_a_snapshot_is_cut_is_seen(service: Service) -> None:
    operator = await service.client("operator")
    for _ in range(INCIDENTS):
        await opened(service)
    begun = operator.incidents.WatchIncidents(watch(include_snapshot=True))
    first = await first_steps(begun, 2)
    incidents = [one.incident_id for one in (await _listed(service))]
    for incident in incidents:
        await operator.incidents.ImposeMeasure(impose(incident, "m1"))
    gone = incidents[-1]
    last = await operator.incidents.VerifyAlarm(
        incident_commands_pb2.VerifyAlarmRequest(
            context=context(reason="a drill"), incident_id=gone, genuine=False
        )
    )
    rest = operator.incidents.WatchIncidents(watch(resume_token=first[-1].resume_token))
    steps = await steps_until(rest, last.position)
    shown = [one.snapshot for one in [*first, *steps] if one.HasField("snapshot")]
    assert [one.incident_id for one in shown] == incidents
    assert {one.version for one in shown} == {2}, "as of where the snapshot began"
    ends = [one.snapshot_end.incidents for one in steps if one.HasField("snapshot_end")]
    assert ends == [INCIDENTS]
    seen = events_of(steps)
    assert [one.type for one in seen][:INCIDENTS] == ["MeasureImposed"] * INCIDENTS
    assert seen[-1].position == last.position


async def test_a_cut_between_a_snapshot_of_one_incident_and_its_end(service: Service) -> None:
    operator = await service.client("operator")
    incident = (await opened(service)).incident_id
    steps = operator.incidents.WatchIncidents(watch(incident, include_snapshot=True))
    (snapshot,) = await first_steps(steps, 1)
    last = [
        await operator.incidents.ImposeMeasure(impose(incident, name)) for name in ("m1", "m2")
    ][-1]
    rest = operator.incidents.WatchIncidents(watch(incident, resume_token=snapshot.resume_token))
    after = await steps_until(rest, last.position)
    assert after[0].snapshot_end.incidents == 1
    assert [one.version for one in events_of(after)] == [3, 4]


async def test_where_a_watch_begins_from_now_on_is_said_first(service: Service) -> None:
    receipt = await opened(service)
    operator = await service.client("operator")
    (step,) = await first_steps(operator.incidents.WatchIncidents(watch()), 1)
    assert step.bookmark.position == receipt.position
    assert step.resume_token


@pytest.mark.usefixtures("views")
async def test_our_own_client_goes_on_inside_a_snapshot(service: Service) -> None:
    operator = await service.client("operator")
    incidents = sorted([(await opened(service)).incident_id for _ in range(INCIDENTS)])
    (first,) = await first_steps(operator.incidents.WatchIncidents(watch(include_snapshot=True)), 1)
    rest = []
    async for step in operator.watch(resume_token=first.resume_token, include_snapshot=True):
        rest.append(step)
        if step.HasField("snapshot_end"):
            break
    assert [one.snapshot.incident_id for one in [first, *rest[:-1]]] == incidents


async def _listed(service: Service) -> Any:
    operator = await service.client("operator")
    request = incident_service_pb2.ListIncidentsRequest(order_by="incident_id")
    return (await operator.incidents.ListIncidents(request)).incidents
