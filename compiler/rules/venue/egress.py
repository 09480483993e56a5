"""Egress: everybody has two ways out, and is out in time, whichever exit is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.analysis.egress import of_plan as egress_of
from compiler.diagnostics.findings import Finding, Kind, Severity, finding
from domain.plan.model.quantities import minutes_of
from domain.plan.model.space import LEVEL_RATE_CEILING, EgressRules
from domain.values import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from compiler.analysis.egress import Clearing
    from domain.plan.model.plan import Plan, Venue

SMALL_ZONE_PERSONS = 15
"""So few may do with one way out (GB 50016-2014, 5.5.15)."""

CUT_SHOWN = 6
"""Passages of a bottleneck that are named."""

GREEN_GUIDE = "Guide to Safety at Sports Grounds (Green Guide), 6th ed. 2018: normal egress 8 min"
LARSSON = "Larsson et al., Fire Safety Journal 120 (2021) 103040; Green Guide, 6th ed. 2018"
IMO = "IMO MSC.1/Circ.1533, maximum specific flow"

PASSAGES_MISSING = Kind(
    "passages-missing",
    Severity.WARNING,
    "“{venue}”没有写明通道和出口，无法计算疏散时间",
    "'{venue}' states no passages: nobody knows how long it takes to get out",
    why=Text.of(
        "不知道多久能疏散完，就无法判断何时必须开始疏散。",
        "Who doesn't know how long it takes can't know when it must begin.",
    ),
    mend=Text.of(
        "写明 passages（宽度、连接的两处）和 assembly_areas。",
        "State `passages` with their widths and what they join, and `assembly_areas`.",
    ),
    source="GB/T 38315-2019; 突发事件应对法 2024, art. 37",
    example="/venues/0/passages: []\n/venues/0/routes: []\n/venues/0/signs: []",
)
NO_WAY_OUT = Kind(
    "no-way-out",
    Severity.ERROR,
    "“{zone}”没有任何通往集合点的通道",
    "there is no way out of '{zone}' to any assembly area",
    why=Text.of("里面的人出不来。", "Whoever is there does not get out."),
    mend=Text.of(
        "写明或打开一条从该区域通往集合点的通道；电梯不计。",
        "State or open a passage from there towards an assembly area; lifts don't count.",
    ),
    source="GB 50016-2014 (2018), 5.5",
    example="/venues/0/passages/2/closed: true\n/venues/0/passages/3/closed: true",
)
ONE_WAY_OUT = Kind(
    "one-way-out",
    Severity.ERROR,
    "“{zone}”只有一条独立的疏散出路，应至少两条",
    "'{zone}' has one independent way out; it needs two",
    why=Text.of(
        "火或拥挤恰好堵住这条路时，里面的人没有别的路。",
        "When the fire or the crowd is in just that way, there is no other.",
    ),
    mend=Text.of(
        "增加一条与现有出路没有共同通道的出路。",
        "Add a way out that shares no passage with the one there is.",
    ),
    source="GB 50016-2014 (2018), 5.5.8",
    example="/venues/0/passages/2/closed: true",
)
CLEAR_TIME_OVER = Kind(
    "clear-time-over-limit",
    Severity.ERROR,
    "“{venue}”疏散 {persons} 人需 {minutes} 分钟，超过限值 {limit} 分钟；瓶颈 {cut}"
    "（每分钟 {rate} 人）",
    "'{venue}' takes {minutes} min to empty of {persons} persons, over its limit of {limit} min; "
    "the bottleneck is {cut} ({rate} persons/min)",
    why=Text.of(
        "最后离开的人等得太久：烟气和恐慌都比他们快。",
        "The last ones wait too long: smoke and fear are faster than they are.",
    ),
    mend=Text.of(
        "加宽瓶颈通道、增设出口，或降低其后各区域的容量。",
        "Widen the bottleneck, add an exit, or lower the capacity of the zones behind it.",
    ),
    source=GREEN_GUIDE,
    example="/venues/0/egress: {limit: 1 min}",
)
CLEAR_TIME_OVER_WHEN_LOST = Kind(
    "clear-time-over-limit-when-lost",
    Severity.ERROR,
    "失去出口“{exit}”时，“{venue}”疏散需 {minutes} 分钟，超过限值 {limit} 分钟；瓶颈 {cut}"
    "（每分钟 {rate} 人）",
    "without the exit '{exit}' '{venue}' takes {minutes} min to empty, over its limit of {limit} "
    "min; the bottleneck is {cut} ({rate} persons/min)",
    why=Text.of(
        "起火点常常就在某个出口旁：那个出口不能算数。",
        "A fire is often beside an exit: that exit can't be counted on.",
    ),
    mend=Text.of(
        "其余出口要能在限值内疏散所有人：加宽、增设或降低容量。",
        "The other exits must do in time: widen one, add one, or lower the capacity.",
    ),
    source=GREEN_GUIDE,
    example="/venues/0/zones/0/capacity: 900\n/venues/0/egress: {limit: 4 min}",
)
ZONE_CLEARS_LATE = Kind(
    "zone-clears-late",
    Severity.ERROR,
    "“{zone}”须在 {limit} 分钟内清空，按通道宽度需 {minutes} 分钟",
    "'{zone}' must be clear in {limit} min, and its ways take {minutes} min",
    why=Text.of(
        "预案承诺了做不到的时间，指挥员会据此作出错误决定。",
        "The plan promises what can't be kept, and a commander will rely on it.",
    ),
    mend=Text.of(
        "加宽该区域的出路，或写明做得到的时限。",
        "Widen the ways out of the zone, or promise what can be kept.",
    ),
    example="/venues/0/zones/0/clear_within: 10 s",
)
RATE_ABOVE_CEILING = Kind(
    "rate-above-ceiling",
    Severity.ERROR,
    "通行率 {rate} 人/米/分钟超过上限 {ceiling}",
    "{rate} persons/m/min is above the ceiling of {ceiling}",
    why=Text.of(
        "没有人群走得这么快；据此算出的疏散时间是假的。",
        "No crowd walks so fast; a clear time from such a figure is not true.",
    ),
    mend=Text.of(
        "平地取 60，上限 82；楼梯更低。",
        "Plan on 60 on the level, 82 at the very most, and less on stairs.",
    ),
    source=LARSSON,
    example="/venues/0/egress: {level: 90}",
)
RATE_ABOVE_TABLE = Kind(
    "rate-above-table",
    Severity.WARNING,
    "{what}的通行率 {rate} 人/米/分钟高于文献值 {table}",
    "{rate} persons/m/min for {what} is more than the table's {table}",
    why=Text.of("比实测更乐观。", "It is more hopeful than what was measured."),
    mend=Text.of("取文献值，或注明实测依据。", "Take the table's figure, or one measured here."),
    source=IMO,
    example="/venues/0/egress: {stairs_up: 60}",
)
LIMIT_LONG = Kind(
    "clear-time-limit-long",
    Severity.WARNING,
    "疏散时间限值 {limit} 分钟，长于通行的 {usual} 分钟",
    "a limit of {limit} min is longer than the usual {usual} min",
    why=Text.of("限值放宽不会让人走得更快。", "A wider limit lets nobody walk faster."),
    mend=Text.of("恢复为 8 分钟，或说明理由。", "Leave it at 8 minutes unless there is a reason."),
    source=GREEN_GUIDE,
    example="/venues/0/egress: {limit: 20 min}",
)


def ways_out(plan: Plan) -> Iterator[Finding]:
    """Find zones that can't be left, or by one way only."""
    for n, venue in enumerate(plan.venues):
        if not venue.passages:
            yield finding(PASSAGES_MISSING, f"/venues/{n}", venue=venue.id)
            continue
        independent = egress_of(plan)[venue.id].independent
        for k, zone in enumerate(venue.zones):
            at = f"/venues/{n}/zones/{k}"
            if not independent[zone.id]:
                yield finding(NO_WAY_OUT, at, zone=zone.id)
            elif independent[zone.id] == 1 and zone.capacity > SMALL_ZONE_PERSONS:
                yield finding(ONE_WAY_OUT, at, zone=zone.id)


