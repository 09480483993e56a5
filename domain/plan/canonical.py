"""The one text of a plan that its hash is taken over."""

from __future__ import annotations

import hashlib
import json

from domain.plan.model import PinnedPlan, Plan, PlanRef


def canonical(plan: Plan) -> str:
    """Return the plan as JSON with sorted keys and no spaces; equal plans give equal texts."""
    return json.dumps(
        plan.model_dump(mode="json"),
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )


def pinned(plan: Plan) -> PinnedPlan:
    """Return the plan with the SHA-256 of its canonical text."""
    digest = hashlib.sha256(canonical(plan).encode()).hexdigest()
    return PinnedPlan(ref=PlanRef(id=plan.id, version=plan.version, hash=digest), plan=plan)
