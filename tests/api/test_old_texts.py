"""A log that holds what would not be taken today is read as before."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from muster.v1 import (
    audit_service_pb2,
    common_pb2,
    incident_commands_pb2,
    incident_service_pb2,
    plan_service_pb2,
    resource_service_pb2,
)
from muster.v1.plan_service_pb2 import (
    DiffPlansRequest,
    GetPlanRequest,
    ListPlansRequest,
    PlanPlace,
    PlanText,
    RenderPlanRequest,
    WithdrawPlanRequest,
)

from compiler.driver import inspect, shipped
from domain.decider import encode
from domain.incident.events.response import MeasureImposed
from domain.limits import INT32_MAX
from domain.plan.canonical import canonical, pinned
from domain.plan.lifecycle.drafts import PlanDrafted
from domain.plan.model.plan import Plan
from eventstore.integrity.hash_chain import event_hash
from eventstore.log.events import Appended, NewEvent
from eventstore.log.log import Log
from services.client.client import context
from tests.api.conftest import PLAN, alarm, opened
from tests.api.errors import refused
from tests.api.test_plans import NEXT, drafting

if TYPE_CHECKING:
    from tests.api.conftest import Service

BEYOND = 2**31
OLD = "old-plan"
FIRST_SECONDS = -62_135_596_800


def drafted_before() -> PlanDrafted:
    """Return the fact that a program before the limit recorded."""
    plan = inspect(shipped()[PLAN], PLAN).plan
    assert plan is not None
    said = json.loads(canonical(plan)) | {"id": OLD, "version": BEYOND}
    kept = Plan.model_validate_json(json.dumps(said))
    return PlanDrafted(draft=1, ref=pinned(kept).ref, plan=kept, by="planner")


@pytest.fixture
async def old(service: Service) -> common_pb2.PlanRef:
    """Record it as it stands in such a log."""
    fact = drafted_before()
    log = await Log.open(service.settings.database.dsn.get_secret_value())
    meta = json.dumps({"actor": "planner", "command_id": str(uuid4())})
    event = NewEvent(uuid4(), fact.kind, fact.schema_version, datetime.now(UTC), encode(fact), meta)
    assert isinstance(await log.append(f"plan/{OLD}", 0, [event]), Appended)
    await log.close()
    return common_pb2.PlanRef(
        id=OLD, version=INT32_MAX, hash=fact.ref.hash, exact_version=str(BEYOND)
    )


async def test_a_version_that_can_t_be_carried_is_refused(service: Service) -> None:
    planner = await service.client("planner")
    async with refused() as told:
        await planner.plans.DraftPlan(drafting(NEXT.replace("version: 2", f"version: {BEYOND}")))
    assert (told.reason, [*told.fields]) == ("PLAN_INVALID", ["document/version"])
    assert str(INT32_MAX) in told.fields["document/version"]
    draft = await planner.plans.DraftPlan(
        drafting(NEXT.replace("version: 2", f"version: {INT32_MAX}"))
    )
    assert (draft.plan.version, draft.plan.exact_version) == (INT32_MAX, "")


@pytest.mark.usefixtures("views")
async def test_a_plan_whose_version_can_t_be_carried_is_read(
    service: Service, old: common_pb2.PlanRef
) -> None:
    planner = await service.client("planner")
    found = await planner.plans.GetPlan(GetPlanRequest(plan=OLD, last_draft=True))
    assert (found.plan, json.loads(found.json)["version"]) == (old, BEYOND)
    assert [step.plan for step in found.history] == [old]
    asked = ListPlansRequest(plan=OLD, states=[plan_service_pb2.PLAN_STATE_DRAFT], min_position=5)
    listed = await planner.plans.ListPlans(asked)
    assert [one.plan for one in listed.plans] == [old]
    kept = PlanText(kept=PlanPlace(plan=OLD, last_draft=True))
    drawn = await planner.plans.RenderPlan(
        RenderPlanRequest(text=kept, wanted=plan_service_pb2.PLAN_RENDERING_HANDBOOK)
    )
    assert drawn.sheets
    assert await planner.plans.DiffPlans(
        DiffPlansRequest(was=PlanText(kept=PlanPlace(plan=PLAN)), becomes=kept)
    )


async def test_a_plan_whose_version_can_t_be_carried_is_taken_back(
    service: Service, old: common_pb2.PlanRef
) -> None:
    planner = await service.client("planner")
    receipt = await planner.plans.WithdrawPlan(
        WithdrawPlanRequest(
            context=context(reason="its version is too large"), plan=OLD, draft=1, hash=old.hash
        )
    )
    assert list(receipt.kinds) == ["PlanWithdrawn"]


# ----------------------------------------------------------------- the first moment that there is


async def test_the_first_moment_is_refused(service: Service) -> None:
    operator = await service.client("operator")
    asked = context()
    asked.occurred_at.FromSeconds(FIRST_SECONDS)
    async with refused() as told:
        await operator.incidents.ReportAlarm(alarm(context=asked))
    assert told.fields == {"context.occurred_at": "must be at least 1900-01-01T00:00:00Z"}


async def test_an_incident_that_happened_in_the_first_moment_is_read(service: Service) -> None:
    receipt = await opened(service)
    log = await Log.open(service.settings.database.dsn.get_secret_value())
    *_, last = [one async for page in log.read_stream(receipt.stream) for one in page]
    meta = json.dumps({"actor": "operator", "command_id": str(uuid4())})
    first = datetime.min.replace(tzinfo=UTC)
    fact = MeasureImposed(measure="shut", title="entrance closed")
    event = NewEvent(uuid4(), fact.kind, fact.schema_version, first, encode(fact), meta)
    assert isinstance(await log.append(receipt.stream, last.version, [event]), Appended)
    *_, stored = [one async for page in log.read_stream(receipt.stream) for one in page]
    await log.close()
    assert stored.occurred_at == first
    assert event_hash(last.hash, stored) == stored.hash
    auditor = await service.client("auditor")
    reading = audit_service_pb2.ReadEventsRequest(incident_id=receipt.incident_id)
    told = [one async for page in auditor.audit.ReadEvents(reading) for one in page.events]
    assert told[-1].occurred_at.seconds == FIRST_SECONDS
    then = audit_service_pb2.StateAtRequest(
        incident_id=receipt.incident_id, axis=audit_service_pb2.TIME_AXIS_TRUE
    )
    then.instant.GetCurrentTime()
    assert (await auditor.audit.StateAt(then)).measures.keys() == {"shut"}


# ------------------------------------------------------------------ texts that can not be seen

HIDDEN = "east \x1b[2J\u202egate"


async def test_a_text_that_can_t_be_seen_is_refused_by_its_field(service: Service) -> None:
    operator = await service.client("operator")
    async with refused() as told:
        await operator.incidents.ReportAlarm(alarm(source=HIDDEN, context=context(reason="\u200b")))
    assert told.fields == {"context.reason": "must hold something that can be seen"}
    request = alarm(source=HIDDEN)
    async with refused() as told:
        await operator.incidents.ReportAlarm(request)
    assert told.fields == {
        "source": "character 6 (U+001B) is a control or a mark of direction; leave it out"
    }
    batch = incident_service_pb2.SubmitRequest(
        commands=[incident_service_pb2.Command(report_alarm=request)]
    )
    answer = (await operator.incidents.Submit(batch)).answers[0]
    assert answer.error.message == "A field of the request is not as it must be."


async def test_a_personal_text_that_can_t_be_seen_is_refused_by_its_field(
    service: Service,
) -> None:
    planner = await service.client("planner")
    asked = resource_service_pb2.RegisterContactRequest(
        context=context(),
        person="li",
        name="\u2066Li\u2069",
        channels=[
            resource_service_pb2.Channel(
                kind=common_pb2.CHANNEL_KIND_MAIL, address="li\x07@example.org"
            )
        ],
    )
    async with refused() as told:
        await planner.resources.RegisterContact(asked)
    assert told.fields == dict.fromkeys(
        ["name", "channels[0].address"],
        "must hold no control characters and no marks of direction",
    )


async def test_a_plan_with_such_a_text_is_refused_where_it_stands(service: Service) -> None:
    planner = await service.client("planner")
    text = NEXT.replace("\npurpose:", '\npurpose: {en: "go\\u202Ewest"}\npurpose_was:', 1)
    checked = await planner.plans.CheckPlan(
        plan_service_pb2.CheckPlanRequest(document=plan_service_pb2.PlanDocument(yaml=text))
    )
    found = {one.where: one.code for one in checked.findings}
    assert found["/purpose/en"] == "character-unseen"


async def test_an_incident_that_holds_such_a_text_is_read_and_goes_on(service: Service) -> None:
    receipt = await opened(service)
    log = await Log.open(service.settings.database.dsn.get_secret_value())
    fact = MeasureImposed(measure="shut", title=HIDDEN)
    meta = json.dumps({"actor": "operator", "command_id": str(uuid4()), "reason": HIDDEN})
    event = NewEvent(uuid4(), fact.kind, fact.schema_version, datetime.now(UTC), encode(fact), meta)
    assert isinstance(await log.append(receipt.stream, 2, [event]), Appended)
    await log.close()
    commander = await service.client("commander")
    await commander.incidents.LiftMeasure(
        incident_commands_pb2.LiftMeasureRequest(
            context=context(), incident_id=receipt.incident_id, measure="shut"
        )
    )
    auditor = await service.client("auditor")
    reading = audit_service_pb2.ReadEventsRequest(incident_id=receipt.incident_id)
    told = [one async for page in auditor.audit.ReadEvents(reading) for one in page.events]
    assert json.loads(told[2].data)["title"] == HIDDEN
