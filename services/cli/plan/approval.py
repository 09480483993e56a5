"""`muster plan draft`, `review`, `approve` …: a plan comes into force by more than one person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from pathlib import Path
from typing import Annotated

import typer
from muster.v1.common_pb2 import PlanRef, Receipt
from muster.v1.plan_service_pb2 import (
    ApprovePlanRequest,
    DraftPlanRequest,
    GetPlanRequest,
    GetPlanResponse,
    PlanDocument,
    PlanState,
    PublishPlanRequest,
    ReturnPlanRequest,
    ReviewPlanRequest,
    WithdrawPlanRequest,
)
from rich.table import Table

from compiler.driver import Inspection
from compiler.report.text import render
from domain.plan.canonical import canonical, pinned
from services.api.messages.plan_ref import carried, edition
from services.cli.input.options import plain_name
from services.cli.output.answers import Output, grid
from services.cli.plan.published import FileArgument, inspected, invalid, is_written
from services.cli.session.contract_commands import new_context
from services.cli.session.session import Session, action
from services.runtime.vocabulary import Language, day_and_clock, word

TextArgument = Annotated[
    str, typer.Argument(metavar="FILE|PLAN", help="The text that was read, or the plan's id.")
]
Number = Annotated[
    int, typer.Option("--draft", min=0, help="The draft's number; the last one if left out.")
]
Reason = Annotated[str, typer.Option(help="Why.")]
Needed = Annotated[str, typer.Option(help="Why.", show_default=False)]
Validate = Annotated[bool, typer.Option("--validate-only", help="Record nothing.")]
PLANNER, APPROVER = "planner", "commander"


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    for command, role in (
        (draft, PLANNER),
        (review, APPROVER),
        (send_back, APPROVER),
        (approve, APPROVER),
        (publish, PLANNER),
        (withdraw, PLANNER),
        (history, "operator"),
    ):
        name = "return" if command is send_back else command.__name__
        action(app, name, role=role)(command)


async def draft(
    session: Session,
    file: FileArgument,
    reason: Reason = "",
    *,
    validate_only: Validate = False,
) -> None:
    """Hand in a plan, to be reviewed and approved by somebody else."""
    found = inspected(file)
    if found.plan is None:
        raise invalid(found, session.output.language)
    request = DraftPlanRequest(
        context=new_context(reason, validate_only=validate_only),
        document=_document(found),
    )
    answer = await session.connection.plans.DraftPlan(request, **session.connection.call)
    output = session.output
    parts = (
        render(found.errors, output.language),
        _left_over(found, file, output),
        _told(answer.plan, answer.draft, output, "draft"),
    )
    output.show(answer, lambda: "\n".join(part for part in parts if part))


def _left_over(found: Inspection, file: Path, output: Output) -> str:
    """Say how much is still to mend; `muster plan check` says what."""
    errors, warnings = len(found.errors), len(found.diagnostics) - len(found.errors)
    if not errors + warnings:
        return ""
    return output.said(
        f"{errors} 个错误，{warnings} 个警告：见 `muster plan check {file}`",
        f"{errors} errors, {warnings} warnings: see `muster plan check {file}`",
    )


async def review(
    session: Session,
    text: TextArgument,
    number: Number = 0,
    reason: Reason = "",
) -> None:
    """Find a draft fit. Its author can't."""
    await _move(session, ReviewPlanRequest, text, number, reason)


async def send_back(
    session: Session,
    text: TextArgument,
    number: Number = 0,
    *,
    reason: Needed,
) -> None:
    """Send a draft back to its author; the reason says what to mend."""
    await _move(session, ReturnPlanRequest, text, number, reason)


async def approve(
    session: Session, text: TextArgument, number: Number = 0, reason: Reason = ""
) -> None:
    """Answer for a draft that was reviewed: it may come into force. Its author can't."""
    await _move(session, ApprovePlanRequest, text, number, reason)


