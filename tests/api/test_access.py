"""Who may call what: every role against every method, and every venue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
import pytest
from muster.v1 import (
    audit_service_pb2,
    common_pb2,
    incident_service_pb2,
    resource_service_pb2,
)

from domain.values import Role
from services.api.contract import methods
from services.client.client import context
from tests.api.conftest import ROLES, VENUE, impose, opened
from tests.api.errors import refused, taken_apart

if TYPE_CHECKING:
    from tests.api.conftest import Service

LETTERS = dict(
    zip(
        "ACORILPUD",
        (
            Role.ADMINISTRATOR,
            Role.COMMANDER,
            Role.OPERATOR,
            Role.RESPONDER,
            Role.INFORMATION_OFFICER,
            Role.LOGISTICS,
            Role.PLANNER,
            Role.AUDITOR,
            Role.DEVICE,
        ),
        strict=True,
    )
)
MATRIX = """
    RaiseWarning            .CO......
    ReportAlarm             .COR....D
    AdjustWarning           .CO......
    CancelWarning           .CO......
    VerifyAlarm             .COR.....
    ActivateResponse        .CO......
    ChangeResponseLevel     .CO......
    AssignRole              .CO......
    AcceptRole              .CORIL...
    DeclineRole             .CORIL...
    TransferCommand         .CO......
    AssignTask              .CO......
    AcknowledgeTask         .CORIL...
    StartTask               .CORIL...
    FinishTask              .CORIL...
    DeclareTaskImpossible   .CORIL...
    SubmitSituationReport   .CORIL...
    ImposeMeasure           .CO......
    LiftMeasure             .CO......
    HandOverMeasure         .CO......
    OrderEvacuation         .CO......
    DeclareZoneCleared      .COR.....
    ReportUnaccounted       .COR.....
    RegisterAssistance      .COR.....
    ConfirmAssistanceGiven  .COR.....
    RequestResource         .CO..L...
    CancelResourceRequest   .CO..L...
    DispatchUnit            .CO..L...
    ReportUnitArrived       .COR.L..D
    ReleaseUnit             .CO..L...
    DraftNotice             .CO.I....
    ApproveNotice           .CO.I....
    RejectNotice            .CO.I....
    PublishNotice           .CO.I....
    TerminateResponse       .CO......
    CloseIncident           .CO......
    RecordDamage            .COR.L...
    AddFinding              .CO...PU.
    ProposeCorrectiveAction .CO...PU.
    CorrectReport           .CO......
    CorrectDamage           .CO......
    RecordPerson            .COR.....
    Submit                  .CORILPUD
    SubmitStream            .CORILPUD
    GetIncident             ACORILPU.
    ListIncidents           ACORILPU.
    WatchIncidents          ACORILPU.
    GetStanding             ACORILPU.
    DraftPlan               A.....P..
    ReviewPlan              AC....P..
    ReturnPlan              AC....P..
    ApprovePlan             AC.......
    WithdrawPlan            AC....P..
    PublishPlan             A.....P..
    GetPlan                 ACORILPU.
    ListPlans               ACORILPU.
    CheckPlan               ACORILPU.
    DiffPlans               ACORILPU.
    RenderPlan              ACORILPU.
    RegisterUnit            A....L...
    PutUnitOutOfService     A....L...
    ReturnUnitToService     A....L...
    ListUnits               ACORILPU.
    RegisterContact         A.....P..
    ListContacts            ACO...PU.
    DisclosePersonalData    ACO......
    ListDisclosures         A......U.
    ErasePersonalData       A........
    ListErasures            A......U.
    PlaceLegalHold          A......U.
    LiftLegalHold           A......U.
    ReadEvents              ACO...PU.
    StateAt                 ACO...PU.
    Diff                    ACO...PU.
    Verify                  A......U.
    ExportCase              A......U.
    ListCaseAccesses        A......U.
    ListCheckpoints         ACORILPU.
    GetInclusionProof       A......U.
    GetConsistencyProof     ACORILPU.
    GetStreamHead           A......U.
    ListVenueIncidents      A......U.
    AcknowledgeDivergence   A........
