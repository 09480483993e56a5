"""How long it takes until everybody is out, and where it is narrowest.

Everybody leaves at once, along whatever ways are open, none of which takes more persons a minute
than its width times its rate. The time is the shortest in which the ways can take all of them: a
maximum flow, whose minimum cut is the bottleneck. Nobody is out sooner than they can walk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import NamedTuple

from domain.plan.flow import Net
from domain.plan.space import Passage, Venue
from domain.plan.ways import Ways

CLOSE = 1e-6
"""Of all persons: so few left over are an error of rounding."""

STAGES_MAX = 12
"""Of zones that are empty sooner than others; the rest are said to be no sooner than the last."""

INDEPENDENT_MAX = 2
"""Ways out of a zone that are counted; who has two does not depend on any."""


class Flow(NamedTuple):
    """Who walks through a passage."""

    persons: float
    towards: str
    """The place that they walk to."""


class Bottleneck(NamedTuple):
    """The narrowest cut: whoever is behind it must come through these passages."""

    passages: tuple[str, ...]
    zones: tuple[str, ...]
    """Behind it."""
    persons: int
    per_minute: float
    """Persons that the passages take together."""

    @property
    def minutes(self) -> float:
        """Return how long it takes until all of them are through."""
        return self.persons / self.per_minute if self.per_minute > 0 else 0.0


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


def egress(venue: Venue) -> Egress:
    """Reckon how a venue empties."""
    ways = Ways(venue)
    whole = _cleared(ways, ways.usable)
    lost = {
        gone.id: _cleared(ways, [one for one in ways.usable if one is not gone], whole)
        for gone in ways.exits
    }
    return Egress(whole, lost, ways.walking(ways.usable), _independent(ways))


def without(ways: Ways, lost: str) -> Clearing:
    """Reckon how a venue empties without one passage, each zone's minutes told."""
    return _cleared(ways, [one for one in ways.usable if one.id != lost])


Way = tuple[str, str, str]
"""A passage, from where, to where."""


class _Crowd(NamedTuple):
    """Who leaves, and how many persons a minute each way takes."""

    ways: Ways
    persons: Mapping[str, int]
    rates: Mapping[Way, float]

    @property
    def total(self) -> int:
        """Return how many leave."""
        return sum(self.persons.values())

    def sent(self, minutes: float) -> _Sent:
        """Return what comes of so many minutes."""
        places = len(self.ways.places)
        source, sink = places, places + 1
        net, number = Net(places + 2), self.ways.numbers
        for zone, persons in self.persons.items():
            net.way(source, number[zone], persons)
        for area in self.ways.outside:
            net.way(number[area], sink, inf)
        ways = {
            way: net.way(number[way[1]], number[way[2]], rate * minutes)
            for way, rate in self.rates.items()
        }
        return _Sent(self, minutes, net.flow(source, sink), net, ways)


class _Sent(NamedTuple):
    """How many are out after some minutes."""

    crowd: _Crowd
    minutes: float
    persons: float
    net: Net
    ways: Mapping[Way, int]

    @property
    def is_all(self) -> bool:
        """Tell whether everybody is out."""
        return self.crowd.total - self.persons <= CLOSE * self.crowd.total

    def used(self) -> dict[Way, float]:
        """Return how many went which way."""
        rates, net = self.crowd.rates, self.net
        used = {way: rates[way] * self.minutes - net.left(n) for way, n in self.ways.items()}
        return {way: persons for way, persons in used.items() if persons > CLOSE}

    def narrowest(self) -> Bottleneck:
        """Return the cut at which it stopped."""
        places, persons = [*self.crowd.ways.places], self.crowd.persons
        behind = {places[n] for n in self.net.upstream(len(places)) if n < len(places)}
        cut = {
            way: rate
            for way, rate in self.crowd.rates.items()
            if way[1] in behind and way[2] not in behind
        }
        zones = tuple(zone for zone in persons if zone in behind)
        passages = tuple(dict.fromkeys(passage for passage, *_ in cut))
        return Bottleneck(passages, zones, sum(persons[zone] for zone in zones), sum(cut.values()))


