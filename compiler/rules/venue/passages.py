"""Ways: passages that can be what they are called, and set routes that can be walked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.analysis.network import EgressNetwork
from compiler.diagnostics.findings import Finding, Kind, Severity, finding
from domain.plan.model.space import PassageKind
from domain.values import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from domain.plan.model.plan import Passage, Plan, Route, Venue

EXIT_WIDTH_MIN_M = 1.4
"""Metres, of a door that a crowd leaves by (GB 50016-2014, 5.5.19)."""

LEVEL_KINDS = frozenset({PassageKind.DOOR, PassageKind.GATE, PassageKind.CORRIDOR})
CLIMBING_KINDS = frozenset({PassageKind.STAIRS, PassageKind.ESCALATOR})

EXIT_NARROW = Kind(
    "exit-narrow",
    Severity.WARNING,
    "出口“{name}”净宽 {width} 米，人员密集场所的疏散门不应小于 {least} 米",
    "the exit '{name}' is {width} m wide; a crowd's exit is no narrower than {least} m",
    why=Text.of(
        "两人并行不过，一人跌倒就堵死。", "Two can't pass abreast; one who falls stops all."
    ),
    mend=Text.of("加宽，或不把它算作出口。", "Widen it, or don't count it as an exit."),
    source="GB 50016-2014 (2018), 5.5.19",
    example="/venues/0/passages/0/width_m: 1.0",
)
STAIRS_WITHOUT_FLOORS = Kind(
    "stairs-without-floors",
    Severity.WARNING,
    "“{name}”是楼梯或扶梯，两端却在同一层",
    "'{name}' is stairs, and both its ends are on one floor",
    why=Text.of(
        "上行比下行慢；不知道方向就按下行计算，偏乐观。",
        "Up is slower than down; without floors it is reckoned as down, which is hopeful.",
    ),
    mend=Text.of(
        "写明两端的 floor，或改为 corridor。", "State `floor` at its ends, or call it a corridor."
    ),
    example="/venues/0/zones/1/floor: 0",
)
FLOORS_WITHOUT_STAIRS = Kind(
    "floors-without-stairs",
    Severity.WARNING,
    "“{name}”连接不同楼层，却写作{called}",
    "'{name}' joins two floors, and is said to be a {called}",
    why=Text.of(
        "楼梯比平地慢，疏散时间会算少。",
        "Stairs are slower than the level; the clear time comes out too short.",
    ),
    mend=Text.of("写作 stairs、escalator 或 ramp。", "Call it stairs, an escalator or a ramp."),
    example="/venues/0/passages/2/kind: corridor",
)
PASSAGE_TO_ITSELF = Kind(
    "passage-to-itself",
    Severity.ERROR,
    "“{name}”两端是同一处",
    "both ends of '{name}' are the same place",
    why=Text.of("它不通向任何地方。", "It leads nowhere."),
    mend=Text.of("between 写明两个不同的地方。", "Name two places in `between`."),
    example=(
        "/venues/0/passages/-: {id: loop, title: {zh: 环廊, en: Loop}, kind: corridor, "
        "between: [hall, hall], width_m: 2.0, length_m: 10}"
    ),
)
ROUTE_BROKEN = Kind(
    "route-broken",
    Severity.ERROR,
    "路线“{name}”不连续：“{passage}”不从“{place}”开始",
    "the route '{name}' is broken: '{passage}' does not begin at '{place}'",
    why=Text.of("引导员照着走会走不通。", "Guides who follow it come to a wall."),
    mend=Text.of(
        "via 按顺序列出从区域到集合点首尾相接的通道。",
        "List in `via`, in order, passages that join from the zone to the assembly area.",
    ),
    example="/venues/0/routes/1/via: [east-door]",
)
ROUTE_ENDS_ELSEWHERE = Kind(
    "route-ends-elsewhere",
    Severity.ERROR,
    "路线“{name}”终点是“{place}”，不是“{to}”",
    "the route '{name}' ends at '{place}', not at '{to}'",
    why=Text.of(
        "人被带到没有人等候、没有人清点的地方。",
        "People are led where nobody waits for them and counts them.",
    ),
    mend=Text.of("补上最后一段通道，或改正 to。", "Add the last passage, or mend `to`."),
    example="/venues/0/routes/0/to: yard",
)
ROUTE_CLOSED = Kind(
    "route-closed",
    Severity.ERROR,
    "路线“{name}”经过已关闭的“{passage}”",
    "the route '{name}' goes through '{passage}', which is closed",
    why=Text.of(
        "人群会停在一扇打不开的门前。", "The crowd comes to rest before a door that does not open."
    ),
    mend=Text.of("换一条路，或打开它。", "Take another way, or open it."),
    source="消防法, art. 28",
    example="/venues/0/passages/0/closed: true",
)
ROUTE_AGAINST_ONE_WAY = Kind(
    "route-against-one-way",
    Severity.ERROR,
    "路线“{name}”逆着单向通道“{passage}”走",
    "the route '{name}' goes the wrong way through '{passage}'",
    why=Text.of("对向人流相遇是踩踏的起因。", "Crowds that meet head on are how crushes begin."),
    mend=Text.of("换一条路，或取消单向。", "Take another way, or let it be used both ways."),
    example=(
        "/venues/0/passages/3/between: [east-landing, gallery]\n/venues/0/passages/3/one_way: true"
    ),
)
ROUTE_BY_LIFT = Kind(
    "route-by-lift",
    Severity.ERROR,
    "路线“{name}”经过电梯“{passage}”",
    "the route '{name}' goes by the lift '{passage}'",
    why=Text.of("火灾时电梯会停，人困在里面。", "In a fire lifts stop, with people in them."),
    mend=Text.of(
        "改走楼梯；需要帮助的人用避难处。", "Take the stairs; who can't waits in a refuge."
    ),
    source="GB/T 38315-2019",
    example=(
        "/venues/0/passages/-: {id: lift, title: {zh: 电梯, en: Lift}, kind: lift, between: "
        "[gallery, hall], width_m: 1.2, length_m: 5}\n"
        "/venues/0/routes/1: {id: gallery-out, title: {zh: 阅览区至广场, en: Gallery to "
        "square}, zones: [gallery], via: [lift, main-door], to: square}"
    ),
)
ZONE_WITHOUT_ROUTE = Kind(
    "zone-without-route",
    Severity.WARNING,
    "没有为“{zone}”设定疏散路线",
    "no set route begins at '{zone}'",
    why=Text.of(
        "那里的引导员不知道该带人往哪走。", "The guides there don't know where to lead people."
    ),
    mend=Text.of("增加一条从该区域开始的路线。", "Add a route from the zone."),
    source="突发事件应对法 2024, art. 37",
    example="/venues/0/routes/1: -",
)


def passages(plan: Plan) -> Iterator[Finding]:
    """Find passages that can't be what they are called."""
    for n, venue in enumerate(plan.venues):
        ways = EgressNetwork(venue)
        exits = {one.id for one in ways.exits}
        for k, passage in enumerate(venue.passages):
            at = f"/venues/{n}/passages/{k}"
            if passage.id in exits and passage.width_m < EXIT_WIDTH_MIN_M:
                widths = {"width": f"{passage.width_m:g}", "least": f"{EXIT_WIDTH_MIN_M:g}"}
                yield finding(EXIT_NARROW, f"{at}/width_m", name=passage.id, **widths)
            if passage.between[0] == passage.between[1]:
                yield finding(PASSAGE_TO_ITSELF, f"{at}/between", name=passage.id)
            elif ways.places.keys() >= {*passage.between}:
                yield from _floors(at, ways, passage)


