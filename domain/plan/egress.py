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
    whole = _leaving(ways, ways.usable)
    lost = {gone.id: _without(ways, whole, gone) for gone in ways.exits}
    return Egress(_told(ways, whole), lost, whole.walking, _independent(ways))


def without(ways: Ways, lost: str) -> Clearing:
    """Reckon how a venue empties without one passage, each zone's minutes told."""
    return _told(ways, _leaving(ways, [one for one in ways.usable if one.id != lost]))


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

    def later(self, minutes: float) -> _Sent:
        """Return what comes of more minutes: whoever was out by now is, and others follow."""
        places, more = len(self.crowd.ways.places), minutes - self.minutes
        for way, number in self.ways.items():
            self.net.widen(number, self.crowd.rates[way] * more)
        followed = self.net.flow(places, places + 1)
        return self._replace(minutes=minutes, persons=self.persons + followed)

    def without(self, passage: str) -> _Sent:
        """Return what comes of it when a passage is lost, and people go elsewhere."""
        places, net = len(self.crowd.ways.places), self.net.copy()
        gone = [number for way, number in self.ways.items() if way[0] == passage]
        fewer = sum(net.shut(number, places, places + 1) for number in gone)
        rates = {way: rate for way, rate in self.crowd.rates.items() if way[0] != passage}
        ways = {way: number for way, number in self.ways.items() if way[0] != passage}
        crowd = self.crowd._replace(rates=rates)
        return _Sent(crowd, self.minutes, self.persons - fewer, net, ways)

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


class _Leaving(NamedTuple):
    """How everybody leaves who can."""

    walking: Mapping[str, float]
    solved: _Solved

    @property
    def crowd(self) -> _Crowd:
        """Return who leaves."""
        return self.solved.sent.crowd


def _leaving(ways: Ways, usable: Sequence[Passage]) -> _Leaving:
    """Reckon how a venue empties through some passages."""
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
    return _Leaving(walking, _solved(crowd))


def _without(ways: Ways, whole: _Leaving, gone: Passage) -> Clearing:
    """Reckon how a venue empties without an exit: from how it does with it, if all still can."""
    usable = [one for one in ways.usable if one is not gone]
    walking = ways.walking(usable)
    if any(walking[zone] == inf for zone in whole.crowd.persons):
        return _clearing(ways, _leaving(ways, usable), {})
    begun = whole.solved.sent.without(gone.id)
    solved = _solved(begun.crowd, whole.solved.bottleneck, begun)
    return _clearing(ways, _Leaving(walking, solved), {})


def _told(ways: Ways, leaving: _Leaving) -> Clearing:
    zones = _zones(leaving.crowd, leaving.solved, leaving.walking)
    return _clearing(ways, leaving, zones)


def _clearing(ways: Ways, leaving: _Leaving, zones: Mapping[str, float]) -> Clearing:
    walking, solved = leaving
    return Clearing(
        minutes=max([solved.minutes, *(walking[zone] for zone in leaving.crowd.persons)]),
        zones=zones,
        flows=_flows(solved.sent.used()),
        bottleneck=solved.bottleneck,
        stranded=tuple(zone.id for zone in ways.venue.zones if walking[zone.id] == inf),
    )


def _solved(crowd: _Crowd, narrow: Bottleneck | None = None, begun: _Sent | None = None) -> _Solved:
    """Find the time: narrower and narrower cuts, until everybody gets through (Newton's way).

    What was begun is gone on with: what could be sent in less time can be in more.
    """
    neck = max(_guesses(crowd, narrow), key=lambda guess: guess.minutes)
    is_sooner = begun is not None and begun.minutes <= neck.minutes
    sent = begun.later(neck.minutes) if begun and is_sooner else crowd.sent(neck.minutes)
    while not sent.is_all:
        found = sent.narrowest()
        if found.minutes <= neck.minutes:  # what is left is an error of rounding
            break
        neck = found
        sent = sent.later(neck.minutes)
    return _Solved(neck.minutes, neck, sent)


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
        zone.id: net.copy().paths(ways.numbers[zone.id], sink, INDEPENDENT_MAX)
        for zone in ways.venue.zones
    }
