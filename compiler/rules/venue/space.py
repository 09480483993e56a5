"""Space: room for everybody, at the assembly areas as in the zones, and help where it is steep."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from compiler.analysis.network import EgressNetwork
from compiler.diagnostics.findings import Finding, Kind, Severity, finding
from domain.plan.model.notation import spelled
from domain.plan.model.space import PassageKind
from domain.values import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from domain.plan.model.plan import Passage, Plan, Venue

ZONE_DENSITY_MAX = 4.0
"""Persons per square metre at which the inflow stops (after Fruin)."""
ASSEMBLY_DENSITY_MAX = 2.0
"""Persons per square metre of a crowd that stands at ease (after Fruin)."""
REFUGE_REACHED_WITHIN = timedelta(minutes=3)
"""Three minutes: as the second force of GB/T 38315 has to be there."""
AREA_TOLERANCE = 1.1
"""The free floor is no larger than the outline, but for how exactly it was measured."""

FRUIN = "Fruin 1971; EPJ Data Science, 10.1140/epjds17, table 1"

ASSEMBLY_TOO_SMALL = Kind(
    "assembly-too-small",
    Severity.ERROR,
    "集合点“{area}”容纳 {capacity} 人，路线会把 {persons} 人带到那里",
    "the assembly area '{area}' holds {capacity}, and its routes bring {persons} there",
    why=Text.of(
        "先到的人堵住出口，后面的人出不来。",
        "Those who are there first block the exit for those behind.",
    ),
    mend=Text.of(
        "把一部分路线改到别的集合点，或扩大它。",
        "Lead some of the routes elsewhere, or find a larger place.",
    ),
    source="GB/T 38315-2019; GB 51143-2015",
    example="/venues/0/assembly_areas/0/capacity: 10",
)
ASSEMBLY_TOO_SMALL_IN_ALL = Kind(
    "assembly-too-small-in-all",
    Severity.ERROR,
    "“{venue}”的集合点共容纳 {capacity} 人，各区域满员时有 {persons} 人",
    "the assembly areas of '{venue}' hold {capacity} in all; its zones, when full, {persons}",
    why=Text.of(
        "疏散完也没有地方站，清点不了人数。",
        "There is no room to stand, and nobody can be counted.",
    ),
    mend=Text.of(
        "增设集合点，或与周边单位约定借用场地。",
        "Add an assembly area, or agree on a neighbour's ground.",
    ),
    source="GB/T 38315-2019; GB 51143-2015",
    example="/venues/0/assembly_areas/0/capacity: 100\n/venues/0/assembly_areas/1/capacity: 100",
)
ASSEMBLY_UNREACHED = Kind(
    "assembly-unreached",
    Severity.WARNING,
    "没有出口通往集合点“{area}”",
    "no exit leads to the assembly area '{area}'",
    why=Text.of("图上有，实际走不到。", "It is on the map, and nobody gets there."),
    mend=Text.of(
        "写明通往它的通道，或删去它。", "State the passage that leads there, or leave it out."
    ),
    example=(
        "/venues/0/assembly_areas/-: {id: park, title: {zh: 公园, en: Park}, capacity: 500, x: "
        "0, y: -200, area_m2: 900}"
    ),
)
ASSEMBLY_TOO_DENSE = Kind(
    "assembly-too-dense",
    Severity.WARNING,
    "集合点“{area}”每平方米 {density} 人，超过 {most}",
    "{density} persons per square metre at the assembly area '{area}', more than {most}",
    why=Text.of("太挤，清点和救护都进不去。", "Too dense to count people or to bring help."),
    mend=Text.of("减小 capacity，或写明更大的面积。", "Lower its `capacity`, or find more ground."),
    source=FRUIN,
    example="/venues/0/assembly_areas/0/area_m2: 100",
)
ZONE_TOO_DENSE = Kind(
    "zone-too-dense",
    Severity.WARNING,
    "“{zone}”满员时每平方米 {density} 人，超过 {most}",
    "'{zone}', when full, has {density} persons per square metre, more than {most}",
    why=Text.of(
        "到这个密度就应停止进入；容量写得太大，预警来得太晚。",
        "At such a density the inflow must have stopped: the warning would come too late.",
    ),
    mend=Text.of("减小 capacity，或改正 area_m2。", "Lower its `capacity`, or mend `area_m2`."),
    source=FRUIN,
    example="/venues/0/zones/0/area_m2: 1",
)
OUTLINE_DIFFERS = Kind(
    "outline-differs",
    Severity.WARNING,
    "“{zone}”写明净面积 {stated} 平方米，轮廓却只围出 {drawn} 平方米",
    "'{zone}' is said to have {stated} m² of free floor, and its outline has only {drawn} m²",
    why=Text.of(
        "密度按面积计算，两者总有一个是错的。",
        "Densities come from the area, and one of the two is wrong.",
    ),
    mend=Text.of(
        "重新量，改正 area_m2 或 outline。", "Measure again, and mend `area_m2` or `outline`."
    ),
    example="/venues/0/zones/0/area_m2: 3000",
)
ZONES_ON_ONE_SPOT = Kind(
    "zones-on-one-spot",
    Severity.WARNING,
    "“{zone}”与“{other}”在同一层的同一位置",
    "'{zone}' is on the same spot of the same floor as '{other}'",
    why=Text.of(
        "步行距离会算成零，图上也分不清。",
        "The way between them is reckoned as nothing, and no map shows both.",
    ),
    mend=Text.of("写明 x、y 和 floor。", "State `x`, `y` and `floor`."),
    example="/venues/0/zones/1/floor: 0",
)
REFUGE_HELP_LATE = Kind(
    "refuge-help-late",
    Severity.ERROR,
    "避难处“{refuge}”的人要等 {within} 才有人来，不得超过 {most}",
    "help comes to the refuge '{refuge}' after {within}; it must be there in {most}",
    why=Text.of(
        "等在那里的人走不了，只能靠别人来。",
        "Who waits there can't leave alone.",
    ),
    mend=Text.of(
        "指定更近的岗位，写明 3 min 以内。", "Name a post that is nearer, within 3 minutes."
    ),
    source="PEEP guidance; 无障碍环境建设法 2023",
    example="/venues/0/refuges/0/reach_within: 10 min",
)
NOT_ACCESSIBLE = Kind(
    "zone-not-accessible",
    Severity.WARNING,
    "从“{zone}”没有无障碍的路出去，也没有避难处",
    "there is no way out of '{zone}' for a wheelchair, and no refuge",
    why=Text.of(
        "坐轮椅的人出不来，也没有安全的地方等。",
        "Who uses a wheelchair can't leave, and has nowhere safe to wait.",
    ),
    mend=Text.of(
        "给可通行的通道写明 accessible: true，或设一处避难处（refuges）。",
        "Say `accessible: true` of the passages that are, or set up a refuge.",
    ),
    source="无障碍环境建设法 2023, art. 12, 44",
    example="/venues/0/refuges: []",
)


def assembly(plan: Plan) -> Iterator[Finding]:
    """Find assembly areas that don't hold those who are led there."""
    for n, venue in enumerate(plan.venues):
        if not venue.passages or not venue.assembly_areas:
            continue
        yield from _in_all(f"/venues/{n}/assembly_areas", venue)
        ways = EgressNetwork(venue)
        reached = {end for one in ways.exits for _, end in ways.directions(one)}
        for k, area in enumerate(venue.assembly_areas):
            at = f"/venues/{n}/assembly_areas/{k}"
            if area.id not in reached:
                yield finding(ASSEMBLY_UNREACHED, at, area=area.id)
            persons = _led_to(venue, area.id)
            if persons > area.capacity:
                said = {"capacity": area.capacity, "persons": persons}
                yield finding(ASSEMBLY_TOO_SMALL, f"{at}/capacity", area=area.id, **said)
            if area.area_m2 and area.capacity / area.area_m2 > ASSEMBLY_DENSITY_MAX:
                dense = _dense(area.capacity, area.area_m2, ASSEMBLY_DENSITY_MAX)
                yield finding(ASSEMBLY_TOO_DENSE, f"{at}/capacity", area=area.id, **dense)


