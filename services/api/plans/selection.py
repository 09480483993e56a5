"""The text of a plan that a request names: one that is kept, or one that somebody wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.api.errors.failures import Failure, Violation
from services.api.plans.documents import inspected, shaped
from services.api.plans.texts import Edition, found, plan_of, texts_of

if TYPE_CHECKING:
    from domain.plan.model.plan import Plan
    from eventstore.log.log import Log


async def selected_plan(log: Log, request: Any, field: str) -> Plan:
    """Return the plan that a field of a request names. Raises Failure, with the field."""
    text = getattr(request, field)
    try:
        if text.WhichOneof("text") == "document":
            return shaped(await inspected(text.document))
        return (await _kept(log, text)).plan
    except Failure as failure:
        raise failure.inside(field) from None


async def _kept(log: Log, text: Any) -> Edition:
    if text.WhichOneof("text") is None:
        raise Failure("FIELD_INVALID", violations=[Violation.of("kept", "missing")])
    return found(await texts_of(log, plan_of(text.kept)), text.kept)
