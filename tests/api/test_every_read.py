"""Whatever the service reads of an incident it reads of every history, on the log itself."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import pytest
from muster.v1.audit_service_pb2 import (
    TIME_AXIS_TRUE,
    DiffRequest,
    Moment,
    ReadEventsRequest,
    StateAtRequest,
)
from muster.v1.incident_service_pb2 import GetIncidentRequest, WatchIncidentsRequest

from domain.decider import Versioned, encode
from domain.incident.decider import INCIDENTS
from domain.incident.evolution.field_diff import differences
from eventstore.log.events import Appended, NewEvent
from eventstore.log.log import Log
from services.api.messages import from_domain
from tests.api.conftest import running, settings_of
from tests.conftest import Database, execute
from tests.domain.incident import histories
from tests.domain.incident.histories import BEGUN, states

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from muster.v1.incident_pb2 import Incident

    from services.client.client import Client
    from tests.postgres import Cluster

HISTORIES = {
    name: [fact for fact in facts if fact.kind != "ExportRecorded"]
    for name, facts in histories.HISTORIES.items()
    if not name.startswith("ExportRecorded")
}
"""Without what only an export itself may append, which changes nothing of an incident."""
KNOWN = {name: states(facts) for name, facts in HISTORIES.items()}

every_history = pytest.mark.parametrize("name", sorted(HISTORIES))


@dataclass
class Archive:
    """A service whose log holds every history, and who reads it."""

    auditor: Client
    positions: dict[str, int]
    """Where each history ends in the log."""

    def shown(self, name: str, version: int) -> Incident:
        """Return what should be shown of a history at a version."""
        last = len(HISTORIES[name])
        position = self.positions[name] - last + version
        return from_domain.incident(key(name), Versioned(KNOWN[name][version], version, position))


def key(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, name))


@pytest.fixture(scope="module")
async def archive(
    postgres: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Archive]:
    """Append every history to one log, and serve it."""
    database = Database(postgres, f"test_{uuid4().hex}")
    await execute(postgres.dsn(), f"CREATE DATABASE {database.name} TEMPLATE {template}")
    log, positions = await Log.open(database.dsn), {}
    for name, facts in HISTORIES.items():
        told = [
            NewEvent(uuid4(), fact.kind, fact.schema_version, BEGUN, encode(fact), '{"actor":"a"}')
            for fact in facts
        ]
        done = await log.append(INCIDENTS.stream(key(name)), 0, told)
        assert isinstance(done, Appended), done
        positions[name] = done.position
    await log.close()
    async with running(settings_of(database, tmp_path_factory.mktemp("archive"))) as service:
        yield Archive(await service.client("auditor"), positions)
    await execute(postgres.dsn(), f"DROP DATABASE {database.name} WITH (FORCE)")


@every_history
async def test_it_is_shown_as_it_was_after_some_events(archive: Archive, name: str) -> None:
    last = len(HISTORIES[name])
    for version in (1, last // 2, last - 1, last):
        request = StateAtRequest(incident_id=key(name), version=version)
        assert await archive.auditor.audit.StateAt(request) == archive.shown(name, version)


@every_history
async def test_it_is_shown_as_it_is(archive: Archive, name: str) -> None:
    now = archive.shown(name, len(HISTORIES[name]))
    assert (
        await archive.auditor.incidents.GetIncident(GetIncidentRequest(incident_id=key(name)))
        == now
    )
    watch = WatchIncidentsRequest(incident_id=key(name), include_snapshot=True)
    watching = archive.auditor.incidents.WatchIncidents(watch)
    assert (await anext(aiter(watching))).snapshot == now
    watching.cancel()


@every_history
async def test_what_is_true_of_it_is_what_was_told_in_order(archive: Archive, name: str) -> None:
    request = StateAtRequest(incident_id=key(name), axis=TIME_AXIS_TRUE)
    request.instant.FromDatetime(BEGUN)
    assert await archive.auditor.audit.StateAt(request) == archive.shown(name, len(HISTORIES[name]))


@every_history
async def test_what_changed_is_said_from_the_beginning_and_at_the_end(
    archive: Archive, name: str
) -> None:
    known, last = KNOWN[name], len(HISTORIES[name])
    for first in (0, last // 2, last - 1):
        expected = {path[0] for path, _, _ in differences((), known[first], known[last])}
        moments: dict[str, Any] = {"from": Moment(version=first), "to": Moment(version=last)}
        request = DiffRequest(incident_id=key(name), **moments)
        found = [one async for step in archive.auditor.audit.Diff(request) for one in step.changes]
        assert {one.path.split("/")[1] for one in found} == expected


@every_history
async def test_all_its_events_are_read(archive: Archive, name: str) -> None:
    request = ReadEventsRequest(incident_id=key(name))
    steps = [step async for step in archive.auditor.audit.ReadEvents(request)]
    told = [event for step in steps for event in step.events]
    assert [event.type for event in told] == [fact.kind for fact in HISTORIES[name]]
    assert all(before.position < after.position for before, after in pairwise(told))
