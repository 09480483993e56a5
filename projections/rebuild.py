"""Makes a view anew beside the one that is read, and then puts it in its place."""

from __future__ import annotations

from contextlib import suppress

import asyncpg

from eventstore.log.log import Log
from eventstore.postgres.connection import Lent, Pool
from projections.view import Apply, Rewound, View

PAGE_EVENTS = 2_000
"""Events taken in by one transaction; fewer than that are left to the moment of the exchange."""

EXCHANGE_WAITS_MAX = "1s"
"""For whoever reads the old table at length: all others who read would wait behind it."""

HOLD_LIVE = "SELECT position FROM muster_view.checkpoint WHERE view = $1 FOR UPDATE"
BEGIN = """
    INSERT INTO muster_view.making (view, shape, position) VALUES ($1, $2, 0)
    ON CONFLICT (view) DO UPDATE SET shape = $2, position = 0, stopped = NULL"""
UNDER_WAY = "SELECT position, stopped FROM muster_view.making WHERE view = $1 AND shape = $2"
ASKED = "SELECT view, shape FROM muster_view.making WHERE stopped IS NULL"
HOLD = "SELECT position FROM muster_view.making WHERE view = $1 AND shape = $2 FOR UPDATE"
MOVE = "UPDATE muster_view.making SET position = $2 WHERE view = $1"
STOP = "UPDATE muster_view.making SET stopped = $3 WHERE view = $1 AND shape = $2"
END = "DELETE FROM muster_view.making WHERE view = $1"
IN_PLACE = """
    UPDATE muster_view.checkpoint SET shape = $2, position = $3, stopped = NULL WHERE view = $1"""
DURABLE = "SET LOCAL synchronous_commit = on"
"""What was asked for, and that it was done, outlasts a crash; the steps between are made again."""

ALONE = "SELECT pg_try_advisory_lock($1)"


async def begin(connection: Lent, view: View) -> None:
    """Ask for a view to be made anew, from the first event on; within a transaction."""
    await connection.execute(DURABLE)
    await connection.execute(BEGIN, view.name, view.shape)
    await connection.execute(f"DROP TABLE IF EXISTS {view.beside}")
    await connection.execute(view.table.format(table=view.beside))


async def leave(connection: Lent, view: View) -> None:
    """Give up what was begun by other rules; within a transaction."""
    await connection.execute(END, view.name)
    await connection.execute(f"DROP TABLE IF EXISTS {view.beside}")


async def rebuild(pool: Pool, log: Log, view: View) -> None:
    """Go on making a view until it is in its place, unless another process does.

    Raises Rewound when it was begun again meanwhile, and whatever applying an event raises.
    """
    async with pool.acquire() as connection:
        if not await connection.fetchval(ALONE, view.key("make")):
            return
        try:
            await _catch_up(connection, log, view)
        finally:
            end_session(connection)


def end_session(connection: Lent) -> None:
    """Give back the locks of a session by ending it, if it has not ended already."""
    with suppress(asyncpg.InterfaceError):  # or a cancellation would be lost on its way out
        connection.terminate()


async def _catch_up(connection: Lent, log: Log, view: View) -> None:
    position = await connection.fetchval(UNDER_WAY, view.name, view.shape)
    if position is None:
        return
    apply = view.begin(view.beside)
    while len(page := await log.read(position, limit=PAGE_EVENTS)) == PAGE_EVENTS:
        async with connection.transaction():
            await _hold(connection, view, position)
            await apply(connection, page)
            position = page[-1].position
            await connection.execute(MOVE, view.name, position)
    await _exchange(connection, log, view, apply, position)


async def _exchange(connection: Lent, log: Log, view: View, apply: Apply, position: int) -> None:
    """Come to where the live table is while it stands still, and replace it: both or neither."""
    async with connection.transaction():
        await connection.execute(f"SET LOCAL lock_timeout = '{EXCHANGE_WAITS_MAX}'")
        await connection.execute(DURABLE)
        live = int(await connection.fetchval(HOLD_LIVE, view.name))
        await _hold(connection, view, position)
        while position < live:
            page = await log.read(position, limit=min(PAGE_EVENTS, live - position))
            await apply(connection, page)
            position = page[-1].position
        await connection.execute(f"DROP TABLE IF EXISTS {view.live}")
        await connection.execute(f"ALTER TABLE {view.beside} RENAME TO {view.name}")
        await connection.execute(IN_PLACE, view.name, view.shape, position)
        await connection.execute(END, view.name)


async def _hold(connection: Lent, view: View, position: int) -> None:
    """Make sure that nobody began again, and that nobody does before this is committed."""
    if await connection.fetchval(HOLD, view.name, view.shape) != position:
        raise Rewound
