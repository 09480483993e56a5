"""How long it takes until everybody is out, and where it is narrowest.

Everybody leaves at once, along whatever ways are open, none of which takes more persons a minute
than its width times its rate. The time is the shortest in which the ways can take all of them: a
maximum flow, whose minimum cut is the bottleneck. Nobody is out sooner than they can walk.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from math import inf
from typing import NamedTuple

from compiler.analysis.evacuation import CLOSE, Bottleneck, Crowd, Solved, Way, solve
from compiler.analysis.max_flow import FlowNetwork
from compiler.analysis.network import EgressNetwork
from domain.plan.model.plan import Plan
from domain.plan.model.space import Passage, Venue

STAGES_MAX = 12
"""Of zones that are empty sooner than others; the rest are said to be no sooner than the last."""

INDEPENDENT_MAX = 2
"""Ways out of a zone that are counted; who has two does not depend on any."""


class Flow(NamedTuple):
    """Who walks through a passage."""

    persons: float
    towards: str
    """The place that they walk to."""


class Clearing(NamedTuple):
    """How a venue empties."""

    minutes: float
    """Until everybody is out who can get out at all."""
    zones: Mapping[str, float]
    """Minutes until a zone is empty when all leave at once; infinite when it has no way out."""
    flows: Mapping[str, Flow]
    """By passage; those that nobody uses are left out."""
    bottleneck: Bottleneck
    stranded: tuple[str, ...]
    """Zones without any way out."""


class Egress(NamedTuple):
    """How a venue empties with all its exits, and with each of them lost."""

    whole: Clearing
    lost: Mapping[str, Clearing]
    """By the exit that can't be used; its zones' minutes are not told apart."""
    walking: Mapping[str, float]
    """Minutes on foot from each zone to the nearest assembly area."""
    independent: Mapping[str, int]
    """Ways out of each zone that share no passage: 0, 1, or 2 for two and more."""


_OF_PLANS: dict[int, Mapping[str, Egress]] = {}
"""By the identity of each plan that lives: a plan never changes, and a large one takes long."""


def of_plan(plan: Plan) -> Mapping[str, Egress]:
    """Return how each venue empties, of those whose passages the plan knows; computed once."""
    found = _OF_PLANS.get(id(plan))
    if found is None:
        found = {venue.id: egress(venue) for venue in plan.venues if venue.passages}
        _OF_PLANS[id(plan)] = found
        weakref.finalize(plan, _OF_PLANS.pop, id(plan), None).atexit = False
    return found


def egress(venue: Venue) -> Egress:
    """Reckon how a venue empties."""
    ways = EgressNetwork(venue)
    whole = _leaving(ways, ways.usable)
    lost = {gone.id: _without(ways, whole, gone) for gone in ways.exits}
    return Egress(_told(ways, whole), lost, whole.walking, _independent(ways))


def without(ways: EgressNetwork, lost: str) -> Clearing:
    """Reckon how a venue empties without one passage, each zone's minutes told."""
    return _told(ways, _leaving(ways, [one for one in ways.usable if one.id != lost]))


class _Leaving(NamedTuple):
    """How everybody leaves who can."""

    walking: Mapping[str, float]
    solved: Solved

    @property
    def crowd(self) -> Crowd:
        """Return who leaves."""
        return self.solved.sent.crowd


def _leaving(ways: EgressNetwork, usable: Sequence[Passage]) -> _Leaving:
    """Reckon how a venue empties through some passages."""
    walking = ways.walking(usable)
    crowd = Crowd(
        ways,
        {zone.id: zone.capacity for zone in ways.venue.zones if walking[zone.id] < inf},
        {
            (one.id, start, end): ways.per_minute(one, start, end)
            for one in usable
            for start, end in ways.directions(one)
        },
    )
    return _Leaving(walking, solve(crowd))


def _without(ways: EgressNetwork, whole: _Leaving, gone: Passage) -> Clearing:
    """Reckon how a venue empties without an exit: from how it does with it, if all still can."""
    usable = [one for one in ways.usable if one is not gone]
    walking = ways.walking(usable)
    if any(walking[zone] == inf for zone in whole.crowd.persons):
        return _clearing(ways, _leaving(ways, usable), {})
    begun = whole.solved.sent.without(gone.id)
    found = solve(begun.crowd, whole.solved.bottleneck, begun)
    return _clearing(ways, _Leaving(walking, found), {})


def _told(ways: EgressNetwork, leaving: _Leaving) -> Clearing:
    zones = _zones(leaving.crowd, leaving.solved, leaving.walking)
    return _clearing(ways, leaving, zones)


def _clearing(ways: EgressNetwork, leaving: _Leaving, zones: Mapping[str, float]) -> Clearing:
    walking, solved = leaving
    return Clearing(
        minutes=max([solved.minutes, *(walking[zone] for zone in leaving.crowd.persons)]),
        zones=zones,
        flows=_flows(solved.sent.used()),
        bottleneck=solved.bottleneck,
        stranded=tuple(zone.id for zone in ways.venue.zones if walking[zone.id] == inf),
    )


def _zones(crowd: Crowd, solved: Solved, walking: Mapping[str, float]) -> Mapping[str, float]:
    """Return when each zone is empty: whoever is behind the bottleneck last, others sooner."""
    minutes = dict.fromkeys((zone.id for zone in crowd.ways.venue.zones), inf)
    for stage in range(STAGES_MAX if crowd.persons else 0):
        late = solved.bottleneck.zones if stage < STAGES_MAX - 1 else (*crowd.persons,)
        minutes |= {zone: max(solved.minutes, walking[zone]) for zone in late}
        crowd = _others(crowd, late, solved.minutes)
        if not crowd.persons:
            break
        sooner = solve(crowd)
        solved = sooner._replace(minutes=min(sooner.minutes, solved.minutes))
    return minutes


def _others(crowd: Crowd, late: Sequence[str], minutes: float) -> Crowd:
    """Return who is not behind the bottleneck, and what those who are leave them of each way."""
    persons = crowd.persons
    used = crowd._replace(persons={zone: persons[zone] for zone in late}).sent(minutes).used()
    return crowd._replace(
        persons={zone: here for zone, here in persons.items() if zone not in {*late}},
        rates={
            way: max(rate - used.get(way, 0.0) / minutes, 0.0) for way, rate in crowd.rates.items()
        },
    )


def _flows(used: Mapping[Way, float]) -> Mapping[str, Flow]:
    """Return who walks where; those who meet in a passage might as well have turned round."""
    net: dict[str, dict[str, float]] = {}
    for (passage, _, end), persons in used.items():
        net.setdefault(passage, {})[end] = persons
    flows = {}
    for passage, ends in net.items():
        towards = max(ends, key=lambda end: ends[end])
        persons = 2 * ends[towards] - sum(ends.values())
        if persons > CLOSE:
            flows[passage] = Flow(persons, towards)
    return flows


def _independent(ways: EgressNetwork) -> Mapping[str, int]:
    """Return how many ways out of each zone share no passage, up to two."""
    sink = len(ways.places)
    net = FlowNetwork(sink + 1)
    for area in ways.outside:
        net.way(ways.numbers[area], sink, inf)
    for one in ways.usable:
        for start, end in ways.directions(one):
            net.way(ways.numbers[start], ways.numbers[end], 1)
    return {
        zone.id: net.copy().paths(ways.numbers[zone.id], sink, INDEPENDENT_MAX)
        for zone in ways.venue.zones
    }
