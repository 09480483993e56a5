"""How the plan is kept alive: drills, training, reviews."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from domain.plan.model.quantities import Day, Span
from domain.values import HazardKind, Id, Text, Value


class DrillKind(StrEnum):
    """How much of it is real."""

    TABLETOP = "tabletop"
    FUNCTIONAL = "functional"
    FULL = "full"


class DrillRule(Value):
    """A drill that is due again and again."""

    id: Id
    title: Text
    kind: DrillKind
    every: Span = timedelta(days=182)
    """Half a year (Decree 708, art. 8: malls, hotels, entertainment, scenic areas, urban rail)."""
    hazards: tuple[HazardKind, ...] = ()
    """What is practised; any when empty."""
    held_on: Day | None = None
    """The last one."""


class TrainingAudience(StrEnum):
    """Who learns."""

    STAFF = "staff"
    POSTS = "posts"
    CUSTOMERS = "customers"
    TENANTS = "tenants"


class TrainingRule(Value):
    """A training that is due again and again."""

    id: Id
    title: Text
    audience: TrainingAudience
    every: Span
    held_on: Day | None = None


class Review(Value):
    """When the plan is looked at again, whatever happens."""

    every: Span
    next_on: Day
    """Lots, contacts and inspections must last until then."""
