"""The list of supplies: what is in stock, what a response takes, and what is to be seen to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from compiler.analysis.demand import Taken, supplies_taken
from compiler.drawing.localized import Localizer
from compiler.drawing.vocabulary import HAZARDS
from domain.plan.model.means import Supply

SOON = timedelta(days=90)
"""How long before it happens one is told that a lot expires, or that an inspection is due."""


class Mark(NamedTuple):
    """A word about an item, and how it looks: `good`, `soon` or `bad`."""

    text: str
    look: str


class Row(NamedTuple):
    """An item of the list."""

    title: str
    stock: str
    minimum: str
    taken: str
    location: str
    custodian: str
    lots: Sequence[str]
    marks: Sequence[Mark]


def supply_rows(say: Localizer, on: date) -> Sequence[Row]:
    """Return the list as it stands on a day."""
    taken = supplies_taken(say.plan)
    return [_row(say, item, taken.get(item.id), on) for item in say.plan.supplies]


def _row(say: Localizer, item: Supply, taken: Taken | None, on: date) -> Row:
    unit = say.text(item.unit)
    most = ""
    if taken:
        when = f"{taken.level.name}, {say.text(HAZARDS[taken.hazard])}"
        most = f"{taken.pieces} {unit} ({when})"
    marks = [*_marks(say, item, taken, on)]
    return Row(
        title=say.text(item.title),
        stock=f"{item.quantity} {unit}",
        minimum=f"{item.minimum} {unit}",
        taken=most,
        location=say.text(item.location),
        custodian=say.post(item.custodian),
        lots=[*_lots(say, item)],
        marks=marks or [Mark(say.of("充足", "enough"), "good")],
    )


def _lots(say: Localizer, item: Supply) -> Iterator[str]:
    for lot in item.lots:
        until = say.of(f"，{lot.expires_on} 到期", f", expires {lot.expires_on}")
        yield f"{lot.id}: {lot.quantity}" + (until if lot.expires_on else "")


def _marks(say: Localizer, item: Supply, taken: Taken | None, on: date) -> Iterator[Mark]:
    usable = item.quantity - sum(
        lot.quantity for lot in item.lots if lot.expires_on and lot.expires_on < on
    )
    if taken and usable < taken.pieces:
        short = taken.pieces - usable
        yield Mark(say.of(f"不够，缺 {short}", f"{short} too few"), "bad")
    if usable < item.minimum:
        yield Mark(say.of("低于最低储备", "below the minimum"), "bad")
    yield from _expiring(say, item, on)
    yield from _inspected(say, item, on)


def _expiring(say: Localizer, item: Supply, on: date) -> Iterator[Mark]:
    for lot in item.lots:
        if lot.expires_on and lot.expires_on < on:
            yield Mark(say.of(f"{lot.id} 已过期", f"{lot.id} has expired"), "bad")
        elif lot.expires_on and lot.expires_on - on <= SOON:
            said = say.of(f"{lot.id} 将于 {lot.expires_on} 到期", f"{lot.id} expires soon")
            yield Mark(said, "soon")


def _inspected(say: Localizer, item: Supply, on: date) -> Iterator[Mark]:
    if item.inspect_every is None:
        return
    if item.inspected_on is None:
        yield Mark(say.of("尚未检查", "never inspected"), "soon")
    elif on - item.inspected_on > item.inspect_every:
        yield Mark(say.of("检查逾期", "inspection overdue"), "bad")
    elif on - item.inspected_on > item.inspect_every - SOON / 3:
        yield Mark(say.of("检查将到期", "inspection due soon"), "soon")
