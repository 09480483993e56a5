"""With what: kinds of unit, units, supplies with their lots."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field, StrictInt

from domain.plan.model.quantities import Day, Numeral, Pieces, Span
from domain.plan.model.references import KindName, PostName, VenueName
from domain.values import Id, Line, ResponseLevel, Text, Value


class ResourceKind(Value):
    """A kind of unit that can be sent."""

    id: Id
    title: Text


class ResourceNeed(Value):
    """Units that are asked for when the response is activated."""

    kind: KindName
    quantity: StrictInt = Field(default=1, ge=1, le=100)
    levels: tuple[Numeral, ...] = tuple(ResponseLevel)
    arrive_within: Span = timedelta(minutes=10)
    """Ten minutes for a unit from outside the house (Muster's own figure; no law gives one)."""


class PlannedUnit(Value):
    """A unit that the plan counts on; it is registered, and found, by the same id."""

    id: Id
    title: Text
    kind: KindName
    venue: VenueName | None = None
    """Where it is stationed; outside when left out."""
    arrives_within: Span | None = None
    """How long it takes to the venue, as agreed with whoever sends it."""
    agreement: Line | None = None
    """What obliges somebody else's unit to come."""


class Lot(Value):
    """A part of a supply that was bought together."""

    id: Id
    quantity: Pieces
    expires_on: Day | None = None


class Supply(Value):
    """An item of the plan's list of supplies."""

    id: Id
    title: Text
    quantity: StrictInt = Field(ge=0)
    minimum: StrictInt = Field(ge=0)
    unit: Text
    location: Text
    custodian: PostName
    """A post."""
    demand: dict[Numeral, Pieces] = Field(default_factory=dict)
    """What a response at a level takes of it, beside what its tasks take."""
    lots: tuple[Lot, ...] = ()
    """Together the quantity, where it matters when they expire."""
    inspected_on: Day | None = None
    inspect_every: Span | None = None
