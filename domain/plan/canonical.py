"""The one text of a plan that its hash is taken over."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from domain.plan.model.plan import PinnedPlan, Plan, PlanRef


def canonical(plan: Plan) -> str:
    """Return the plan as JSON with sorted keys and no spaces; equal plans give equal texts.

    What says nothing (null, an empty list or mapping) is left out, so that a plan keeps its text
    and its hash when a later version of the product lets plans say more.
    """
    return json.dumps(
        _said(plan.model_dump(mode="json")),
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )


def pinned(plan: Plan) -> PinnedPlan:
    """Return the plan with the SHA-256 of its canonical text."""
    digest = hashlib.sha256(canonical(plan).encode()).hexdigest()
    return PinnedPlan(ref=PlanRef(id=plan.id, version=plan.version, hash=digest), plan=plan)


def _said(value: Any) -> Any:
    match value:
        case dict():
            said = {name: _said(inner) for name, inner in value.items()}
            return {
                name: inner
                for name, inner in said.items()
                if inner not in (None, [], {}) or _is_text(value[name])
            }
        case list():
            return [_said(item) for item in value]
        case _:
            return value


def _is_text(value: Any) -> bool:
    """Tell whether it is a text: one without any language is an error, and is told of as one."""
    return isinstance(value, dict) and value.keys() == {"zh", "en"}
