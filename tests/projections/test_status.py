"""Whoever looks at the views is told how they are, and may have one made anew."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest

from projections import status
from projections.queries.lists import ViewReader
from projections.status import NobodyMakes, Overseen, ProjectionStatus
from tests.eventstore.samples import events
from tests.projections.test_rebuild import PATIENCE_S, Hand, asked, following, log, reader, rows

if TYPE_CHECKING:
    from eventstore.log.log import Log
    from tests.conftest import Database

__all__ = ["log", "reader"]


async def told_of_all(overseer: ProjectionStatus) -> list[Overseen]:
    async with aclosing(overseer.rebuild("seen")) as steps:
        return [seen async for seen in steps]


async def test_a_view_tells_how_far_it_is_and_who_keeps_it(
    database: Database, log: Log, reader: ViewReader
) -> None:
    hand = Hand()
    await log.append("door/a", 0, events(3))
    overseer = await ProjectionStatus.open(database.dsn, [hand.view])
    assert list(await overseer.look()) == []
    async with following(database, hand):
        await reader.wait_for("seen", 3, PATIENCE_S)
        (seen,) = await overseer.look()
        assert (seen.position, seen.head, seen.lag, seen.state) == (3, 3, 0, "live")
        assert seen.writer is not None
    (left,) = await overseer.look()
    assert (left.state, left.writer) == ("unkept", None)
    await overseer.close()


async def test_a_view_that_stopped_tells_why(database: Database, log: Log) -> None:
    hand = Hand(refuses=2)
    await log.append("door/a", 0, events(1))
    await log.append("door/a", 1, events(1))
    overseer = await ProjectionStatus.open(database.dsn, [hand.view])
    async with following(database, hand) as (follower,):
        while not follower.stopped:
            await log.append("door/b", await log.version_at("door/b", 2**40), events(1))
        while (await overseer.look())[0].stopped is None:
            await asyncio.sleep(0.02)
        (seen,) = await overseer.look()
    assert seen.state == "stopped"
    assert "position 2 is refused" in str(seen.stopped)
    await overseer.close()


async def test_a_view_is_made_anew_for_who_asks_from_outside(
    database: Database, log: Log, reader: ViewReader
) -> None:
    hand = Hand()
    await log.append("door/a", 0, events(3))
    overseer = await ProjectionStatus.open(database.dsn, [hand.view])
    async with following(database, hand):
        await reader.wait_for("seen", 3, PATIENCE_S)
        await asked(database, "DELETE FROM muster_view.seen WHERE position = 2")
        told = await told_of_all(overseer)
    assert (told[-1].making, told[-1].position) == (None, 3)
    assert await rows(database) == [(1, 1), (2, 1), (3, 1)]
    await overseer.close()


async def test_who_asks_while_no_follower_runs_is_told_so(
    database: Database, log: Log, reader: ViewReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "KEEPERLESS_S", 0.3)
    hand = Hand()
    await log.append("door/a", 0, events(3))
    async with following(database, hand):
        await reader.wait_for("seen", 3, PATIENCE_S)
    overseer = await ProjectionStatus.open(database.dsn, [hand.view])
    with pytest.raises(NobodyMakes):
        await told_of_all(overseer)
    (seen,) = await overseer.look()
    assert (seen.making, seen.state) == (0, "rebuilding")
    await overseer.close()
