"""What is known of people is shown only once it is in the log who is shown it, and why."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from muster.v1 import incident_commands_pb2, privacy_service_pb2

from eventstore.log.log import Log
from services.api.privacy import disclosure
from services.client.client import context
from services.runtime.settings.settings import Privacy
from tests.api.conftest import Service, opened, running, settings_of
from tests.api.errors import refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from eventstore.log.events import StoredEvent
    from services.client.client import Client
    from tests.conftest import Database

LIMIT = 5
NAME = "Wang Xiaoming"
WHY = "the hospital asks"


@pytest.fixture
async def service(database: Database, tmp_path: Path) -> AsyncIterator[Service]:
    settings = settings_of(database, tmp_path)
    settings = settings.model_copy(update={"privacy": Privacy(disclosures_per_hour=LIMIT)})
    async with running(settings) as service:
        yield service


@pytest.fixture
async def log(database: Database) -> AsyncIterator[Log]:
    found = await Log.open(database.dsn)
    yield found
    await found.close()


@pytest.fixture
async def operator(service: Service) -> Client:
    return await service.client("operator")


@pytest.fixture
async def incident(service: Service, operator: Client) -> str:
    found = (await opened(service)).incident_id
    await operator.incidents.RecordPerson(
        incident_commands_pb2.RecordPersonRequest(
            context=context(),
            incident_id=found,
            person="casualty-1",
            concern=incident_commands_pb2.PERSON_CONCERN_CASUALTY,
            name=NAME,
        )
    )
    return found


def asking(incident: str, reason: str = WHY, **said: Any) -> Any:
    return privacy_service_pb2.DisclosePersonalDataRequest(
        context=context(reason=reason, **said), incident_id=incident, person="casualty-1"
    )


async def disclosures(log: Log) -> Sequence[StoredEvent]:
    return await log.read(0, limit=500, category="disclosure")


async def listed(client: Client, **said: Any) -> list[Any]:
    request = privacy_service_pb2.ListDisclosuresRequest(**said)
    return list((await client.privacy.ListDisclosures(request)).disclosures)


async def test_who_is_shown_what_and_why_is_in_the_chained_log(
    incident: str, operator: Client, log: Log
) -> None:
    found = await operator.privacy.DisclosePersonalData(asking(incident))
    (event,) = await disclosures(log)
    assert (found.name, found.receipt.position, found.left) == (NAME, event.position, LIMIT - 1)
    assert (event.stream, event.type) == ("disclosure/operator", "PersonalDataDisclosed")
    data, meta = json.loads(event.data), json.loads(event.meta)
    assert (data["incident"], data["person"]) == (incident, "casualty-1")
    assert (meta["actor"], meta["reason"]) == ("operator", WHY)
    assert NAME not in event.data + event.meta


async def test_nothing_is_shown_without_a_reason(incident: str, operator: Client, log: Log) -> None:
    async with refused() as told:
        await operator.privacy.DisclosePersonalData(asking(incident, reason=""))
    assert (told.reason, [*told.fields]) == ("REASON_REQUIRED", ["context.reason"])
    async with refused() as told:
        await operator.privacy.DisclosePersonalData(
            privacy_service_pb2.DisclosePersonalDataRequest(
                incident_id=incident, person="casualty-1"
            )
        )
    assert told.reason == "COMMAND_ID_REQUIRED"
    assert await disclosures(log) == []


async def test_nothing_is_shown_that_can_t_be_recorded(
    incident: str, operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise LogAway

    monkeypatch.setattr("eventstore.log.log.Log.append", away)
    async with refused() as told:
        await operator.privacy.DisclosePersonalData(asking(incident))
    assert told.reason == "INTERNAL"


class LogAway(Exception):
    """The log can't be written."""


