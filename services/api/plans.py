"""Plans: brought into force, read, listed, checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.rpc.error_details_pb2 import LocalizedMessage
from muster.v1 import common_pb2, plan_service_pb2

from domain.aggregate import decode
from domain.plan.canonical import canonical, pinned
from domain.plan.model import PinnedPlan
from domain.plan.publication import PUBLICATION, PlanPublished, PublishPlan
from projections.paging import PageTokenInvalid
from projections.reading import ViewBehind
from services.api import present
from services.api.commands import Order, asked, context_of, named
from services.api.failures import Failure, Violation
from services.api.incidents import check_page, come_to, listing_failure
from services.api.recording import receipt
from services.plan_file import Diagnostic, Inspection, inspect

if TYPE_CHECKING:
    from domain.plan.model import Plan
    from domain.plan.publication import Published
    from eventstore.log import Log
    from eventstore.plans import PlanLibrary
    from eventstore.recorder import Recorder
    from projections.plans import PlanRow
    from projections.reading import ViewReader
    from services.api.edge import Call

DOCUMENT = "document"
"""How a document is called in what is said about it."""

PAGE_VERSIONS = 16
"""Versions read at a time; a plan is a long text."""

FINDINGS_TOLD_MAX = 20
"""Places that an error names; `CheckPlan` names all."""


class Plans:
    """Answers what is asked about plans."""

    def __init__(
        self,
        log: Log,
        recorder: Recorder[Published],
        library: PlanLibrary,
        views: ViewReader,
    ) -> None:
        self._log = log
        self._recorder = recorder
        self._library = library
        self._views = views

    async def publish(self, request: Any, call: Call) -> plan_service_pb2.PublishPlanResponse:
        """Bring a plan into force."""
        context = context_of(request)
        inspection = _inspect(request)
        plan = inspection.plan
        if plan is None or inspection.errors:
            raise _invalid(inspection)
        _refuse_elsewhere(plan, call)
        order = Order("plan", plan.id, asked(PublishPlan(plan=plan), context, call))
        answer = await self._recorder.record(order.key, order.asked)
        return plan_service_pb2.PublishPlanResponse(
            receipt=receipt(order, answer),
            plan=present.plan_ref(pinned(plan).ref),
            findings=[_finding(one) for one in inspection.diagnostics],
        )

    async def check(self, request: Any, _: Call) -> plan_service_pb2.CheckPlanResponse:
        """Say what is wrong with a plan."""
        inspection = _inspect(request)
        valid = inspection.plan is not None and not inspection.errors
        ref = pinned(inspection.plan).ref if inspection.plan and valid else None
        return plan_service_pb2.CheckPlanResponse(
            valid=valid,
            findings=[_finding(one) for one in inspection.diagnostics],
            plan=present.plan_ref(ref),
        )

    async def get(self, request: Any, _: Call) -> plan_service_pb2.GetPlanResponse:
        """Return a plan's canonical text."""
        plan = named(request.plan, "plan")
        if request.version < 0:
            raise Failure("FIELD_INVALID", violations=[Violation.of("version", "not_negative")])
        if request.version:
            found = await self._numbered(plan, request.version)
        else:
            found = await self._library.latest(plan)
        if found is None:
            raise Failure("PLAN_UNKNOWN", {"plan": plan}, subject=f"plan/{plan}")
        return plan_service_pb2.GetPlanResponse(
            plan=present.plan_ref(found.ref), json=canonical(found.plan)
        )

    async def list(self, request: Any, _: Call) -> plan_service_pb2.ListPlansResponse:
        """Return a page of plans, each with its version in force."""
        check_page(request)
        try:
            await come_to(self._views, "plans", request)
            page = await self._views.plans(size=request.page_size, page_token=request.page_token)
        except (PageTokenInvalid, ViewBehind) as error:
            raise listing_failure(error, request) from None
        return plan_service_pb2.ListPlansResponse(
            plans=[_summary(row) for row in page.rows],
            next_page_token=page.next_token,
            position=page.position,
        )

    async def _numbered(self, plan: str, version: int) -> PinnedPlan | None:
        """Return the version that its author gave this number."""
        async for page in self._log.read_stream(f"plan/{plan}", page=PAGE_VERSIONS):
            for event in page:
                fact = decode(PUBLICATION, event.type, event.schema_version, event.data)
                if isinstance(fact, PlanPublished) and fact.ref.version == version:
                    return PinnedPlan(ref=fact.ref, plan=fact.plan)
        return None


def _inspect(request: Any) -> Inspection:
    which = request.document.WhichOneof("text")
    if which is None:
        raise Failure("FIELD_INVALID", violations=[Violation.of(DOCUMENT, "missing")])
    return inspect(getattr(request.document, which), DOCUMENT)  # JSON is YAML, too


def _refuse_elsewhere(plan: Plan, call: Call) -> None:
    """Refuse a plan for venues where the caller was not let in. Raises Failure."""
    for venue in plan.venues:
        if not call.actor.may_act_at(venue.id):
            raise Failure("VENUE_NOT_PERMITTED", {"venue": venue.id}, subject=f"plan/{plan.id}")


def _invalid(inspection: Inspection) -> Failure:
    errors = inspection.errors[:FINDINGS_TOLD_MAX]
    return Failure(
        "PLAN_INVALID",
        {"findings": _told(errors, "en"), "findings_zh": _told(errors, "zh")},
        violations=[
            Violation(f"{DOCUMENT}{one.path}", one.code.replace("-", "_"), one.message)
            for one in errors
        ],
    )


def _told(errors: Any, language: str) -> str:
    return "; ".join(
        f"{one.line}:{one.column} {one.path}: {one.message.said_in(language)}"
        + (f" ({one.hint.said_in(language)})" if one.hint else "")
        for one in errors
    )


def _finding(one: Diagnostic) -> plan_service_pb2.PlanFinding:
    return plan_service_pb2.PlanFinding(
        code=one.code,
        is_error=one.is_error,
        where=one.path,
        line=one.line,
        column=one.column,
        what=[
            LocalizedMessage(locale=language, message=one.message.said_in(language))
            for language in ("zh", "en")
        ],
        meant=one.hint.said_in("en") if one.hint else "",
    )


def _summary(row: PlanRow) -> plan_service_pb2.PlanSummary:
    return plan_service_pb2.PlanSummary(
        plan=common_pb2.PlanRef(id=row.plan_id, version=row.version, hash=row.hash),
        title=common_pb2.Text(zh=row.title_zh, en=row.title_en),
        venues=row.venues,
        hazards=[present.named("HazardKind", one) for one in row.hazards],
    )
