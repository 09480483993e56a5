"""A venue's places and passages, as people can use them to get out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from heapq import heappop, heappush
from math import dist, inf

from domain.plan.model.space import (
    AssemblyArea,
    EgressRules,
    Junction,
    Passage,
    PassageKind,
    Venue,
    Zone,
)

SECONDS = 60.0

Place = Zone | Junction | AssemblyArea


class EgressNetwork:
    """A venue's places and passages, as people can use them."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        self.rules = venue.egress or EgressRules()
        places: Sequence[Place] = [*venue.zones, *venue.junctions, *venue.assembly_areas]
        self.places = {place.id: place for place in places}
        self.numbers = {place: number for number, place in enumerate(self.places)}
        self.outside = {area.id for area in venue.assembly_areas}
        self._metres: dict[str, float] = {}

    @cached_property
    def usable(self) -> Sequence[Passage]:
        """Return the passages that count: open, no lifts, between places that are there."""
        return [
            one
            for one in self.venue.passages
            if not one.closed
            and one.kind is not PassageKind.LIFT
            and self.places.keys() >= {*one.between}
        ]

    @cached_property
    def exits(self) -> Sequence[Passage]:
        """Return the passages that end outside."""
        return [
            one
            for one in self.usable
            if any(end in self.outside for _, end in self.directions(one))
        ]

    @cached_property
    def leaving(self) -> Mapping[str, Sequence[tuple[Passage, str]]]:
        """Return the passages that people may take from each place, and where they come to."""
        leaving: dict[str, list[tuple[Passage, str]]] = {}
        for one in self.usable:
            for start, end in self.directions(one):
                leaving.setdefault(start, []).append((one, end))
        return leaving

    def directions(self, passage: Passage) -> Sequence[tuple[str, str]]:
        """Return in which directions people leave through a passage; nobody comes back in."""
        start, end = passage.between
        both = [(start, end)] if passage.one_way else [(start, end), (end, start)]
        return [(here, there) for here, there in both if here not in self.outside]

    def per_minute(self, passage: Passage, start: str, end: str) -> float:
        """Return how many persons a minute a passage takes from one of its ends to the other."""
        return passage.width_m * (passage.rate or self._rate(passage.kind, start, end))

    def metres(self, passage: Passage) -> float:
        """Return how long a passage is: at least as far as its ends are apart."""
        known = self._metres.get(passage.id)
        if known is None:
            start, end = (self.places[place] for place in passage.between)
            known = max(passage.length_m, dist((start.x, start.y), (end.x, end.y)))
            self._metres[passage.id] = known
        return known

    def walking(self, usable: Sequence[Passage]) -> Mapping[str, float]:
        """Return the minutes on foot from each zone outside, by the shortest way; or infinite."""
        arriving: dict[str, list[tuple[str, float]]] = {place: [] for place in self.places}
        for passage in usable:
            for start, end in self.directions(passage):
                arriving[end].append((start, self.metres(passage)))
        nearest = dict.fromkeys(self.outside, 0.0)
        waiting = [(0.0, place) for place in sorted(self.outside)]
        while waiting:
            metres, here = heappop(waiting)
            if metres > nearest[here]:
                continue
            for place, more in arriving[here]:
                if metres + more < nearest.get(place, inf):
                    nearest[place] = metres + more
                    heappush(waiting, (metres + more, place))
        speed = self.rules.walking_m_per_s * SECONDS
        return {zone.id: nearest.get(zone.id, inf) / speed for zone in self.venue.zones}

    def floor(self, place: str) -> int:
        """Return the floor of a place; assembly areas are on the ground."""
        found = self.places[place]
        return 0 if isinstance(found, AssemblyArea) else found.floor or 0

    def _rate(self, kind: PassageKind, start: str, end: str) -> float:
        rules = self.rules
        match kind:
            case PassageKind.DOOR | PassageKind.GATE:
                rate = rules.door
            case PassageKind.STAIRS | PassageKind.ESCALATOR:
                climbs = self.floor(end) > self.floor(start)
                rate = rules.stairs_up if climbs else rules.stairs_down
            case _:
                rate = rules.level
        return min(rate, rules.level)