"""
"""Written down a second time, so that nobody is let in by a slip of the pen in the contract."""

ALLOWED = {
    line.split()[0]: frozenset(LETTERS[letter] for letter in line.split()[1] if letter != ".")
    for line in MATRIX.strip().splitlines()
}


async def knock(channel: grpc.aio.Channel, path: str, token: str | None) -> str | None:
    """Call a method with an empty request, as a stream; return why it was refused."""
    call: Any = channel.unary_stream(path)
    said = (("authorization", f"Bearer {token}"),) if token else ()
    stream = call(b"", metadata=said, timeout=5)
    try:
        await stream.read()
    except grpc.aio.AioRpcError as error:
        return taken_apart(error).reason
    finally:
        stream.cancel()
    return None


def test_every_method_is_in_the_matrix() -> None:
    assert {method.name: method.allowed for method in methods()} == ALLOWED


async def test_every_role_is_let_in_where_the_matrix_says_and_nowhere_else(
    service: Service,
) -> None:
    found = {}
    async with grpc.aio.insecure_channel(service.address) as channel:
        for method in methods():
            answers = {role: await knock(channel, method.path, role) for role in ROLES}
            turned_away = {role for role, why in answers.items() if why == "ROLE_NOT_ALLOWED"}
            found[method.name] = frozenset(ROLES) - turned_away
    assert found == ALLOWED


@pytest.mark.parametrize("token", [None, "", "nobody", "operator "[:-2]])
async def test_nobody_is_let_in_without_a_good_token(service: Service, token: str | None) -> None:
    async with grpc.aio.insecure_channel(service.address) as channel:
        reasons = {await knock(channel, method.path, token) for method in methods()}
    assert reasons == {"UNAUTHENTICATED"}


async def test_a_refusal_says_who_came_and_who_may(service: Service) -> None:
    device = await service.client("device")
    async with refused() as told:
        await device.incidents.GetIncident(incident_service_pb2.GetIncidentRequest())
    assert (told.code, told.reason) == (grpc.StatusCode.PERMISSION_DENIED, "ROLE_NOT_ALLOWED")
    assert told.metadata["actor"] == "device"
    assert told.metadata["method"] == "GetIncident"


async def test_a_caller_of_another_venue_may_not_act_here(service: Service) -> None:
    incident = (await opened(service)).incident_id
    elsewhere, here = await service.client("elsewhere"), await service.client("here")
    async with refused() as told:
        await elsewhere.incidents.ImposeMeasure(impose(incident, "m1"))
    assert told.reason == "VENUE_NOT_PERMITTED"
    assert (await here.incidents.ImposeMeasure(impose(incident, "m1"))).version == 3


async def test_a_caller_of_another_venue_may_not_read_here(service: Service) -> None:
    incident = (await opened(service)).incident_id
    elsewhere = await service.client("elsewhere")
    calls: list[Any] = [
        elsewhere.incidents.GetIncident(
            incident_service_pb2.GetIncidentRequest(incident_id=incident)
        ),
        elsewhere.incidents.GetStanding(
            incident_service_pb2.GetStandingRequest(incident_id=incident)
        ),
        elsewhere.audit.StateAt(audit_service_pb2.StateAtRequest(incident_id=incident)),
        elsewhere.audit.ReadEvents(
            audit_service_pb2.ReadEventsRequest(incident_id=incident)
        ).read(),
        elsewhere.incidents.WatchIncidents(
            incident_service_pb2.WatchIncidentsRequest(incident_id=incident)
        ).read(),
    ]
    for call in calls:
        async with refused() as told:
            await call
        assert told.reason == "VENUE_NOT_PERMITTED"


@pytest.mark.usefixtures("views")
async def test_a_caller_of_another_venue_finds_nothing_of_here(service: Service) -> None:
    receipt = await opened(service)
    wanted = incident_service_pb2.ListIncidentsRequest(min_position=receipt.position)
    elsewhere, here = await service.client("elsewhere"), await service.client("here")
    assert not (await elsewhere.incidents.ListIncidents(wanted)).incidents
    assert len((await here.incidents.ListIncidents(wanted)).incidents) == 1
    streams = {
        event.stream
        async for page in elsewhere.audit.ReadEvents(audit_service_pb2.ReadEventsRequest())
        for event in page.events
    }
    assert streams == {"plan/general-venue"}


async def test_a_caller_of_some_venues_registers_units_of_these_only(service: Service) -> None:
    here = await service.client("here")

    def unit(name: str, venue: str | None) -> resource_service_pb2.RegisterUnitRequest:
        return resource_service_pb2.RegisterUnitRequest(
            context=context(),
            unit=name,
            title=common_pb2.Text(en=name),
            resource_kind="ambulance",
            venue=venue,
        )

    assert (await here.resources.RegisterUnit(unit("a1", VENUE))).version == 1
    for name, venue in (("a2", None), ("a3", "other-mall")):
        async with refused() as told:
            await here.resources.RegisterUnit(unit(name, venue))
        assert told.reason == "VENUE_NOT_PERMITTED"
    administrator = await service.client("administrator")
    await administrator.resources.RegisterUnit(unit("a3", "other-mall"))
    async with refused() as told:
        await here.resources.PutUnitOutOfService(
            resource_service_pb2.PutUnitOutOfServiceRequest(
                context=context(), unit="a3", cause="no crew"
            )
        )
    assert told.reason == "VENUE_NOT_PERMITTED"