def clear_times(plan: Plan) -> Iterator[Finding]:
    """Find venues and zones that take too long to empty, with all exits or without one."""
    for n, venue in enumerate(plan.venues):
        if venue.id not in egress_of(plan):
            continue
        found, at = egress_of(plan)[venue.id], f"/venues/{n}"
        limit = minutes_of((venue.egress or EgressRules()).limit)
        if found.whole.minutes > limit:
            yield finding(CLEAR_TIME_OVER, at, venue=venue.id, **_figures(found.whole, limit))
            continue  # then it is so without an exit, too
        places = {passage.id: k for k, passage in enumerate(venue.passages)}
        for gone, clearing in found.lost.items():
            if clearing.minutes > limit:
                where, said = f"{at}/passages/{places[gone]}", _figures(clearing, limit)
                yield finding(CLEAR_TIME_OVER_WHEN_LOST, where, exit=gone, venue=venue.id, **said)
        yield from _late_zones(at, venue, found.whole)


def rates(plan: Plan) -> Iterator[Finding]:
    """Find rates and limits that no crowd keeps."""
    for n, venue in enumerate(plan.venues):
        for k, passage in enumerate(venue.passages):
            if passage.rate and passage.rate > LEVEL_RATE_CEILING:
                yield _above(f"/venues/{n}/passages/{k}/rate", passage.rate)
        if venue.egress is not None:
            yield from _rules(f"/venues/{n}/egress", venue.egress)


