"""Since when an incident owes its oldest work: deliveries, dispatches, returns, the evaluation.

What is owed, the state says; since when, only the events that ordered it.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import NamedTuple

from domain.decider import Versioned
from domain.incident.obligations.obligations import WorkKind
from domain.incident.state.incident import Incident, RequestStatus, UnitStatus
from domain.lru import LruCache
from domain.values import Phase
from eventstore.log.events import StoredEvent
from eventstore.postgres.connection import Lent
from projections.stateful import FOLDS_MAX

ORDERS: dict[str, tuple[WorkKind, str | None]] = {
    "NotificationOrdered": (WorkKind.NOTIFY, "notification"),
    "ResourceRequested": (WorkKind.DISPATCH, "request"),
    "UnitReleased": (WorkKind.RETURN, "unit"),
    "ResponseTerminated": (WorkKind.EVALUATE, None),
}
"""The facts that order work: its kind, and which field names it."""

PAST = """
    SELECT type, recorded_at, data FROM muster.event
    WHERE stream = $1 AND version <= $2 AND type = ANY ($3) ORDER BY version"""


class Order(NamedTuple):
    """Work that was ordered, and when that was recorded."""

    work: str
    """`<kind>/<subject>`."""
    at: datetime


class Orders:
    """The orders of each incident as far as a view has come, the oldest first."""

    def __init__(self) -> None:
        self._of: LruCache[str, dict[str, datetime]] = LruCache(FOLDS_MAX)

    async def take(self, connection: Lent, event: StoredEvent, version: int) -> None:
        """Take the next event of an incident into account."""
        orders = self._of.get(event.stream)
        if orders is None:
            past = [] if version == 1 else await _past(connection, event.stream, version - 1)
            orders = self._of[event.stream] = {one.work: one.at for one in past}
        if order := _order(event.type, event.recorded_at, event.data):
            orders.pop(order.work, None)  # ordered anew: a unit released twice
            orders[order.work] = order.at

    def oldest(self, stream: str, known: Versioned[Incident]) -> Order | None:
        """Return the oldest order that is still owed, and forget those before it."""
        orders = self._of.get(stream) or {}
        while orders:
            work = next(iter(orders))
            if is_owed(known.state, work):
                return Order(work, orders[work])
            del orders[work]
        return None


def is_owed(incident: Incident, key: str) -> bool:
    """Tell whether a piece of work, by its key, is still owed; nothing is once a case is over."""
    kind, _, subject = key.partition("/")
    if incident.phase is None or incident.phase.is_over:
        return False
    match WorkKind(kind):
        case WorkKind.NOTIFY:
            return subject in incident.notifications
        case WorkKind.DISPATCH:
            request = incident.requests.get(subject)
            is_open = request is not None and request.status is RequestStatus.OPEN
            return is_open and incident.phase is Phase.RESPONSE
        case WorkKind.RETURN:
            sent = incident.units.get(subject)
            return sent is not None and sent.status is UnitStatus.RELEASED
        case WorkKind.EVALUATE:
            return incident.phase is Phase.AFTERMATH and not incident.evaluated


async def _past(connection: Lent, stream: str, version: int) -> list[Order]:
    rows = await connection.fetch(PAST, stream, version, list(ORDERS))
    return [order for row in rows if (order := _order(*row))]


def _order(kind: str, at: datetime, data: str) -> Order | None:
    if kind not in ORDERS:
        return None
    work, field = ORDERS[kind]
    return Order(f"{work}/{json.loads(data)[field] if field else 'case'}", at)
