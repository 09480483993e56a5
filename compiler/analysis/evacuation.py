"""Who leaves a venue, and how many are out after how long: flows, and where they are narrowest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf
from typing import NamedTuple

from compiler.analysis.max_flow import FlowNetwork
from compiler.analysis.network import EgressNetwork

CLOSE = 1e-6
"""Of all persons: so few left over are an error of rounding."""


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


Way = tuple[str, str, str]
"""A passage, from where, to where."""


class Crowd(NamedTuple):
    """Who leaves, and how many persons a minute each way takes."""

    ways: EgressNetwork
    persons: Mapping[str, int]
    rates: Mapping[Way, float]

    @property
    def total(self) -> int:
        """Return how many leave."""
        return sum(self.persons.values())

    def sent(self, minutes: float) -> Sent:
        """Return what comes of so many minutes."""
        places = len(self.ways.places)
        source, sink = places, places + 1
        net, number = FlowNetwork(places + 2), self.ways.numbers
        for zone, persons in self.persons.items():
            net.way(source, number[zone], persons)
        for area in self.ways.outside:
            net.way(number[area], sink, inf)
        ways = {
            way: net.way(number[way[1]], number[way[2]], rate * minutes)
            for way, rate in self.rates.items()
        }
        return Sent(self, minutes, net.flow(source, sink), net, ways)


class Sent(NamedTuple):
    """How many are out after some minutes."""

    crowd: Crowd
    minutes: float
    persons: float
    net: FlowNetwork
    ways: Mapping[Way, int]

    @property
    def is_all(self) -> bool:
        """Tell whether everybody is out."""
        return self.crowd.total - self.persons <= CLOSE * self.crowd.total

    def later(self, minutes: float) -> Sent:
        """Return what comes of more minutes: whoever was out by now is, and others follow."""
        places, more = len(self.crowd.ways.places), minutes - self.minutes
        for way, number in self.ways.items():
            self.net.widen(number, self.crowd.rates[way] * more)
        followed = self.net.flow(places, places + 1)
        return self._replace(minutes=minutes, persons=self.persons + followed)

    def without(self, passage: str) -> Sent:
        """Return what comes of it when a passage is lost, and people go elsewhere."""
        places, net = len(self.crowd.ways.places), self.net.copy()
        gone = [number for way, number in self.ways.items() if way[0] == passage]
        fewer = sum(net.shut(number, places, places + 1) for number in gone)
        rates = {way: rate for way, rate in self.crowd.rates.items() if way[0] != passage}
        ways = {way: number for way, number in self.ways.items() if way[0] != passage}
        crowd = self.crowd._replace(rates=rates)
        return Sent(crowd, self.minutes, self.persons - fewer, net, ways)

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


class Solved(NamedTuple):
    """The shortest time in which a crowd is out."""

    minutes: float
    bottleneck: Bottleneck
    sent: Sent


def solve(crowd: Crowd, narrow: Bottleneck | None = None, begun: Sent | None = None) -> Solved:
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
    return Solved(neck.minutes, neck, sent)


def _guesses(crowd: Crowd, narrow: Bottleneck | None) -> Iterator[Bottleneck]:
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
