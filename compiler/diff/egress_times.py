"""How long it takes until everybody is out: before and after."""

from __future__ import annotations

from collections.abc import Iterator
from math import isinf
from typing import TYPE_CHECKING

from compiler.analysis.egress import egress
from compiler.diff.change import Change, Topic
from domain.values import Text

if TYPE_CHECKING:
    from domain.plan.model.plan import Plan, Venue

NOTED_MINUTES = 0.1
"""A difference of less than six seconds is none that anybody could measure."""


def clear_times(was: Plan, becomes: Plan) -> Iterator[Change]:
    """Return which venues and zones are empty sooner or later than before, or otherwise lost."""
    before = {venue.id: venue for venue in was.venues}
    for venue in becomes.venues:
        known = before.get(venue.id)
        if known is not None and (known.passages or venue.passages) and known != venue:
            yield from _of_venue(known, venue)


def _of_venue(was: Venue, becomes: Venue) -> Iterator[Change]:
    old, new = egress(was), egress(becomes)
    title = becomes.title
    whole = Text.of(f"场所“{title.said_in('zh')}”全部疏散", f"{title.said_in('en')} is empty after")
    yield from _if_noted(becomes.id, whole, old.whole.minutes, new.whole.minutes)
    worst_was = max((one.minutes for one in old.lost.values()), default=None)
    worst = max((one.minutes for one in new.lost.values()), default=None)
    if worst_was is not None and worst is not None:
        lost = Text.of(
            f"场所“{title.said_in('zh')}”失去最重要的一个出口时全部疏散",
            f"{title.said_in('en')}, the worst exit being lost, is empty after",
        )
        yield from _if_noted(becomes.id, lost, worst_was, worst)
    titles = {zone.id: zone.title for zone in becomes.zones}
    for zone, minutes in new.whole.zones.items():
        if zone in old.whole.zones:
            name = titles[zone]
            what = Text.of(
                f"区域“{name.said_in('zh')}”疏散", f"zone {name.said_in('en')} is empty after"
            )
            yield from _if_noted(f"{becomes.id}/{zone}", what, old.whole.zones[zone], minutes)


def _if_noted(about: str, what: Text, was: float, becomes: float) -> Iterator[Change]:
    same = isinf(was) and isinf(becomes)
    if same or abs(becomes - was) < NOTED_MINUTES:
        return
    old, new = _minutes(was), _minutes(becomes)
    said = Text.of(f"{what.zh} {old.zh} → {new.zh}", f"{what.en} {old.en} → {new.en}")
    yield Change(Topic.CLEAR_TIME, about, said, (), old, new)


def _minutes(minutes: float) -> Text:
    if isinf(minutes):
        return Text.of("无出口", "never: no way out")
    return Text.of(f"{minutes:.1f} 分钟", f"{minutes:.1f} min")