def routes(plan: Plan) -> Iterator[Finding]:
    """Find set routes that can't be walked, and zones without one."""
    for n, venue in enumerate(plan.venues):
        known = {passage.id: passage for passage in venue.passages}
        for k, route in enumerate(venue.routes):
            if known.keys() >= {*route.via}:
                yield from _walked(f"/venues/{n}/routes/{k}", route, known)
                yield from _usable(f"/venues/{n}/routes/{k}", route, known)
        yield from _unrouted(f"/venues/{n}", venue)


def _floors(at: str, ways: EgressNetwork, passage: Passage) -> Iterator[Finding]:
    start, end = (ways.floor(place) for place in passage.between)
    if start == end and passage.kind in CLIMBING_KINDS:
        yield finding(STAIRS_WITHOUT_FLOORS, f"{at}/kind", name=passage.id)
    if start != end and passage.kind in LEVEL_KINDS:
        yield finding(FLOORS_WITHOUT_STAIRS, f"{at}/kind", name=passage.id, called=passage.kind)


def _walked(at: str, route: Route, known: Mapping[str, Passage]) -> Iterator[Finding]:
    """Walk the route from each of its zones."""
    for zone in route.zones:
        here, via = zone, _from(route, known, zone)
        for k, name in via:
            start, end = known[name].between
            if here not in {start, end}:
                yield finding(
                    ROUTE_BROKEN, f"{at}/via/{k}", name=route.id, passage=name, place=here
                )
                return
            if known[name].one_way and here == end:
                yield finding(ROUTE_AGAINST_ONE_WAY, f"{at}/via/{k}", name=route.id, passage=name)
            here = end if here == start else start
        if here != route.to:
            yield finding(ROUTE_ENDS_ELSEWHERE, f"{at}/to", name=route.id, place=here, to=route.to)
            return


def _from(route: Route, known: Mapping[str, Passage], zone: str) -> Sequence[tuple[int, str]]:
    """Return the rest of a route from a zone on: one that it passes joins it there."""
    steps = [*enumerate(route.via)]
    first = max((k for k, name in steps if zone in known[name].between), default=0)
    return steps[first:]


def _usable(at: str, route: Route, known: Mapping[str, Passage]) -> Iterator[Finding]:
    for k, name in enumerate(route.via):
        if known[name].closed:
            yield finding(ROUTE_CLOSED, f"{at}/via/{k}", name=route.id, passage=name)
        if known[name].kind is PassageKind.LIFT:
            yield finding(ROUTE_BY_LIFT, f"{at}/via/{k}", name=route.id, passage=name)


def _unrouted(at: str, venue: Venue) -> Iterator[Finding]:
    if not venue.passages:
        return
    routed = {zone for route in venue.routes for zone in route.zones}
    for k, zone in enumerate(venue.zones):
        if zone.id not in routed:
            yield finding(ZONE_WITHOUT_ROUTE, f"{at}/zones/{k}", zone=zone.id)


KINDS = (
    EXIT_NARROW,
    STAIRS_WITHOUT_FLOORS,
    FLOORS_WITHOUT_STAIRS,
    PASSAGE_TO_ITSELF,
    ROUTE_BROKEN,
    ROUTE_ENDS_ELSEWHERE,
    ROUTE_CLOSED,
    ROUTE_AGAINST_ONE_WAY,
    ROUTE_BY_LIFT,
    ZONE_WITHOUT_ROUTE,
)
RULES = (passages, routes)
