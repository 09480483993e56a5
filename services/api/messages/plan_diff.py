"""What changes from one text of a plan to another, as the contract says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.rpc.error_details_pb2 import LocalizedMessage
from muster.v1 import common_pb2
from muster.v1.plan_service_pb2 import DiffPlansResponse, PlanChange, PlanTopic

from compiler.diff.compare import difference
from domain.plan.canonical import pinned
from services.api.messages.plan_ref import carried

if TYPE_CHECKING:
    from compiler.diff.change import Change
    from domain.plan.model.plan import Plan
    from domain.values import Text


def compared(was: Plan, becomes: Plan) -> DiffPlansResponse:
    """Compare two texts."""
    return DiffPlansResponse(
        was=_ref(was),
        becomes=_ref(becomes),
        changes=[_change(one) for one in difference(was, becomes)],
    )


def _ref(plan: Plan) -> common_pb2.PlanRef:
    return carried(pinned(plan).ref)


def _change(one: Change) -> PlanChange:
    return PlanChange(
        topic=PlanTopic.Value(f"PLAN_TOPIC_{one.topic.name}"),
        people=one.people,
        about=one.about,
        what=[
            LocalizedMessage(locale=language, message=one.what.said_in(language))
            for language in ("zh", "en")
        ],
        was=_said(one.was),
        becomes=_said(one.becomes),
    )


def _said(text: Text | None) -> common_pb2.Text | None:
    return None if text is None else common_pb2.Text(zh=text.zh, en=text.en)
