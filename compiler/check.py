"""Whether a plan can work: checked before the emergency, as a compiler checks a program.

The model already refuses what has the wrong shape; this looks at what the parts say together.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from compiler.diagnostics.findings import Finding, Kind, Severity
from compiler.rules.alerting import (
    notice_approval,
    notices,
    peak_periods,
    protective_actions,
    signals,
    triggers,
)
from compiler.rules.law import statements, statutory_basics, statutory_deadlines
from compiler.rules.organisation import deputies, escalation, positions, readiness, shifts
from compiler.rules.resources import stock, supplies, units
from compiler.rules.response import deadlines, gates, task_order
from compiler.rules.structure import (
    cycles,
    dates,
    languages,
    reachability,
    references,
    size,
    unused,
)
from compiler.rules.venue import egress, passages, signs_and_cordons, space
from compiler.rules.venue_overrides import found_elsewhere

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from domain.plan.model.plan import Plan

__all__ = ["KINDS", "Finding", "Kind", "Severity", "check"]

TOPICS = (
    references,
    cycles,
    reachability,
    egress,
    passages,
    space,
    signs_and_cordons,
    deputies,
    positions,
    shifts,
    escalation,
    deadlines,
    task_order,
    triggers,
    signals,
    peak_periods,
    protective_actions,
    notice_approval,
    notices,
    statutory_basics,
    statutory_deadlines,
    statements,
    gates,
    supplies,
    stock,
    units,
    readiness,
    unused,
    languages,
    size,
)
"""In the order in which findings are told."""

OVERRIDDEN = (
    references,
    deputies,
    positions,
    shifts,
    escalation,
    deadlines,
    statutory_basics,
    statements,
    supplies,
    stock,
)
"""Those that look at what a venue may have otherwise: people and stock."""

KINDS = {kind.code: kind for topic in (*TOPICS, dates) for kind in topic.KINDS}
"""Every kind of finding, by code."""


def check(plan: Plan, on: date | None = None) -> Sequence[Finding]:
    """Return all that is wrong with a plan, rule by rule, errors among warnings.

    Each rule stands alone, whatever else is wrong. With a day also what is over by then. Last
    comes what is wrong at one venue only.
    """
    rules = [rule for topic in TOPICS for rule in topic.RULES]
    found = [*chain.from_iterable(rule(plan) for rule in rules)]
    if on is not None:
        found += chain.from_iterable(rule(plan, on) for rule in dates.RULES)
    overriding = [rule for topic in OVERRIDDEN for rule in topic.RULES]
    return [*found, *found_elsewhere(plan, found, overriding)]
