"""Which units are proposed: as the log has them, wherever the view of units is."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from activities.fleet import Sought
from domain.decider import CommandEnvelope
from domain.resource.unit import (
    UNITS,
    PutOutOfService,
    RegisterUnit,
    ReleaseReservation,
    Reservation,
    ReserveUnit,
    ReturnToService,
)
from domain.values import HANDS, Text
from eventstore.log.log import Log
from eventstore.recorder.recorder import Receipt, Recorder
from projections.queries import fleet
from projections.queries.fleet import FleetView
from projections.queries.lists import ViewReader
from projections.runner import ProjectionRunner
from projections.views import units
from tests.conftest import Database, execute
from tests.eventstore.queries.test_wordings import indexes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from domain.resource.unit import Unit
    from domain.values import Command

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
PATIENCE_S = 10.0
FIRE = Reservation("i-1", "guards")
FLOOD = Reservation("i-2", "guards")
GUARDS = Sought("guard", "shop", 0.0, 0.0)
NOBODY = frozenset[str]()
MANY = fleet.NEAREST_MAX + 8
HOW_FAR = ("view comes along", "view stands still", "view is not there")


class Garage:
    """Units on a log, and a view of them."""

    def __init__(self, database: Database, log: Log, how_far: str) -> None:
        self.log = log
        self.fleet = FleetView(log)
        self.units: Recorder[Unit] = Recorder(log, UNITS, clock=lambda: NOON)
        self._database = database
        self._how_far = how_far

    async def ask(self, unit: str, command: Command) -> None:
        answer = await self.units.record(unit, CommandEnvelope(command, uuid4(), HANDS))
        assert isinstance(answer, Receipt), answer

    async def register(self, unit: str, x: float, *, kind: str = "guard", venue: str = "") -> None:
        title = Text(en=unit)
        command = RegisterUnit(
            unit=unit, title=title, resource_kind=kind, venue=venue or None, x=x, y=0.0
        )
        await self.ask(unit, command)

    async def seen(self) -> None:
        """Let the view come to the end of the log, once or, if it comes along, each time."""
        if self._how_far != "view is not there":
            await self._keep_up()
        if self._how_far == "view stands still":
            self._how_far = "view is not there"

    async def _keep_up(self) -> None:
        keeper = await ProjectionRunner.open(self._database.dsn, self.log, [units.VIEW], print)
        reader = await ViewReader.open(self._database.dsn)
        keeping = asyncio.create_task(keeper.run())
        await reader.wait_for("units", await self.log.head(), PATIENCE_S)
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await asyncio.gather(keeper.close(), reader.close())


@pytest.fixture(params=HOW_FAR)
async def garage(database: Database, request: pytest.FixtureRequest) -> AsyncIterator[Garage]:
    log = await Log.open(database.dsn)
    yield Garage(database, log, request.param)
    await log.close()


async def test_those_that_fit_are_proposed_the_nearest_first(garage: Garage) -> None:
    await garage.register("far", 900.0)
    await garage.register("near", -20.0, venue="shop")
    await garage.register("elsewhere", 1.0, venue="mall")
    await garage.register("ambulance", 2.0, kind="ambulance")
    await garage.register("broken", 3.0)
    await garage.register("mine", 4.0)
    await garage.ask("broken", PutOutOfService(cause="a flat tyre"))
    await garage.seen()
    assert await garage.fleet.nearest(GUARDS, {"mine"}) == ["near", "far"]
    assert await garage.fleet.nearest(GUARDS._replace(x=880.0), {"mine"}) == ["far", "near"]


async def test_what_happened_since_the_view_was_made_counts(garage: Garage) -> None:
    for number, unit in enumerate(("kept", "freed", "broken", "mended", "lent")):
        await garage.register(unit, float(number))
    await garage.ask("freed", ReserveUnit(**FIRE._asdict()))
    await garage.ask("lent", ReserveUnit(**FIRE._asdict()))
    await garage.ask("mended", PutOutOfService(cause="a flat tyre"))
    await garage.seen()
    await garage.ask("kept", ReserveUnit(**FIRE._asdict()))
    await garage.ask("freed", ReleaseReservation(**FIRE._asdict()))
    await garage.ask("lent", ReleaseReservation(**FIRE._asdict()))
    await garage.ask("lent", ReserveUnit(**FLOOD._asdict()))
    await garage.ask("broken", PutOutOfService(cause="a flat tyre"))
    await garage.ask("mended", ReturnToService())
    await garage.register("new", 2.5)
    await garage.seen()
    assert await garage.fleet.nearest(GUARDS, NOBODY) == ["freed", "new", "mended"]
    assert await garage.fleet.kept_for(FIRE) == ["kept"]
    assert await garage.fleet.kept_for(FLOOD) == ["lent"]
    assert await garage.fleet.reservations(GUARDS) == {FIRE, FLOOD}


async def test_whom_units_are_kept_for_that_would_fit(garage: Garage) -> None:
    await garage.register("guard", 1.0)
    await garage.register("elsewhere", 1.0, venue="mall")
    await garage.register("broken", 1.0)
    for unit, kept_for in (("guard", FIRE), ("elsewhere", FLOOD), ("broken", FLOOD)):
        await garage.ask(unit, ReserveUnit(**kept_for._asdict()))
    await garage.ask("broken", PutOutOfService(cause="a flat tyre"))
    await garage.seen()
    assert await garage.fleet.reservations(GUARDS) == {FIRE}
    assert await garage.fleet.reservations(GUARDS._replace(venue="mall")) == {FIRE, FLOOD}
    assert await garage.fleet.kept_for(FLOOD) == ["broken", "elsewhere"]


async def test_with_all_that_were_proposed_taken_the_next_are(garage: Garage) -> None:
    for number in range(MANY):
        await garage.register(f"unit-{number:02}", float(number))
    await garage.seen()
    first = await garage.fleet.nearest(GUARDS, NOBODY)
    rest = await garage.fleet.nearest(GUARDS, frozenset(first))
    assert [*first, *rest] == [f"unit-{number:02}" for number in range(MANY)]
    assert len(first) == fleet.NEAREST_MAX


async def test_where_a_distance_would_overflow_the_others_are_still_found(garage: Garage) -> None:
    await garage.register("beyond", 1.7e308)
    await garage.register("near", 5.0)
    await garage.seen()
    assert await garage.fleet.nearest(GUARDS, NOBODY) == ["near", "beyond"]
    assert await garage.fleet.nearest(GUARDS._replace(x=-1.7e308), NOBODY) == ["near", "beyond"]


async def test_neither_all_units_nor_the_log_are_read(database: Database) -> None:
    log = await Log.open(database.dsn)
    garage = Garage(database, log, "view comes along")
    await garage.seen()
    await execute(
        database.owner_dsn,
        "INSERT INTO muster_view.units SELECT 'unit-' || n, NULL, 'x', 'guard', NULL, n, n, NULL,"
        " 'available', NULL, NULL, NULL, 1 FROM generate_series(1, 10000) n",
        "ANALYZE muster_view.units",
    )
    near: tuple[object, ...] = ("guard", "shop", 0.0, 0.0, [])
    plan = await log.fetch(f"EXPLAIN (FORMAT JSON) {fleet.NEAREST}", *near)
    assert indexes(json.loads(plan[0][0])) >= {"event_unit", "units_point_idx"}
    kept = await log.fetch(f"EXPLAIN (FORMAT JSON) {fleet.KEPT_FOR}", *FIRE)
    assert "units_incident_id_request_idx" in indexes(json.loads(kept[0][0]))
    await log.close()