async def test_the_limit_holds_also_for_calls_at_once(
    incident: str, operator: Client, log: Log
) -> None:
    asked = [operator.privacy.DisclosePersonalData(asking(incident)) for _ in range(3 * LIMIT)]
    answers = await asyncio.gather(*map(_settled, asked), return_exceptions=True)
    assert sum(not isinstance(one, BaseException) for one in answers) == LIMIT
    assert len(await disclosures(log)) == LIMIT
    async with refused() as told:
        await operator.privacy.DisclosePersonalData(asking(incident))
    assert told.reason == "DISCLOSURES_TOO_MANY"
    assert (told.metadata["actor"], told.metadata["limit"]) == ("operator", str(LIMIT))
    again = datetime.fromisoformat(told.metadata["again"])
    assert timedelta(minutes=58) < again - datetime.now(UTC) <= timedelta(hours=1)


async def _settled(call: Any) -> Any:
    return await call


async def test_the_limit_of_one_is_not_that_of_another(
    incident: str, operator: Client, service: Service
) -> None:
    for _ in range(LIMIT):
        await operator.privacy.DisclosePersonalData(asking(incident))
    commander = await service.client("commander")
    assert (await commander.privacy.DisclosePersonalData(asking(incident))).name == NAME


async def test_a_call_sent_again_is_answered_alike_and_recorded_once(
    incident: str, operator: Client, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = asking(incident)
    first = await operator.privacy.DisclosePersonalData(request)
    second = await operator.privacy.DisclosePersonalData(request)
    assert (first.name, second.name, second.receipt.duplicate) == (NAME, NAME, True)
    assert len(await disclosures(log)) == 1
    monkeypatch.setattr(disclosure, "REPEAT_WITHIN", timedelta(0))
    async with refused() as told:
        await operator.privacy.DisclosePersonalData(request)
    assert told.reason == "COMMAND_ID_REUSED"


async def test_a_call_that_only_asks_whether_shows_and_records_nothing(
    incident: str, operator: Client, log: Log
) -> None:
    found = await operator.privacy.DisclosePersonalData(asking(incident, validate_only=True))
    assert (found.name, list(found.receipt.kinds)) == ("", ["PersonalDataDisclosed"])
    assert await disclosures(log) == []


async def test_who_was_shown_what_is_listed_and_can_be_narrowed_down(
    incident: str, operator: Client, service: Service
) -> None:
    await operator.privacy.DisclosePersonalData(asking(incident))
    await operator.privacy.DisclosePersonalData(
        asking(incident, reason="his wife called", on_behalf_of="duty-lead")
    )
    commander = await service.client("commander")
    await commander.privacy.DisclosePersonalData(asking(incident))
    auditor = await service.client("auditor")
    found = await listed(auditor)
    assert [(one.actor, one.on_behalf_of, one.reason) for one in found] == [
        ("operator", "", WHY),
        ("operator", "duty-lead", "his wife called"),
        ("commander", "", WHY),
    ]
    assert len(await listed(auditor, actor="operator")) == 2
    assert len(await listed(auditor, incident_id=incident, person="casualty-1")) == 3
    assert await listed(auditor, person="casualty-2") == []


async def test_a_list_goes_on_where_it_ended(
    incident: str, operator: Client, service: Service
) -> None:
    for _ in range(3):
        await operator.privacy.DisclosePersonalData(asking(incident))
    auditor = await service.client("auditor")
    request = privacy_service_pb2.ListDisclosuresRequest(page_size=2)
    first = await auditor.privacy.ListDisclosures(request)
    request.after = first.next_after
    rest = await auditor.privacy.ListDisclosures(request)
    assert (len(first.disclosures), len(rest.disclosures), rest.next_after) == (2, 1, 0)


async def test_who_was_let_in_elsewhere_sees_none_of_it(
    incident: str, operator: Client, service: Service
) -> None:
    await operator.privacy.DisclosePersonalData(asking(incident))
    assert await listed(await service.client("elsewhere")) == []
    assert len(await listed(await service.client("here"))) == 1
