"""Supplies and units: enough of each, when it is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.diagnostics.findings import Finding, Kind, Severity, finding
from domain.values import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.plan.model.plan import Plan


SUPPLY_BELOW_MINIMUM = Kind(
    "supply-below-minimum",
    Severity.WARNING,
    "现有{quantity}，低于最低储备{minimum}",
    "{quantity} in stock, fewer than the minimum of {minimum}",
    why=Text.of("还没出事，储备就不够。", "It is short before anything has happened."),
    mend=Text.of("补足，或改正最低储备。", "Buy more, or mend the minimum."),
    example="/supplies/0/minimum: 30",
)


def supplies(plan: Plan) -> Iterator[Finding]:
    """Find supplies that are short before anything happened."""
    for n, item in enumerate(plan.supplies):
        if item.quantity < item.minimum:
            counted = {"quantity": item.quantity, "minimum": item.minimum}
            yield finding(SUPPLY_BELOW_MINIMUM, f"/supplies/{n}/quantity", **counted)


KINDS = (SUPPLY_BELOW_MINIMUM,)
RULES = (supplies,)