def zones(plan: Plan) -> Iterator[Finding]:
    """Find zones that are too dense when full, or drawn otherwise than they are said to be."""
    for n, venue in enumerate(plan.venues):
        spots: dict[tuple[object, ...], str] = {}
        for k, zone in enumerate(venue.zones):
            at = f"/venues/{n}/zones/{k}"
            if zone.area_m2 and zone.capacity / zone.area_m2 > ZONE_DENSITY_MAX:
                dense = _dense(zone.capacity, zone.area_m2, ZONE_DENSITY_MAX)
                yield finding(ZONE_TOO_DENSE, f"{at}/capacity", zone=zone.id, **dense)
            drawn = _area(zone.outline)
            if zone.area_m2 and drawn and zone.area_m2 > drawn * AREA_TOLERANCE:
                areas = {"stated": f"{zone.area_m2:.0f}", "drawn": f"{drawn:.0f}"}
                yield finding(OUTLINE_DIFFERS, f"{at}/outline", zone=zone.id, **areas)
            other = spots.setdefault((zone.x, zone.y, zone.floor or 0), zone.id)
            if venue.passages and other != zone.id:
                yield finding(ZONES_ON_ONE_SPOT, at, zone=zone.id, other=other)


def help_where_steep(plan: Plan) -> Iterator[Finding]:
    """Find zones that somebody in a wheelchair can't leave, and refuges where help comes late."""
    for n, venue in enumerate(plan.venues):
        for k, refuge in enumerate(venue.refuges):
            if refuge.reach_within > REFUGE_REACHED_WITHIN:
                spans = {"within": refuge.reach_within, "most": REFUGE_REACHED_WITHIN}
                said = {name: spelled(span) for name, span in spans.items()}
                where = f"/venues/{n}/refuges/{k}/reach_within"
                yield finding(REFUGE_HELP_LATE, where, refuge=refuge.id, **said)
        if venue.passages:
            ways = EgressNetwork(venue)
            out = _reached(ways, ways.outside, _is_easy)
            near = _reached(ways, {refuge.zone for refuge in venue.refuges}, _is_level)
            for k, zone in enumerate(venue.zones):
                if zone.id not in out | near:
                    yield finding(NOT_ACCESSIBLE, f"/venues/{n}/zones/{k}", zone=zone.id)


