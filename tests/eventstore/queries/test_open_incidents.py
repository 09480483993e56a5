"""What is open is known from the log alone, whatever its views do."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from domain.incident.warning import ReportAlarm, VerifyAlarm
from domain.values import Mode, Phase
from eventstore.log.log import Log
from eventstore.queries.open_incidents import READ, OpenIncidents
from eventstore.queries.reconciliations import Comparison, Reconciliations
from tests.conftest import execute
from tests.workflows.case import ALARM, Case

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.conftest import Database

FALSE = VerifyAlarm(genuine=False)
ENDS = {"IncidentClosed", "IncidentStoodDown"}


@pytest.fixture
async def case(database: Database) -> AsyncIterator[Case]:
    log = await Log.open(database.dsn)
    made = Case(log)
    await made.publish()
    yield made
    await log.close()


async def test_an_incident_is_open_from_its_first_event_until_it_ends(case: Case) -> None:
    over, goes_on = str(uuid4()), str(uuid4())
    spans = OpenIncidents(case.log)
    await spans.refresh()
    assert not spans.open
    await case.ask(over, ALARM)
    await spans.refresh()
    assert (spans.open, spans.just_opened, spans.lately_ended) == ({over}, {over}, [])
    await case.ask(goes_on, ALARM)
    await case.ask(over, FALSE)
    await spans.refresh()
    assert (spans.open, spans.just_opened, spans.lately_ended) == ({goes_on}, {goes_on}, [over])
    await spans.refresh()
    assert (spans.open, spans.just_opened) == ({goes_on}, set())
    assert (await case.incidents.known(over)).state.phase is Phase.STOOD_DOWN


async def test_who_looks_first_finds_nothing_that_has_just_opened(case: Case) -> None:
    incident = str(uuid4())
    await case.ask(incident, ALARM)
    spans = OpenIncidents(case.log)
    await spans.refresh()
    assert (spans.open, spans.just_opened) == ({incident}, set())


async def test_incidents_on_which_lives_hang_come_before_exercises(case: Case) -> None:
    drill = ReportAlarm(**ALARM.model_dump() | {"mode": Mode.EXERCISE})
    drills, live = [str(uuid4()) for _ in range(5)], str(uuid4())
    for incident in drills:
        await case.ask(incident, drill)
    await case.ask(live, ALARM)
    spans = OpenIncidents(case.log)
    await spans.refresh()
    assert spans.live_first()[0] == live
    assert set(spans.live_first()[1:]) == set(drills)


async def test_which_were_exercises_is_known_until_they_ended_long_ago(
    case: Case, database: Database
) -> None:
    drill = ReportAlarm(**ALARM.model_dump() | {"mode": Mode.EXERCISE})
    long_over, over = str(uuid4()), str(uuid4())
    for incident in (long_over, over):
        await case.ask(incident, drill)
        await case.ask(incident, FALSE)
    of_it = f"WHERE stream = 'incident/{long_over}'"
    await execute(
        database.owner_dsn,
        "ALTER TABLE muster.event DISABLE TRIGGER never_changed",
        f"UPDATE muster.event SET recorded_at = now() - interval '13 hours' {of_it}",  # noqa: S608 - an id of our own
    )
    spans = OpenIncidents(case.log)
    await spans.refresh()
    assert (spans.open, spans.lately_ended, spans.exercises) == (set(), [over], {over})


async def test_it_knows_at_which_version_an_incident_is(case: Case) -> None:
    incident = str(uuid4())
    opened = await case.ask(incident, ALARM)
    found = await OpenIncidents(case.log).versions([incident, str(uuid4())])
    assert found == {incident: opened.version}


async def test_a_log_that_came_back_shorter_is_read_anew(case: Case, database: Database) -> None:
    kept, lost = str(uuid4()), str(uuid4())
    await case.ask(kept, ALARM)
    head = await case.log.head()
    await case.ask(lost, ALARM)
    spans = OpenIncidents(case.log)
    await spans.refresh()
    await execute(
        database.owner_dsn,
        "ALTER TABLE muster.event DISABLE TRIGGER never_changed",
        f"DELETE FROM muster.event WHERE position > {head}",  # noqa: S608 - a number
    )
    await spans.refresh()
    assert spans.open == {kept}


async def test_what_ends_an_incident_stands_in_the_question_and_in_the_index() -> None:
    schema = files("eventstore.schema").joinpath("0011_lifespans.sql").read_text(encoding="utf-8")
    for text in (READ, schema):
        assert set(re.findall(r"'(Incident\w+)'", text)) == ENDS


async def test_the_question_reads_no_more_of_the_log_than_the_answer(case: Case) -> None:
    await case.ask(str(uuid4()), ALARM)
    plan = await case.log.fetch(f"EXPLAIN {READ}", 0, "incident", 1)
    assert "event_lifespan" in " ".join(row[0] for row in plan)


async def test_the_latest_comparison_is_kept_with_its_age(case: Case, database: Database) -> None:
    kept = Reconciliations(case.log)
    assert await kept.latest() is None
    await kept.keep(Comparison(3, 2, {"missing": 1}))
    await kept.keep(Comparison(3, 3, {}))
    latest = await kept.latest()
    assert latest is not None
    assert latest.is_well
    assert str(latest) == "3 of 3 open incidents have a running workflow, compared 0 s ago"
    an_hour_ago = "UPDATE muster.reconciliation SET compared_at = now() - interval '1 hour'"
    await execute(database.owner_dsn, an_hour_ago)
    latest = await kept.latest()
    assert latest is not None
    assert (latest.is_stale, latest.is_well) == (True, False)