async def withdraw(
    session: Session, text: TextArgument, number: Number = 0, *, reason: Needed
) -> None:
    """Take a draft back before it came into force; the reason says why."""
    await _move(session, WithdrawPlanRequest, text, number, reason)


async def publish(
    session: Session,
    text: TextArgument,
    number: Number = 0,
    reason: Reason = "",
    *,
    validate_only: Validate = False,
) -> None:
    """Bring an approved text into force; new incidents are pinned to it."""
    request = PublishPlanRequest(context=new_context(reason, validate_only=validate_only))
    if is_written(text):
        found = inspected(Path(text))
        if found.errors:
            raise invalid(found, session.output.language)
        request.document.CopyFrom(_document(found))
    else:
        request.plan.CopyFrom((await _draft_of(session, text, number)).plan)
    answer = await session.connection.plans.PublishPlan(request, **session.connection.call)
    output = session.output
    output.show(answer, lambda: _told(answer.plan, 0, output, "effective"))


async def history(
    session: Session, plan: Annotated[str, typer.Argument(metavar="PLAN", help="A plan's id.")]
) -> None:
    """Say what became of a plan's texts: who did what to which, when and why."""
    answer = await _draft_of(session, plan, 0)
    session.output.show(answer.history, lambda: _table(answer, session.output.language))


Move = ReviewPlanRequest | ReturnPlanRequest | ApprovePlanRequest | WithdrawPlanRequest


async def _move(session: Session, request: type[Move], text: str, number: int, reason: str) -> None:
    """Take a draft a step on or back: just the text that somebody has before them."""
    ref, number = await _meant(session, text, number)
    asked = request(context=new_context(reason), plan=ref.id, hash=ref.hash, draft=number or None)
    call = getattr(session.connection.plans, request.DESCRIPTOR.name.removesuffix("Request"))
    receipt: Receipt = await call(asked, **session.connection.call)
    state = REACHED[request]
    session.output.show(receipt, lambda: _told(ref, number, session.output, state))


REACHED: Mapping[type[Move], str] = {
    ReviewPlanRequest: "reviewed",
    ReturnPlanRequest: "returned",
    ApprovePlanRequest: "approved",
    WithdrawPlanRequest: "withdrawn",
}


def _document(found: Inspection) -> PlanDocument:
    """Return what was read, in the form that its hash is taken over."""
    assert found.plan is not None, "it has a plan's shape"  # noqa: S101 - looked at before
    return PlanDocument(json=canonical(found.plan))


async def _meant(session: Session, text: str, number: int) -> tuple[PlanRef, int]:
    """Return which draft is meant: by the text of a file, else as the service has it."""
    if not is_written(text):
        draft = await _draft_of(session, text, number)
        return draft.plan, draft.draft
    found = inspected(Path(text))
    if found.plan is None:
        raise invalid(found, session.output.language)
    return carried(pinned(found.plan).ref), number


async def _draft_of(session: Session, plan: str, number: int) -> GetPlanResponse:
    request = GetPlanRequest(plan=plan, draft=number, last_draft=not number)
    return await session.connection.plans.GetPlan(request, **session.connection.call)


def _told(ref: PlanRef, number: int, output: Output, state: str) -> str:
    draft = output.said(f"（草案 {number}）", f", draft {number}") if number else ""
    said = word("plan_state", state, output.language)
    return f"{ref.id} v{edition(ref)}{draft} {said}, SHA-256 {ref.hash}"


def _table(answer: GetPlanResponse, language: Language) -> Table:
    rows = [
        [
            day_and_clock(step.at.ToDatetime(UTC)),
            word("plan_state", plain_name(PlanState.DESCRIPTOR, step.state), language),
            f"v{edition(step.plan)}",
            str(step.draft or ""),
            step.by,
            step.reason,
            step.plan.hash[:12],
        ]
        for step in answer.history
    ]
    return grid(("recorded", "what", "edition", "draft", "who", "why", "hash"), rows, language)