def _in_all(where: str, venue: Venue) -> Iterator[Finding]:
    capacity = sum(area.capacity for area in venue.assembly_areas)
    persons = sum(zone.capacity for zone in venue.zones)
    if persons > capacity:
        said = {"capacity": capacity, "persons": persons}
        yield finding(ASSEMBLY_TOO_SMALL_IN_ALL, where, venue=venue.id, **said)


def _led_to(venue: Venue, area: str) -> int:
    """Return how many are led to an assembly area, those of a zone with several routes shared."""
    routes: dict[str, list[str]] = {}
    for route in venue.routes:
        for zone in route.zones:
            routes.setdefault(zone, []).append(route.to)
    return round(
        sum(
            zone.capacity * routes[zone.id].count(area) / len(routes[zone.id])
            for zone in venue.zones
            if zone.id in routes
        )
    )


def _dense(persons: int, area_m2: float, most: float) -> dict[str, str]:
    return {"density": f"{persons / area_m2:.1f}", "most": f"{most:g}"}


def _area(outline: Sequence[tuple[float, float]]) -> float:
    """Return the square metres within an outline (the shoelace formula)."""
    following = [*outline[1:], *outline[:1]]
    return abs(
        sum(x * ny - nx * y for (x, y), (nx, ny) in zip(outline, following, strict=True)) / 2
    )


def _is_easy(_: EgressNetwork, passage: Passage) -> bool:
    return passage.accessible


def _is_level(ways: EgressNetwork, passage: Passage) -> bool:
    """Tell whether a wheelchair gets through with some help, but over no stairs."""
    climbs = passage.kind in {PassageKind.STAIRS, PassageKind.ESCALATOR}
    start, end = (ways.floor(place) for place in passage.between)
    return passage.accessible or (not climbs and start == end)


def _reached(
    ways: EgressNetwork, begin: Collection[str], goes: Callable[[EgressNetwork, Passage], bool]
) -> set[str]:
    """Return the places from which one of some places is reached by passages of a kind."""
    arriving: dict[str, list[str]] = {}
    for one in ways.usable:
        if goes(ways, one):
            for start, end in ways.directions(one):
                arriving.setdefault(end, []).append(start)
    found, waiting = {*begin}, [*begin]
    while waiting:
        for place in arriving.get(waiting.pop(), ()):
            if place not in found:
                found.add(place)
                waiting.append(place)
    return found


KINDS = (
    ASSEMBLY_TOO_SMALL,
    ASSEMBLY_TOO_SMALL_IN_ALL,
    ASSEMBLY_UNREACHED,
    ASSEMBLY_TOO_DENSE,
    ZONE_TOO_DENSE,
    OUTLINE_DIFFERS,
    ZONES_ON_ONE_SPOT,
    REFUGE_HELP_LATE,
    NOT_ACCESSIBLE,
)
RULES = (assembly, zones, help_where_steep)
