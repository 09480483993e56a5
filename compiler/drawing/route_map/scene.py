"""What a map tells about a venue: its ways, how it empties, and the mark that each thing bears."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from math import inf

from compiler.analysis.egress import Clearing, Flow
from compiler.analysis.evacuation import Bottleneck
from compiler.analysis.network import EgressNetwork
from compiler.drawing.route_map.floor import Ground, floors
from domain.plan.model.quantities import minutes_of
from domain.plan.model.space import Passage, PassageKind, Route, Sign, Venue
from domain.values import Text

SHADES = 4
"""Of zones that are empty within the limit, from soon to late."""

NUMERALS = "〇一二三四五六七八九十"
"""Chinese, for floors up to ten."""


class Scene:
    """A venue with all its exits, or without one."""

    def __init__(
        self, ways: EgressNetwork, clearing: Clearing | None, lost: str | None, lang: str
    ) -> None:
        self.ways = ways
        self.clearing = clearing
        self.lost = lost
        self.language = lang
        self.limit = minutes_of(ways.rules.limit)

    @property
    def venue(self) -> Venue:
        """Return the venue."""
        return self.ways.venue

    @property
    def neck(self) -> Bottleneck | None:
        """Return the bottleneck, where there is one."""
        found = self.clearing.bottleneck if self.clearing else None
        return found if found and found.passages and found.persons else None

    @cached_property
    def marks(self) -> Mapping[tuple[str, str], str]:
        """Return the mark of each thing, by what it is and its name; the same on all maps."""
        venue = self.venue
        marks: dict[tuple[str, str], str] = {}
        counted: dict[str, int] = {}
        for passage in venue.passages:
            letter = self.letter(passage)
            counted[letter] = counted.get(letter, 0) + 1
            marks["passage", passage.id] = f"{letter}{counted[letter]}"
        things = (
            ("refuge", "R", [one.id for one in venue.refuges]),
            ("sign", "", [one.id for one in venue.signs]),
            ("cordon", "C", [one.id for one in venue.cordons]),
            ("traffic", "T", [one.id for one in venue.traffic_points]),
        )
        for sort, letter, names in things:
            marks |= {(sort, name): f"{letter}{n}" for n, name in enumerate(names, 1)}
        return marks

    def letter(self, passage: Passage) -> str:
        """Return what a passage is: exit, lift, stairs, or another passage."""
        if passage.kind is PassageKind.LIFT:
            return "L"
        if any(end in self.ways.outside for end in passage.between):
            return "E"
        return "S" if passage.kind in {PassageKind.STAIRS, PassageKind.ESCALATOR} else "P"

    def mark(self, passage: str) -> str:
        """Return the mark of a passage."""
        return self.marks["passage", passage]

    def look(self, passage: Passage) -> str:
        """Return how a passage is drawn: lost, neck, shut, flow or way."""
        if passage.id == self.lost:
            return "lost"
        if self.neck and passage.id in self.neck.passages:
            return "neck"
        if passage.closed or passage.kind is PassageKind.LIFT:
            return "shut"
        return "flow" if self.flow(passage) else "way"

    def flow(self, passage: Passage) -> Flow | None:
        """Return who walks through a passage."""
        return self.clearing.flows.get(passage.id) if self.clearing else None

    def per_minute(self, passage: Passage) -> float:
        """Return how many persons a minute a passage takes, in the direction they walk."""
        start, end = passage.between
        flow = self.flow(passage)
        backwards = start in self.ways.outside or (flow is not None and flow.towards == start)
        return self.ways.per_minute(passage, *((end, start) if backwards else (start, end)))

    def minutes(self, zone: str) -> float | None:
        """Return when a zone is empty; infinite when it has no way out; None if not reckoned."""
        return self.clearing.zones.get(zone) if self.clearing else None

    def shade(self, zone: str) -> str:
        """Return how a zone is filled."""
        minutes = self.minutes(zone)
        if minutes is None:
            return "zone-1"
        if minutes > self.limit:
            return "zone-over"
        return f"zone-{min(int(minutes / self.limit * SHADES) + 1, SHADES)}"

    def last(self) -> str | None:
        """Return the zone that is empty last, of those that have a way out."""
        zones = self.clearing.zones if self.clearing else {}
        reached = {zone: minutes for zone, minutes in zones.items() if minutes < inf}
        return max(reached, key=lambda zone: reached[zone], default=None)

    def misleading(self, sign: Sign) -> bool:
        """Tell whether a sign points into the exit that is lost."""
        return sign.towards == self.lost

    def routes(self, ground: Ground) -> Iterator[Route]:
        """Yield the routes that begin on a floor; without an exit those that led to it."""
        passages = {one.id for one in self.venue.passages}
        for route in self.venue.routes:
            here = any(zone in ground.spots for zone in route.zones)
            known = all(one in passages for one in route.via)
            if known and (self.lost in route.via if self.lost else here):
                yield route

    def signs(self, ground: Ground) -> Sequence[Sign]:
        """Return the signs of a floor; without an exit those that now point wrong."""
        drawn = {course.passage.id for course in ground.courses}
        return [
            one
            for one in self.venue.signs
            if one.zone in ground.spots
            and one.towards in drawn
            and (self.lost is None or self.misleading(one))
        ]

    def said(self, text: Text) -> str:
        """Return a text in the language of the map."""
        return text.said_in(self.language)

    def floors(self, passage: Passage) -> Sequence[int]:
        """Return the floors that a passage joins."""
        return sorted(floors(self.ways, passage))


def storey(floor: int) -> Text:
    """Return what a floor is called: 0 is 一层, the ground floor; -1 地下一层, basement 1."""
    if floor < 0:
        return Text.of(f"地下{_numeral(-floor)}层", f"Basement {-floor}")
    return Text.of(f"{_numeral(floor + 1)}层", f"Level {floor + 1}" if floor else "Ground floor")


def _numeral(number: int) -> str:
    return NUMERALS[number] if number < len(NUMERALS) else f" {number} "
