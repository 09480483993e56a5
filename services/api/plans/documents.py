"""Plans as somebody wrote them: read, and what is wrong with them told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from google.rpc.error_details_pb2 import LocalizedMessage
from muster.v1 import plan_service_pb2

from compiler.diagnostics.diagnostic import Diagnostic
from compiler.driver import Inspection, inspect
from services.api.errors.failures import Failure, Violation

if TYPE_CHECKING:
    from datetime import date

    from domain.plan.model.plan import Plan

DOCUMENT = "document"
"""How a document is called in what is said about it."""

FINDINGS_TOLD_MAX = 20
"""Findings in the text of an error; `CheckPlan` names all."""


async def inspected(document: Any, on: date | None = None) -> Inspection:
    """Read a document: in a thread, because a long one takes long. Raises Failure.

    With a day also what is over by then is found.
    """
    which = document.WhichOneof("text")
    if which is None:
        raise Failure("FIELD_INVALID", violations=[Violation.of(DOCUMENT, "missing")])
    text = getattr(document, which)
    return await asyncio.to_thread(inspect, text, DOCUMENT, on)  # JSON is YAML, too


def shaped(inspection: Inspection) -> Plan:
    """Return the plan that was read, errors and all. Raises Failure if it has no plan's shape."""
    if inspection.plan is None:
        raise invalid(inspection)
    return inspection.plan


def invalid(inspection: Inspection) -> Failure:
    """Return the failure of a plan that can't come into force."""
    errors, first = inspection.errors, inspection.errors[:FINDINGS_TOLD_MAX]
    return Failure(
        "PLAN_INVALID",
        {"findings": _told(first, "en"), "findings_zh": _told(first, "zh")},
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


def finding(one: Diagnostic) -> plan_service_pb2.PlanFinding:
    """Return what was found, as the contract says it."""
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
