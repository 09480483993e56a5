"""What is wrong with a plan at one venue only: its rules, run on the plan as it is there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain.values import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from compiler.diagnostics.findings import Finding
    from domain.plan.model.plan import Plan
    from domain.plan.model.space import Overrides

SEAT = re.compile(r"/groups/(\d+)/posts/(\d+)(?:/(\w+))?(.*)")
STOCK = re.compile(r"/supplies/(\d+)(?:/(\w+))?(.*)")


def found_elsewhere(
    plan: Plan, found: Sequence[Finding], rules: Iterable[Callable[[Plan], Iterator[Finding]]]
) -> Iterator[Finding]:
    """Yield what rules find at a venue with overrides, beside what they found in the plan."""
    known = {(one.code, one.where, one.what) for one in found}
    rules = [*rules]
    for number, venue in enumerate(plan.venues):
        if venue.overrides is None:
            continue
        there = plan.at(venue.id)
        for rule in rules:
            for one in rule(there):
                if (one.code, one.where, one.what) not in known:
                    yield _there(one, there, number, venue.overrides)


def _there(one: Finding, plan: Plan, number: int, by: Overrides) -> Finding:
    """Return a finding as it is told of a venue: named, and where the venue says so."""
    name = plan.venues[number].id
    what = Text.of(
        f"在场所“{name}”：{one.what.said_in('zh')}", f"at {name!r}: {one.what.said_in('en')}"
    )
    return one._replace(what=what, where=f"/venues/{number}/overrides{_place(one.where, plan, by)}")


def _place(where: str, plan: Plan, by: Overrides) -> str:
    """Return the override that a place in the plan is from; nothing if that can't be told."""
    if seat := SEAT.fullmatch(where):
        post = plan.groups[int(seat[1])].posts[int(seat[2])].id
        if post in by.deputies and (seat[3] == "deputies" or post not in by.holders):
            return f"/deputies/{post}{seat[4] if seat[3] == 'deputies' else ''}"
        return f"/holders/{post}" if post in by.holders else ""
    if stock := STOCK.fullmatch(where):
        supply = plan.supplies[int(stock[1])].id
        if supply in by.minimums and (stock[2] == "minimum" or supply not in by.supplies):
            return f"/minimums/{supply}"
        return f"/supplies/{supply}" if supply in by.supplies else ""
    return ""
