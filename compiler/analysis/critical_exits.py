"""Which passages a venue hangs on: without one people are stranded, or out too late."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from compiler.analysis.egress import egress
from compiler.analysis.network import EgressNetwork
from domain.values import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from compiler.analysis.egress import Clearing, Egress
    from domain.plan.model.space import Passage, Venue

ZONES_SHOWN_MAX = 3
"""Zones that one witness names."""


class CriticalPassage(NamedTuple):
    """A passage that a venue hangs on, what breaks without it, and how one sees that."""

    passage: str
    breaks: Text
    witness: Sequence[str]


def critical_passages(venue: Venue, known: Egress | None = None) -> Iterator[CriticalPassage]:
    """Find the passages whose loss strands a zone or keeps people inside over the limit."""
    if not venue.passages:
        return
    ways = EgressNetwork(venue)
    emptied = known or egress(venue)
    dependent = [zone for zone, independent in emptied.independent.items() if independent == 1]
    told = set()
    for passage, stranded in _stranding(ways, dependent).items():
        told.add(passage)
        listed = ", ".join(stranded[:ZONES_SHOWN_MAX])
        yield CriticalPassage(
            passage,
            Text.of(
                f"{len(stranded)} 个区域没有别的出路：{listed}",
                f"{len(stranded)} zones have no other way out: {listed}",
            ),
            (*(f"zone/{zone}" for zone in stranded[:ZONES_SHOWN_MAX]), f"passage/{passage}"),
        )
    limit = ways.rules.limit.total_seconds() / 60
    if emptied.whole.minutes <= limit:  # over it already, no exit is to blame
        for passage, cleared in emptied.lost.items():
            if cleared.minutes > limit and passage not in told:
                yield _too_slow(passage, cleared, limit)


def _too_slow(passage: str, cleared: Clearing, limit: float) -> CriticalPassage:
    neck = cleared.bottleneck
    figures = f"{neck.persons} / {neck.per_minute:.0f}"
    return CriticalPassage(
        passage,
        Text.of(
            f"清空需要 {cleared.minutes:.1f} 分钟，超过 {limit:g} 分钟",
            f"it takes {cleared.minutes:.1f} min until everybody is out, more than {limit:g}",
        ),
        (
            *(f"zone/{zone}" for zone in neck.zones[:ZONES_SHOWN_MAX]),
            *(f"passage/{other}" for other in neck.passages),
            f"{figures} = {neck.minutes:.1f} min",
            f"exit/{passage}",
        ),
    )


def _stranding(ways: EgressNetwork, dependent: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Return the passages that some zones can't do without, each with those zones."""
    stranding: dict[str, Sequence[str]] = {}
    tried: set[str] = set()
    for zone in dependent:
        for passage in _way_out(ways, zone):
            if passage.id in tried:
                continue
            tried.add(passage.id)
            safe = _with_way_out(ways, passage)
            stranded = [one for one in dependent if one not in safe]
            if stranded:
                stranding[passage.id] = stranded
    return stranding


def _way_out(ways: EgressNetwork, zone: str) -> Sequence[Passage]:
    """Return the passages of one way out, fewest first found."""
    onward: dict[str, list[tuple[str, Passage]]] = {}
    for passage in ways.usable:
        for start, end in ways.directions(passage):
            onward.setdefault(start, []).append((end, passage))
    came: dict[str, tuple[str, Passage] | None] = {zone: None}
    waiting = [zone]
    for here in waiting:
        if here in ways.outside:
            return _back(came, here)
        for place, passage in onward.get(here, ()):
            if place not in came:
                came[place] = (here, passage)
                waiting.append(place)
    return []


def _back(came: Mapping[str, tuple[str, Passage] | None], here: str) -> Sequence[Passage]:
    passages = []
    step = came[here]
    while step is not None:
        passages.append(step[1])
        step = came[step[0]]
    return passages


def _with_way_out(ways: EgressNetwork, without: Passage) -> set[str]:
    """Return the places from which people get out without a passage."""
    arriving: dict[str, list[str]] = {}
    for passage in ways.usable:
        if passage is not without:
            for start, end in ways.directions(passage):
                arriving.setdefault(end, []).append(start)
    safe = {*ways.outside}
    waiting = [*safe]
    for here in waiting:
        for place in arriving.get(here, ()):
            if place not in safe:
                safe.add(place)
                waiting.append(place)
    return safe
