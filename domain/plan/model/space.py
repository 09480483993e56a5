"""Where it happens: zones, ways between them, exits, assembly areas, refuges, signs, cordons."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from pydantic import Field, StrictBool, StrictInt

from domain.plan.model.quantities import (
    PERSONS_MAX,
    Area,
    Coordinate,
    Floor,
    Length,
    Persons,
    Pieces,
    Point,
    Rate,
    Span,
    Width,
)
from domain.plan.model.references import (
    AssemblyName,
    ContactName,
    PassageName,
    PlaceName,
    PostName,
    SupplyName,
    ZoneName,
)
from domain.values import HazardKind, Id, Line, Text, Value


class VenueType(StrEnum):
    """What a venue is, as the law and the source plans sort them (Decree 708, art. 7-8)."""

    MALL = "mall"
    SUPERMARKET = "supermarket"
    HOTEL = "hotel"
    RESTAURANT = "restaurant"
    ENTERTAINMENT = "entertainment"
    RAILWAY_STATION = "railway_station"
    METRO_STATION = "metro_station"
    AIRPORT = "airport"
    DOCK = "dock"
    SCENIC_AREA = "scenic_area"
    STADIUM = "stadium"
    EXHIBITION_HALL = "exhibition_hall"
    SCHOOL = "school"
    HOSPITAL = "hospital"
    OFFICE = "office"
    COMPANY_OUTLET = "company_outlet"


class Zone(Value):
    """A part of a venue where people are."""

    id: Id
    title: Text
    capacity: StrictInt = Field(gt=0, le=PERSONS_MAX)
    """Persons at once; the clear time is reckoned for a zone that is full."""
    x: Coordinate = 0.0
    y: Coordinate = 0.0
    floor: Floor | None = None
    """The ground floor when left out."""
    area_m2: Area | None = None
    outline: tuple[Point, ...] = ()
    """The corners in order, for the map; a disc of the area round (x, y) when left out."""
    clear_within: Span | None = None
    """When sooner than the venue's limit."""


class Junction(Value):
    """A place where ways meet and nobody stays: a landing, a lobby, a crossing of corridors."""

    id: Id
    title: Text
    x: Coordinate = 0.0
    y: Coordinate = 0.0
    floor: Floor | None = None


class AssemblyArea(Value):
    """A safe place outside, where people are counted."""

    id: Id
    title: Text
    capacity: StrictInt = Field(gt=0, le=PERSONS_MAX)
    x: Coordinate = 0.0
    y: Coordinate = 0.0
    area_m2: Area | None = None


class PassageKind(StrEnum):
    """What people walk through; up or down is told by the floors at its ends."""

    CORRIDOR = "corridor"
    DOOR = "door"
    GATE = "gate"
    STAIRS = "stairs"
    ESCALATOR = "escalator"
    """Stopped, and then stairs."""
    RAMP = "ramp"
    LIFT = "lift"
    """Never counted: nobody evacuates by it without the fire service's leave."""


class Passage(Value):
    """A way between two places. One that ends at an assembly area is an exit."""

    id: Id
    title: Text
    kind: PassageKind
    between: tuple[PlaceName, PlaceName]
    """Zones, junctions or assembly areas; with `one_way` only from the first to the second."""
    width_m: Width
    length_m: Length = 0.0
    one_way: StrictBool = False
    closed: StrictBool = False
    """Not to be used, such as a door that is locked for now."""
    rate: Rate | None = None
    """When measured here; else the venue's for such a passage."""
    accessible: StrictBool = False
    """Whether a wheelchair gets through without help."""
    points: tuple[Point, ...] = ()
    """Bends, for the map."""


class Route(Value):
    """A set way out: what guides know by heart and signs point along."""

    id: Id
    title: Text
    zones: tuple[ZoneName, ...] = Field(min_length=1)
    """From where."""
    via: tuple[PassageName, ...] = Field(min_length=1)
    """Passages, in order, beginning at each of the zones."""
    to: AssemblyName
    """An assembly area."""


