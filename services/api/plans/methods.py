"""Plans: handed in, brought into force, read, listed, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from muster.v1 import common_pb2, plan_service_pb2

from domain.plan.canonical import canonical, pinned
from domain.plan.lifecycle.drafts import PlanState
from domain.plan.lifecycle.publication import DraftPlan, PublishPlan
from domain.plan.model.plan import PlanRef
from projections.queries.lists import ViewBehind
from projections.queries.pages import PageTokenInvalid
from services.api.commands.envelope import Order, asked, context_of, named
from services.api.commands.request_conversion import Converter, enum_names
from services.api.commands.submission import receipt
from services.api.errors.failures import Failure, Violation
from services.api.messages import from_domain
from services.api.messages.plan_ref import of_parts
from services.api.plans.documents import finding, inspected, invalid, shaped
from services.api.plans.texts import found, plan_of, texts_of
from services.api.queries.incidents import check_page, come_to, listing_failure
from services.runtime.clocks import clocks

if TYPE_CHECKING:
    from compiler.diagnostics.diagnostic import Diagnostic
    from domain.plan.lifecycle.drafts import Editions
    from eventstore.log.log import Log
    from eventstore.recorder.recorder import Recorder
    from projections.queries.lists import ViewReader
    from projections.views.plans import PlanRow
    from services.api.interceptors.chain import Call
    from services.api.resume_tokens import ResumeTokens

STATES: Mapping[int, PlanState] = {
    number: PlanState(member.value)
    for number, member in enum_names(plan_service_pb2.PlanState.DESCRIPTOR).items()
}
"""By their numbers in the contract."""

REF = Converter(common_pb2.PlanRef.DESCRIPTOR, PlanRef, besides={"exact_version"})


class Plans:
    """Answers what is asked about plans."""

    def __init__(
        self, log: Log, recorder: Recorder[Editions], views: ViewReader, tokens: ResumeTokens
    ) -> None:
        self._log = log
        self._recorder = recorder
        self._tokens = tokens
        self._views = views

    async def draft(self, request: Any, call: Call) -> plan_service_pb2.DraftPlanResponse:
        """Take a text that somebody hands in, errors and all."""
        context = context_of(request)
        inspection = await inspected(request.document)
        plan = shaped(inspection)
        order = Order("plan", plan.id, asked(DraftPlan(plan=plan), context, call))
        answer = await self._recorder.record(order.key, order.asked)
        ref = pinned(plan).ref
        known = (await self._recorder.known(order.key)).state.of(ref.hash)
        return plan_service_pb2.DraftPlanResponse(
            receipt=receipt(order, answer, self._tokens),
            plan=from_domain.plan_ref(ref),
            draft=known.number if known else 0,
            findings=[finding(one) for one in inspection.diagnostics],
        )

    async def publish(self, request: Any, call: Call) -> plan_service_pb2.PublishPlanResponse:
        """Bring an approved text into force."""
        context = context_of(request)
        ref, diagnostics = await _meant(request)
        order = Order("plan", ref.id, asked(PublishPlan(ref=ref), context, call))
        answer = await self._recorder.record(order.key, order.asked)
        return plan_service_pb2.PublishPlanResponse(
            receipt=receipt(order, answer, self._tokens),
            plan=from_domain.plan_ref(ref),
            findings=[finding(one) for one in diagnostics],
        )

    async def check(self, request: Any, _: Call) -> plan_service_pb2.CheckPlanResponse:
        """Say what is wrong with a plan."""
        inspection = await inspected(request.document, clocks.now().date())
        valid = inspection.plan is not None and not inspection.errors
        ref = pinned(inspection.plan).ref if inspection.plan and valid else None
        return plan_service_pb2.CheckPlanResponse(
            valid=valid,
            findings=[finding(one) for one in inspection.diagnostics],
            plan=from_domain.plan_ref(ref),
        )

    async def get(self, request: Any, _: Call) -> plan_service_pb2.GetPlanResponse:
        """Return a plan's canonical text, and what became of it."""
        texts = await texts_of(self._log, plan_of(request))
        edition = found(texts, request)
        return plan_service_pb2.GetPlanResponse(
            plan=from_domain.plan_ref(edition.ref),
            json=canonical(edition.plan),
            state=from_domain.number(edition.state),
            draft=edition.draft,
            history=texts.history,
        )

    async def list(self, request: Any, _: Call) -> plan_service_pb2.ListPlansResponse:
        """Return a page of plans, each with its version in force, or of texts in some states."""
        check_page(request)
        states = [_state(number) for number in request.states] or [PlanState.EFFECTIVE]
        plan = named(request.plan, "plan") if request.plan else ""
        try:
            await come_to(self._views, "plans", request)
            page = await self._views.plans(
                states=states, plan=plan, size=request.page_size, page_token=request.page_token
            )
        except (PageTokenInvalid, ViewBehind) as error:
            raise listing_failure(error, request) from None
        return plan_service_pb2.ListPlansResponse(
            plans=[_summary(row) for row in page.rows],
            next_page_token=page.next_token,
            position=page.position,
        )


async def _meant(request: Any) -> tuple[PlanRef, Sequence[Diagnostic]]:
    """Return which text is to come into force, and what is said of it. Raises Failure."""
    if not request.HasField("plan"):
        inspection = await inspected(request.document)
        if inspection.plan is None or inspection.errors:
            raise invalid(inspection)
        return pinned(inspection.plan).ref, inspection.diagnostics
    if request.HasField("document"):
        raise Failure("FIELD_INVALID", violations=[Violation.of("plan", "not_both")])
    return REF(request.plan, inside="plan"), ()


def _state(number: int) -> PlanState:
    state = STATES.get(number)
    if state is None:
        raise Failure("FIELD_INVALID", violations=[Violation.of("states", "state")])
    return state


def _summary(row: PlanRow) -> plan_service_pb2.PlanSummary:
    return plan_service_pb2.PlanSummary(
        plan=of_parts(row.plan_id, row.version, row.hash),
        title=common_pb2.Text(zh=row.title_zh, en=row.title_en),
        venues=row.venues,
        hazards=[from_domain.named("HazardKind", one) for one in row.hazards],
        state=from_domain.number(PlanState(row.state)),
        draft=row.draft,
        author=row.author,
    )
