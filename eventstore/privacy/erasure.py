"""Erasing: carried out by whoever follows the log, and seen in what is read of it afterwards.

`PersonalDataErased` is the order. It names keys; destroying them twice is once, so the service does
it before it answers, and the follower does it again: whatever is killed when, it is done. A key's
share outside of the database goes first, then what it wraps.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from typing import TYPE_CHECKING, NamedTuple, Self
from uuid import UUID

import structlog

from eventstore.postgres.connection import Lent, Pool, close_pool, connect_pool, pauses
from eventstore.postgres.errors import FollowerTooSlow, LogUnavailable, is_transient
from eventstore.postgres.retry import with_retry
from eventstore.privacy.key_shares import KeyShares
from eventstore.privacy.sealed import SEALED, VaultBroken
from eventstore.privacy.vault import DESTROY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from eventstore.log.events import StoredEvent
    from eventstore.log.log import Log

ERASED = "PersonalDataErased"
"""The kind of fact that orders keys to be destroyed."""

LEFT_BEHIND_EVENTS = 1_000
"""How many events without an order are read again after a restart, at most."""

OBEYED = "SELECT position FROM muster_vault.obeyed"
OBEY = "UPDATE muster_vault.obeyed SET position = $1 WHERE position < $1"
FORGET_STATES = "DELETE FROM muster.snapshot WHERE stream = ANY ($1)"
"""What was remembered of a stream before still holds what was sealed; it is made again."""

log_line = structlog.get_logger()

BEGIN_ANEW = "UPDATE muster_vault.obeyed SET position = 0"


class Tombstone(NamedTuple):
    """What stands where somebody's data stood."""

    event: StoredEvent
    """The order."""
    person: str
    basis: str


class Eraser:
    """Destroys the keys that the log says are to be destroyed."""

    def __init__(self, pool: Pool, log: Log, shares: KeyShares) -> None:
        self._pool = pool
        self._log = log
        self._shares = shares

    @classmethod
    async def open(cls, dsn: str, log: Log, shares_folder: Path | None = None) -> Self:
        """Connect."""
        pool = await connect_pool(dsn, size=1)
        return cls(pool, log, KeyShares(pool, shares_folder))

    async def close(self) -> None:
        """Disconnect."""
        await close_pool(self._pool)

    async def run(self) -> None:
        """Follow the log, endlessly. Orders wait while their shares can't be destroyed."""
        wait = pauses()
        while True:
            try:
                await self._shares.check()
                await self._shares.destroy_again()
                await self._follow(await self._begun())
            except FollowerTooSlow:
                wait = pauses()
            except VaultBroken as broken:
                log_line.exception("orders to erase wait", reason=str(broken))
                await asyncio.sleep(next(wait))
            except Exception as error:
                if not (isinstance(error, LogUnavailable) or is_transient(error)):
                    raise
                await asyncio.sleep(next(wait))

    async def _begun(self) -> int:
        """Return up to where orders were carried out; from the start for a log that is shorter."""
        position = int(await with_retry(self._pool, lambda lent: lent.fetchval(OBEYED)))
        if position <= await self._log.head():
            return position
        await with_retry(self._pool, lambda lent: lent.execute(BEGIN_ANEW))
        return 0

    async def _follow(self, position: int) -> None:
        kept = position
        async with aclosing(self._log.follow(position)) as pages:
            async for page in pages:
                orders = [event for event in page if event.type == ERASED]
                last = page[-1].position
                if orders or last - kept >= LEFT_BEHIND_EVENTS:
                    await self._obey(orders, last)
                    kept = last

    async def _obey(self, orders: Sequence[StoredEvent], position: int) -> None:
        keys, streams = keys_of(orders), {order.stream for order in orders}

        async def work(lent: Lent) -> None:
            await self._shares.destroy_of(lent, keys)
            async with lent.transaction():
                await lent.execute(DESTROY, keys)
                await lent.execute(FORGET_STATES, streams)
                await lent.execute(OBEY, position)
            await self._shares.destroy_of(lent, keys)

        await with_retry(self._pool, work)


def keys_of(events: Iterable[StoredEvent]) -> list[UUID]:
    """Return the keys that events order to be destroyed."""
    orders = (json.loads(event.data) for event in events if event.type == ERASED)
    return [UUID(key) for order in orders for key in order["keys"]]


def tombstones(events: Iterable[StoredEvent]) -> Mapping[str, Tombstone]:
    """Return what became of keys, by their ids, as far as these events tell."""
    found: dict[str, Tombstone] = {}
    for event in events:
        if event.type == ERASED:
            found |= dict.fromkeys(json.loads(event.data)["keys"], tombstone_of(event))
    return found


def tombstone_of(event: StoredEvent) -> Tombstone:
    """Return what an order to erase says."""
    order = json.loads(event.data)
    return Tombstone(event, order["person"], order["basis"])


def erased_in(event: StoredEvent, stones: Mapping[str, Tombstone]) -> Tombstone | None:
    """Return which order to erase names the key of something sealed in an event, if one does."""
    if not stones or event.type == ERASED:
        return None
    keys = (found["key"] for found in SEALED.finditer(event.data))
    return next((stones[key] for key in keys if key in stones), None)
