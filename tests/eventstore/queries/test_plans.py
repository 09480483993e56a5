from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from compiler.publication import judgement
from domain.incident.state.incident import NOTHING_YET
from domain.incident.warning import CancelWarning, ReportAlarm
from domain.plan.canonical import pinned
from domain.plan.lifecycle.publication import PUBLICATION
from domain.values import HazardKind
from eventstore.queries.plans import PlanLibrary
from eventstore.recorder.recorder import Recorder
from tests.domain.plan.plans import SMALL_PLAN, spoilt
from tests.domain.plan.publishing import bring_into_force
from tests.eventstore.samples import NOON

if TYPE_CHECKING:
    from domain.plan.model.plan import Plan
    from eventstore.log.log import Log

NEXT_PLAN = spoilt("/version", 2)
FIRST, SECOND = pinned(SMALL_PLAN), pinned(NEXT_PLAN)
ALARM = ReportAlarm(
    venue="shop", plan=SMALL_PLAN.id, hazard=HazardKind.FIRE, zone="hall", source="button"
)


async def publish(log: Log, plan: Plan) -> None:
    await bring_into_force(
        Recorder(log, PUBLICATION, clock=lambda: NOON, surroundings=judgement), plan
    )


@pytest.fixture
async def library(log: Log) -> PlanLibrary:
    await publish(log, SMALL_PLAN)
    return PlanLibrary(log)


async def test_the_plan_in_force_is_the_last_one_published(log: Log, library: PlanLibrary) -> None:
    assert await library.latest(SMALL_PLAN.id) == FIRST
    await publish(log, NEXT_PLAN)
    assert await library.latest(SMALL_PLAN.id) == SECOND


async def test_an_incident_keeps_the_plan_that_it_was_pinned_to(
    log: Log, library: PlanLibrary
) -> None:
    await publish(log, NEXT_PLAN)
    opened = NOTHING_YET._replace(plan=FIRST.ref)
    assert await library.surroundings(opened, ALARM) == FIRST
    assert await library.surroundings(NOTHING_YET, ALARM) == SECOND


async def test_a_plan_that_nobody_published_is_not_found(library: PlanLibrary) -> None:
    assert await library.latest("other-plan") is None
    assert await library.pinned(SECOND.ref) is None


async def test_what_cannot_open_an_incident_needs_no_plan(library: PlanLibrary) -> None:
    assert await library.surroundings(NOTHING_YET, CancelWarning(issuer="office")) is None
