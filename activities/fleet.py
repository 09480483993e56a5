"""Which units there are for a request: the port that a dispatcher asks.

An answer is a proposal only: the append of the reservation to the unit's own stream decides whether
the unit is available. No unit that could be dispatched may be missing from an answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from domain.resource.unit import Reservation


class Sought(NamedTuple):
    """What a unit is needed for."""

    resource_kind: str
    venue: str
    x: float
    """Of the zone, in metres east of the venue's origin."""
    y: float
    """Metres north of it."""


class Fleet(Protocol):
    """The units as the log has them when it is asked. Raises LogUnavailable."""

    async def nearest(self, sought: Sought, besides: Collection[str]) -> Sequence[str]:
        """Return available units that fit, the nearest first (straight line), without some.

        Not all that there are; but at least one if there is one.
        """
        ...

    async def kept_for(self, reservation: Reservation) -> Collection[str]:
        """Return the units that are reserved for a request."""
        ...

    async def reservations(self, sought: Sought) -> Collection[Reservation]:
        """Return whom the units are reserved for that would fit and are in service."""
        ...
