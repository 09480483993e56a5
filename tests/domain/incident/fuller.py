"""The small venue's plan with all that a plan may say of how it runs, and lives under it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from domain.plan.canonical import pinned
from domain.plan.model.plan import Plan
from tests.domain.incident.world import ACTIVATE, NOTHING, PLAN, WARN

if TYPE_CHECKING:
    from domain.incident.state.incident import Incident
    from domain.values import Command
    from tests.domain.spec import Given


def task(name: str, phase: str = "response", **rules: object) -> dict[str, object]:
    """Return a task of the guides, as a plan says it."""
    said = {"id": name, "title": {"zh": name, "en": name}, "phase": phase, "post": "guidance"}
    return {**said, "acknowledge_within": "1 min", **rules}


def calls(name: str, *steps: dict[str, object]) -> dict[str, object]:
    """Return an escalation, as a plan says it."""
    return {"id": name, "title": {"zh": name, "en": name}, "steps": steps}


def rule(name: str, phase: str = "response", **rules: object) -> dict[str, object]:
    """Return what the public is to be told, as a plan says it."""
    said = {"id": name, "title": {"zh": name, "en": name}, "phase": phase, "template": "calm"}
    ways = {"audiences": ["customers"], "channels": ["screens"], "languages": ["zh", "en"]}
    return {**said, **ways, **rules}


def told_by(*rules: dict[str, object]) -> dict[str, object]:
    """Return the notices of the small plan, with rules."""
    return PLAN.notices.model_dump() | {"rules": rules}


def saying(*tasks: dict[str, object], **more: object) -> Plan:
    """Return the small plan with more tasks, and more said."""
    said = PLAN.model_dump()
    return Plan.model_validate(said | {"tasks": [*said["tasks"], *tasks]} | more)


def under(plan: Plan, *commands: Command) -> Given[Incident]:
    """Return an incident under a plan, after some commands of the desk."""
    stands = replace(NOTHING, surroundings=pinned(plan))
    for command in commands:
        stands = stands.having(command)
    return stands


def responding(plan: Plan) -> Given[Incident]:
    """Return an incident under a plan in its response."""
    return under(plan, WARN, ACTIVATE)


FULLER = pinned(
    saying(
        task("sweep", after=["guide"], finish_within="10 min"),
        task("patrol", start_within="2 min", finish_within="10 min", repeats_every="15 min"),
        task("seal", escalation="calls", finish_within="10 min"),
        escalations=[
            calls("calls", {"tell": ["press", "vice"], "acknowledge": "all", "within": "2 min"})
            | {"then": "top"},
            calls("top", {"tell": ["boss", "vice"], "within": "1 min"}),
        ],
        gates=[{"phase": "response", "requires": ["measures_lifted", "tasks_over"]}],
        notices=told_by(
            rule("advice", "warning", refresh_every="30 min"),
            rule("routes", first_within="3 min", refresh_every="5 min"),
            rule("over", "aftermath"),
        )
        | {"approved_by": ["command", "information"]},
    )
)
"""All of it at once."""
