"""Who had access to a case is listed from the log; what it could not take is not forgotten."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from muster.v1 import audit_service_pb2 as audit
from muster.v1 import incident_commands_pb2, privacy_service_pb2

from eventstore.integrity.chain_verifier import Divergence, Doubt
from eventstore.log.log import Log
from eventstore.notary.close_gate import close_gate
from eventstore.postgres.connection import LOG_SETTINGS, connected
from services.client.client import context
from services.runtime.settings.settings import Notary as NotarySettings
from services.runtime.settings.settings import Privacy
from tests.api.conftest import Service, opened, publish, running, settings_of
from tests.api.errors import refused
from tests.api.test_case_reads import WHY, events, readings, said, state
from tests.eventstore.notarising import PATIENCE_S, acknowledge, notarising, signed_up_to

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from services.client.client import Client
    from tests.conftest import Database

MOST = 4
CHANGED = Divergence(1, "plan/general-venue", 1, Doubt.CONTENT, "what was signed", "another text")
CONFIRMED = "the disk was replaced"


@pytest.fixture
async def service(database: Database, tmp_path: Path, kept: Path) -> AsyncIterator[Service]:
    settings = settings_of(database, tmp_path)
    chosen = {"privacy": Privacy(readings_max=MOST), "notary": NotarySettings(folder=kept)}
    async with running(settings.model_copy(update=chosen)) as service:
        await publish(service)
        yield service


@pytest.fixture
async def log(database: Database) -> AsyncIterator[Log]:
    found = await Log.open(database.dsn)
    yield found
    await found.close()


@pytest.fixture
async def auditor(service: Service) -> Client:
    return await service.client("auditor")


@pytest.fixture
async def incident(service: Service) -> str:
    return (await opened(service)).incident_id


async def listed(client: Client, incident: str, **asked: Any) -> audit.ListCaseAccessesResponse:
    request = audit.ListCaseAccessesRequest(incident_id=incident, **asked)
    return await client.audit.ListCaseAccesses(request)


async def accesses(client: Client, incident: str) -> list[tuple[str, str, str]]:
    """Return what was accessed of a case, by whom and why."""
    found = (await listed(client, incident)).accesses
    return [(audit.AccessKind.Name(one.kind)[12:].lower(), one.actor, one.reason) for one in found]


async def closed_gate(dsn: str) -> str:
    """Have the log take nothing; return for which divergence."""
    async with connected(dsn, LOG_SETTINGS) as connection:
        return (await close_gate(connection, CHANGED, None)).divergence


async def disclosed(client: Client, incident: str) -> None:
    await client.incidents.RecordPerson(
        incident_commands_pb2.RecordPersonRequest(
            context=context(),
            incident_id=incident,
            person="casualty-1",
            concern=incident_commands_pb2.PERSON_CONCERN_CASUALTY,
            name="Wang Xiaoming",
        )
    )
    await client.privacy.DisclosePersonalData(
        privacy_service_pb2.DisclosePersonalDataRequest(
            context=context(reason="the hospital asks"),
            incident_id=incident,
            person="casualty-1",
        )
    )


async def test_readings_exports_and_disclosures_of_a_case_are_one_list(
    incident: str, auditor: Client, service: Service, database: Database, kept: Path
) -> None:
    operator = await service.client("operator")
    other = (await opened(service)).incident_id
    await disclosed(operator, incident)
    await events(auditor, incident_id=incident, reason=WHY)
    async with notarising(database.dsn, kept):
        await signed_up_to(kept, 1)
        request = audit.ExportCaseRequest(context=context(reason=WHY), incident_id=incident)
        assert [step async for step in auditor.audit.ExportCase(request)]
    await events(await service.client("planner"), reason="the yearly review")
    await state(auditor, other)
    assert await accesses(auditor, incident) == [
        ("disclosure", "operator", "the hospital asks"),
        ("events", "auditor", WHY),
        ("export", "auditor", WHY),
        ("events", "planner", "the yearly review"),
    ]
    disclosure, read, export, whole = (await listed(auditor, incident)).accesses
    assert (disclosure.person, disclosure.HasField("until")) == ("casualty-1", False)
    assert (read.stream, read.until.seconds - read.at.seconds) == (f"reading/{incident}", 3_600)
    assert export.stream.startswith("export/")
    assert (whole.stream, whole.whole_log) == ("reading/log", True)
    assert await accesses(auditor, other) == [
        ("events", "planner", "the yearly review"),
        ("state", "auditor", ""),
    ]


async def test_who_listed_the_accesses_has_read_nothing_of_the_case(
    incident: str, auditor: Client, log: Log
) -> None:
    assert await accesses(auditor, incident) == []
    assert await readings(log) == []


async def test_a_list_goes_on_where_it_ended(incident: str, auditor: Client) -> None:
    for number in range(3):
        await events(auditor, incident_id=incident, reason=f"file {number}")
    first = await listed(auditor, incident, page_size=2)
    rest = await listed(auditor, incident, page_size=2, after=first.next_after)
    shown = [one.reason for page in (first, rest) for one in page.accesses]
    assert (shown, rest.next_after) == (["file 0", "file 1", "file 2"], 0)


async def test_who_read_the_log_after_a_case_ended_has_not_read_the_case(
    incident: str, auditor: Client, service: Service, log: Log
) -> None:
    later = await opened(service)
    await events(auditor, after=later.position - later.version)
    assert await accesses(auditor, incident) == []
    assert await accesses(auditor, later.incident_id) == [("events", "auditor", "")]
    assert await said(log) == [("reading/log", "events", "auditor", None)]


async def test_who_read_the_log_before_a_case_began_and_may_read_on_is_in_its_trail(
    auditor: Client, service: Service
) -> None:
    await events(auditor)
    later = (await opened(service)).incident_id
    assert await accesses(auditor, later) == [("events", "auditor", "")]


async def test_who_sees_other_venues_only_has_neither_read_nor_listed_it(
    incident: str, auditor: Client, service: Service
) -> None:
    elsewhere, here = await service.client("elsewhere"), await service.client("here")
    await events(elsewhere)
    async with refused() as told:
        await listed(elsewhere, incident)
    assert told.reason == "VENUE_NOT_PERMITTED"
    await events(here)
    assert await accesses(here, incident) == [("events", "here", "")]
    assert await accesses(auditor, incident) == [("events", "here", "")]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"incident_id": "0b8e4f3c-3f0e-4f5e-9f52-6a7d1c2b3a40"}, "INCIDENT_UNKNOWN"),
        ({"incident_id": "no uuid"}, "FIELD_INVALID"),
        ({"after": -1}, "FIELD_INVALID"),
        ({"page_size": 501}, "FIELD_INVALID"),
    ],
)
async def test_what_can_t_be_listed_is_refused(
    asked: dict[str, Any], reason: str, incident: str, auditor: Client
) -> None:
    async with refused() as told:
        await auditor.audit.ListCaseAccesses(
            audit.ListCaseAccessesRequest(**({"incident_id": incident} | asked))
        )
    assert told.reason == reason


async def test_a_log_that_diverged_is_read_and_who_did_is_appended_once_it_goes_on(
    incident: str, auditor: Client, service: Service, database: Database, log: Log
) -> None:
    divergence = await closed_gate(database.dsn)
    shown = await events(auditor, incident_id=incident, reason=WHY)
    await events(auditor, incident_id=incident, reason=WHY)
    await events(await service.client("planner"), reason="the yearly review")
    assert [one.version for one in shown] == [1, 2]
    owed = (await listed(auditor, incident)).accesses
    assert [(one.position, one.actor, one.reason) for one in owed] == [
        (0, "auditor", WHY),
        (0, "planner", "the yearly review"),
    ]
    async with running(service.settings):  # a process that did not see it appends it, too
        await acknowledge(database.dsn, divergence, CONFIRMED)
        found = await until_appended(auditor, incident, 2)
    assert len(await readings(log)) == 2
    assert [(one.actor, one.reason) for one in found] == [
        ("auditor", WHY),
        ("planner", "the yearly review"),
    ]
    assert [one.at.seconds for one in found] == [one.at.seconds for one in owed]


async def test_what_is_recorded_already_is_read_on_also_while_the_log_takes_nothing(
    incident: str, auditor: Client, database: Database
) -> None:
    await events(auditor, incident_id=incident, reason=WHY)
    await closed_gate(database.dsn)
    await events(auditor, incident_id=incident, reason=WHY)
    assert len((await listed(auditor, incident)).accesses) == 1


async def test_while_the_log_takes_nothing_one_reader_gives_no_endless_reasons_either(
    incident: str, auditor: Client, database: Database
) -> None:
    await closed_gate(database.dsn)
    for number in range(MOST):
        await events(auditor, incident_id=incident, reason=f"file {number}")
    async with refused() as told:
        await events(auditor, incident_id=incident, reason="one more")
    assert told.reason == "LOG_DIVERGED"
    assert len((await listed(auditor, incident)).accesses) == MOST


async def until_appended(client: Client, incident: str, count: int) -> list[audit.CaseAccess]:
    """Wait until all that is owed is in the log."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = list((await listed(client, incident)).accesses)
            if len(found) == count and all(one.position for one in found):
                return found
            await asyncio.sleep(0.05)
