"""The scene: signs that point the right way, also after a reroute; cordons that let out."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from compiler.analysis.network import EgressNetwork
from compiler.diagnostics.findings import Finding, Kind, Severity, finding
from domain.plan.model.space import PassageKind, SignKind, TrafficControl
from domain.values import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from domain.plan.model.plan import Passage, Plan
    from domain.plan.model.space import Sign

EXITS_SHOWN = 4
"""Exits that are named of those whose loss makes a sign mislead."""

Point = tuple[float, float]

SIGN_ELSEWHERE = Kind(
    "sign-elsewhere",
    Severity.ERROR,
    "标志“{sign}”指向“{passage}”，但它不从“{place}”开始",
    "the sign '{sign}' points into '{passage}', which does not begin at '{place}'",
    why=Text.of("人会照着标志走进死路。", "People follow a sign, and come to a wall."),
    mend=Text.of("towards 写该处的一条通道。", "Name in `towards` a passage that begins there."),
    source="GB 13495.1-2015",
    example="/venues/0/signs/0/towards: east-door",
)
SIGN_TO_CLOSED = Kind(
    "sign-to-closed",
    Severity.ERROR,
    "标志“{sign}”指向不能用的“{passage}”（关闭、电梯或逆行）",
    "the sign '{sign}' points into '{passage}', which can't be used (closed, a lift, or one way)",
    why=Text.of("标志把人引向打不开的门。", "The sign leads people to a door that does not open."),
    mend=Text.of("换标志，或打开通道。", "Change the sign, or open the passage."),
    source="GB 13495.1-2015; 消防法, art. 28",
    example="/venues/0/passages/0/closed: true",
)
SIGN_LEADS_IN = Kind(
    "sign-leads-in",
    Severity.ERROR,
    "标志“{sign}”指向的“{passage}”那边没有出路",
    "beyond '{passage}', where the sign '{sign}' points, there is no way out",
    why=Text.of("标志把人引进死路。", "The sign leads people into a dead end."),
    mend=Text.of("指向通往集合点的通道。", "Point along a way that leads to an assembly area."),
    source="GB 13495.1-2015",
    example=(
        "/venues/0/junctions/-: {id: store, title: {zh: 库房, en: Store}, x: 25, y: 40, floor: "
        "0}\n"
        "/venues/0/passages/-: {id: store-door, title: {zh: 库房门, en: Store door}, kind: "
        "door, between: [hall, store], width_m: 1.0, length_m: 5}\n"
        "/venues/0/signs/0/towards: store-door"
    ),
)
SIGN_MISLEADS = Kind(
    "sign-misleads-after-reroute",
    Severity.WARNING,
    "失去出口 {exits} 时，固定标志“{sign}”会指错方向",
    "without the exit {exits} the static sign '{sign}' points the wrong way",
    why=Text.of(
        "改道后，没有人摘掉的标志还在把人引向那个出口。",
        "After a reroute a sign that nobody took down still leads people to that exit.",
    ),
    mend=Text.of(
        "换成数字标志（kind: digital），或派任务（duty: signage）遮盖它。",
        "Make it digital, or have a task (`duty: signage`) cover it.",
    ),
    source="GB 13495.1-2015",
    example="/venues/0/signs/0/kind: static\n/tasks/9: -",
)
CORDON_ACROSS_ROUTE = Kind(
    "cordon-across-route",
    Severity.WARNING,
    "警戒线“{cordon}”横穿路线“{route}”的通道“{passage}”",
    "the cordon '{cordon}' runs across '{passage}', which is on the route '{route}'",
    why=Text.of("警戒线会把正在疏散的人拦住。", "The cordon would hold those who are leaving."),
    mend=Text.of("移动警戒线，或在该处留出口。", "Move the cordon, or lead the route elsewhere."),
    source="突发事件应对法 2024, art. 73",
    example="/venues/0/cordons/0/points: [[-40, -30], [40, -30]]",
)
NO_RESCUE_LANE = Kind(
    "no-rescue-lane",
    Severity.WARNING,
    "“{venue}”管制交通，却没有写明救援通道",
    "'{venue}' controls traffic, and keeps no rescue lane",
    why=Text.of("消防车和救护车进不来。", "Fire engines and ambulances don't get through."),
    mend=Text.of(
        "增加一个 control: rescue_lane 的交通控制点。",
        "Add a traffic point with `control: rescue_lane`.",
    ),
    source="消防法, art. 28; 突发事件应对法 2024, art. 37",
    example="/venues/0/traffic_points/0/control: closure",
)


def signs(plan: Plan) -> Iterator[Finding]:
    """Find signs that point the wrong way, now or when an exit is lost."""
    for n, venue in enumerate(plan.venues):
        ways = EgressNetwork(venue)
        known = {passage.id: passage for passage in venue.passages}
        for k, sign in enumerate(venue.signs):
            passage = known.get(sign.towards)
            if passage is not None and sign.zone in ways.places:
                yield from _pointing(f"/venues/{n}/signs/{k}", ways, sign, passage)


def cordons(plan: Plan) -> Iterator[Finding]:
    """Find cordons that hold people on their way out."""
    for n, venue in enumerate(plan.venues):
        ways = EgressNetwork(venue)
        usable = {passage.id: passage for passage in ways.usable}
        routed = {name: route.id for route in venue.routes for name in route.via if name in usable}
        for k, cordon in enumerate(venue.cordons):
            for name, route in routed.items():
                if _cross(cordon.points, _line(ways, usable[name])):
                    where, said = f"/venues/{n}/cordons/{k}", {"route": route, "passage": name}
                    yield finding(CORDON_ACROSS_ROUTE, where, cordon=cordon.id, **said)


def lanes(plan: Plan) -> Iterator[Finding]:
    """Find venues whose traffic is controlled, but not for those who come to help."""
    for n, venue in enumerate(plan.venues):
        controls = {point.control for point in venue.traffic_points}
        if controls and TrafficControl.RESCUE_LANE not in controls:
            yield finding(NO_RESCUE_LANE, f"/venues/{n}/traffic_points", venue=venue.id)


def _pointing(at: str, ways: EgressNetwork, sign: Sign, passage: Passage) -> Iterator[Finding]:
    said = {"sign": sign.id, "passage": passage.id}
    if sign.zone not in passage.between:
        yield finding(SIGN_ELSEWHERE, f"{at}/towards", **said, place=sign.zone)
        return
    beyond = next((end for start, end in ways.directions(passage) if start == sign.zone), None)
    if beyond is None or passage not in ways.usable or passage.kind is PassageKind.LIFT:
        yield finding(SIGN_TO_CLOSED, f"{at}/towards", **said)
    elif not _leads_out(ways, beyond, sign.zone, None):
        yield finding(SIGN_LEADS_IN, f"{at}/towards", **said)
    elif sign.kind is SignKind.STATIC:
        lost = [
            one.id
            for one in ways.exits
            if one is passage or not _leads_out(ways, beyond, sign.zone, one)
        ]
        if lost:
            shown = ", ".join(lost[:EXITS_SHOWN]) + (" …" if len(lost) > EXITS_SHOWN else "")
            yield finding(SIGN_MISLEADS, at, sign=sign.id, exits=shown)


def _leads_out(ways: EgressNetwork, begin: str, never: str, lost: Passage | None) -> bool:
    """Tell whether there is a way out that does not come back to where the sign is."""
    found, waiting = {begin, never}, [begin]
    while waiting:
        here = waiting.pop()
        if here in ways.outside:
            return True
        for passage, end in ways.leaving.get(here, ()):
            if end not in found and passage is not lost:
                found.add(end)
                waiting.append(end)
    return False


def _line(ways: EgressNetwork, passage: Passage) -> Sequence[Point]:
    start, end = (ways.places[place] for place in passage.between)
    return [(start.x, start.y), *passage.points, (end.x, end.y)]


def _cross(one: Sequence[Point], other: Sequence[Point]) -> bool:
    """Tell whether two lines cross; lines that only touch don't."""
    return any(
        _turn(a, b, c) * _turn(a, b, d) < 0 and _turn(c, d, a) * _turn(c, d, b) < 0
        for a, b in pairwise(one)
        for c, d in pairwise(other)
    )


def _turn(a: Point, b: Point, c: Point) -> float:
    """Return on which side of the line from a to b a point is: positive on its left."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


KINDS = (
    SIGN_ELSEWHERE,
    SIGN_TO_CLOSED,
    SIGN_LEADS_IN,
    SIGN_MISLEADS,
    CORDON_ACROSS_ROUTE,
    NO_RESCUE_LANE,
)
RULES = (signs, cordons, lanes)