def _late_zones(at: str, venue: Venue, clearing: Clearing) -> Iterator[Finding]:
    for k, zone in enumerate(venue.zones):
        if zone.clear_within is None or zone.id in clearing.stranded:
            continue
        limit, minutes = minutes_of(zone.clear_within), clearing.zones[zone.id]
        if minutes > limit:
            said = {"limit": f"{limit:g}", "minutes": f"{minutes:.1f}"}
            yield finding(ZONE_CLEARS_LATE, f"{at}/zones/{k}/clear_within", zone=zone.id, **said)


def _figures(clearing: Clearing, limit: float) -> dict[str, str]:
    neck = clearing.bottleneck
    return {
        "minutes": f"{clearing.minutes:.1f}",
        "limit": f"{limit:g}",
        "persons": str(neck.persons),
        "cut": _listed(neck.passages),
        "rate": f"{neck.per_minute:.0f}",
    }


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:CUT_SHOWN])
    return f"{shown} … ({len(names)})" if len(names) > CUT_SHOWN else shown


def _rules(at: str, rules: EgressRules) -> Iterator[Finding]:
    usual = EgressRules()
    if rules.level > LEVEL_RATE_CEILING:
        yield _above(f"{at}/level", rules.level)
    for name in ("door", "stairs_down", "stairs_up"):
        rate, table = getattr(rules, name), getattr(usual, name)
        if rate > table:
            said = {"what": name.replace("_", " "), "rate": f"{rate:g}", "table": f"{table:g}"}
            yield finding(RATE_ABOVE_TABLE, f"{at}/{name}", **said)
    if rules.limit > usual.limit:
        limits = {"limit": minutes_of(rules.limit), "usual": minutes_of(usual.limit)}
        said = {name: f"{minutes:g}" for name, minutes in limits.items()}
        yield finding(LIMIT_LONG, f"{at}/limit", **said)


def _above(where: str, rate: float) -> Finding:
    said = {"rate": f"{rate:g}", "ceiling": f"{LEVEL_RATE_CEILING:g}"}
    return finding(RATE_ABOVE_CEILING, where, **said)


KINDS = (
    PASSAGES_MISSING,
    NO_WAY_OUT,
    ONE_WAY_OUT,
    CLEAR_TIME_OVER,
    CLEAR_TIME_OVER_WHEN_LOST,
    ZONE_CLEARS_LATE,
    RATE_ABOVE_CEILING,
    RATE_ABOVE_TABLE,
    LIMIT_LONG,
)
RULES = (ways_out, clear_times, rates)
