"""Whether a plan can work: checked before the emergency, as a compiler checks a program.

The model already refuses what has the wrong shape; this looks at what the parts say together.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from domain.plan.elsewhere import found_elsewhere
from domain.plan.findings import Finding, Kind, Severity
from domain.plan.rules import (
    answering,
    clocks,
    cycles,
    dates,
    egress,
    gates,
    information,
    law,
    means,
    names,
    notices,
    order,
    organisation,
    peaks,
    people,
    protection,
    reach,
    readiness,
    scene,
    shifts,
    signals,
    size,
    space,
    statements,
    stock,
    time,
    triggers,
    units,
    uses,
    ways,
    words,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from domain.plan.model import Plan

__all__ = ["KINDS", "Finding", "Kind", "Severity", "check"]

TOPICS = (
    names,
    cycles,
    reach,
    egress,
    ways,
    space,
    scene,
    people,
    organisation,
    shifts,
    answering,
    time,
    order,
    triggers,
    signals,
    peaks,
    protection,
    information,
    notices,
    law,
    clocks,
    statements,
    gates,
    means,
    stock,
    units,
    readiness,
    uses,
    words,
    size,
)
"""In the order in which findings are told."""

OVERRIDDEN = (
    names,
    people,
    organisation,
    shifts,
    answering,
    time,
    law,
    statements,
    means,
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