class Refuge(Value):
    """Where somebody who can't use the stairs waits for help, safe from fire and smoke."""

    id: Id
    title: Text
    zone: ZoneName
    capacity: Persons
    post: PostName
    """Who comes."""
    reach_within: Span = timedelta(minutes=3)
    """Three minutes: as the second force of GB/T 38315 has to be there."""


class SignKind(StrEnum):
    """Whether what a sign says can be changed from afar."""

    STATIC = "static"
    DIGITAL = "digital"


class Sign(Value):
    """A sign that points people into a passage."""

    id: Id
    title: Text
    zone: PlaceName
    """A zone or a junction."""
    towards: PassageName
    """A passage that begins there."""
    kind: SignKind = SignKind.STATIC


class CordonKind(StrEnum):
    """The inner one keeps everybody out but those who work there."""

    INNER = "inner"
    OUTER = "outer"


class Cordon(Value):
    """A line that is set in the response."""

    id: Id
    title: Text
    kind: CordonKind
    points: tuple[Point, ...] = Field(min_length=2)
    post: PostName
    hazards: tuple[HazardKind, ...] = ()
    """Only for these; for all when empty."""


class TrafficControl(StrEnum):
    """What is done to the traffic at a point."""

    CLOSURE = "closure"
    ONE_WAY = "one_way"
    HOLD = "hold"
    RESCUE_LANE = "rescue_lane"
    """Kept clear for fire engines and ambulances."""


class TrafficPoint(Value):
    """A place on a road where the traffic is controlled."""

    id: Id
    title: Text
    control: TrafficControl
    x: Coordinate = 0.0
    y: Coordinate = 0.0
    post: PostName


class EgressRules(Value):
    """How fast people get through, and how fast they must be out.

    No passage is reckoned faster than people walk on the level.
    """

    limit: Span = timedelta(minutes=8)
    """Eight minutes (Green Guide: normal maximum egress time)."""
    level: Rate = 60.0
    """60 persons/m/min: no real stadium did better (Larsson et al., Fire Safety J. 120, 2021)."""
    door: Rate = 78.0
    """1.3 persons/m/s (IMO MSC.1/Circ.1533, table of maximum specific flow)."""
    stairs_down: Rate = 66.0
    """1.1 persons/m/s (same table)."""
    stairs_up: Rate = 52.8
    """0.88 persons/m/s (same table)."""
    walking_m_per_s: Width = 1.2
    """Metres per second, in a crowd that moves freely (same source)."""


LEVEL_RATE_CEILING = 82.0
"""Persons/m/min that no plan may count on for level ways (Green Guide, 6th edition, 2018)."""


class Overrides(Value):
    """What is otherwise at one venue than in the plan; the rest is as the plan says."""

    holders: dict[PostName, ContactName] = Field(default_factory=dict)
    """Who holds a post here: post → contact."""
    deputies: dict[PostName, tuple[ContactName, ...]] = Field(default_factory=dict)
    """Who stands in here: post → contacts."""
    supplies: dict[SupplyName, Pieces] = Field(default_factory=dict)
    """What is in stock here: supply → pieces."""
    minimums: dict[SupplyName, Pieces] = Field(default_factory=dict)
    """What must be in stock here: supply → pieces."""


class Venue(Value):
    """A place that the plan covers."""

    id: Id
    title: Text
    type: VenueType | None = None
    address: Line | None = None
    time_zone: Line | None = None
    """An IANA name; Asia/Shanghai when left out."""
    zones: tuple[Zone, ...] = Field(min_length=1)
    junctions: tuple[Junction, ...] = ()
    assembly_areas: tuple[AssemblyArea, ...] = ()
    passages: tuple[Passage, ...] = ()
    routes: tuple[Route, ...] = ()
    refuges: tuple[Refuge, ...] = ()
    signs: tuple[Sign, ...] = ()
    cordons: tuple[Cordon, ...] = ()
    traffic_points: tuple[TrafficPoint, ...] = ()
    egress: EgressRules | None = None
    """The defaults when left out."""
    overrides: Overrides | None = None