class _Solved(NamedTuple):
    """The shortest time in which a crowd is out."""

    minutes: float
    bottleneck: Bottleneck
    sent: _Sent


def _cleared(ways: Ways, usable: Sequence[Passage], least: Clearing | None = None) -> Clearing:
    """Reckon how a venue empties through some passages; with fewer, never sooner than with all."""
    walking = ways.walking(usable)
    crowd = _Crowd(
        ways,
        {zone.id: zone.capacity for zone in ways.venue.zones if walking[zone.id] < inf},
        {
            (one.id, start, end): ways.per_minute(one, start, end)
            for one in usable
            for start, end in ways.directions(one)
        },
    )
    solved = _solved(crowd, least.bottleneck if least else None)
    return Clearing(
        minutes=max([solved.minutes, *(walking[zone] for zone in crowd.persons)]),
        zones={} if least else _zones(crowd, solved, walking),
        flows=_flows(solved.sent.used()),
        bottleneck=solved.bottleneck,
        stranded=tuple(zone.id for zone in ways.venue.zones if walking[zone.id] == inf),
    )


def _solved(crowd: _Crowd, narrow: Bottleneck | None = None) -> _Solved:
    """Find the time: narrower and narrower cuts, until everybody gets through (Newton's way)."""
    neck = max(_guesses(crowd, narrow), key=lambda guess: guess.minutes)
    while True:
        sent = crowd.sent(neck.minutes)
        if sent.is_all:
            return _Solved(neck.minutes, neck, sent)
        found = sent.narrowest()
        if found.minutes <= neck.minutes:  # what is left is an error of rounding
            return _Solved(neck.minutes, neck, sent)
        neck = found


def _guesses(crowd: _Crowd, narrow: Bottleneck | None) -> Iterator[Bottleneck]:
    """Return cuts to begin with: all exits, and what is left of one that was narrow before."""
    exits = {way: rate for way, rate in crowd.rates.items() if way[2] in crowd.ways.outside}
    passages = tuple(dict.fromkeys(passage for passage, *_ in exits))
    yield Bottleneck(passages, (*crowd.persons,), crowd.total, sum(exits.values()))
    if narrow and crowd.persons.keys() >= {*narrow.zones}:
        left = {passage for passage, *_ in crowd.rates}
        gone = [one for one in crowd.ways.exits if one.id in narrow.passages and one.id not in left]
        less = sum(
            crowd.ways.per_minute(one, start, end)
            for one in gone
            for start, end in crowd.ways.directions(one)
        )
        kept = tuple(one for one in narrow.passages if one in left)
        yield narrow._replace(passages=kept, per_minute=narrow.per_minute - less)


def _zones(crowd: _Crowd, solved: _Solved, walking: Mapping[str, float]) -> Mapping[str, float]:
    """Return when each zone is empty: whoever is behind the bottleneck last, others sooner."""
    minutes = dict.fromkeys((zone.id for zone in crowd.ways.venue.zones), inf)
    for stage in range(STAGES_MAX if crowd.persons else 0):
        late = solved.bottleneck.zones if stage < STAGES_MAX - 1 else (*crowd.persons,)
        minutes |= {zone: max(solved.minutes, walking[zone]) for zone in late}
        crowd = _others(crowd, late, solved.minutes)
        if not crowd.persons:
            break
        sooner = _solved(crowd)
        solved = sooner._replace(minutes=min(sooner.minutes, solved.minutes))
    return minutes


def _others(crowd: _Crowd, late: Sequence[str], minutes: float) -> _Crowd:
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


def _independent(ways: Ways) -> Mapping[str, int]:
    """Return how many ways out of each zone share no passage, up to two."""
    sink = len(ways.places)
    net = Net(sink + 1)
    for area in ways.outside:
        net.way(ways.numbers[area], sink, inf)
    for one in ways.usable:
        for start, end in ways.directions(one):
            net.way(ways.numbers[start], ways.numbers[end], 1)
    return {
        zone.id: net.fresh().paths(ways.numbers[zone.id], sink, INDEPENDENT_MAX)
        for zone in ways.venue.zones
    }
