"""What the settings say of reading: who says why, who reads all the time, who is at work."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from muster.v1 import audit_service_pb2 as audit
from pydantic import ValidationError

from domain.values import Role
from eventstore.log.log import Log
from services.client.client import context
from services.runtime.settings.privacy_settings import Privacy
from tests.api.conftest import opened, publish, running, settings_of
from tests.api.errors import refused
from tests.api.test_case_reads import WHY, events, first_step, readings, said, state

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from services.client.client import Client
    from tests.api.conftest import Service
    from tests.conftest import Database

STRICT = Privacy(
    at_work_roles=(Role.COMMANDER,),
    reason_required_roles=(Role.AUDITOR, Role.OPERATOR),
    reading_services=("planner",),
)


@pytest.fixture
async def service(database: Database, tmp_path: Path) -> AsyncIterator[Service]:
    settings = settings_of(database, tmp_path).model_copy(update={"privacy": STRICT})
    async with running(settings) as service:
        await publish(service)
        yield service


@pytest.fixture
async def log(database: Database) -> AsyncIterator[Log]:
    found = await Log.open(database.dsn)
    yield found
    await found.close()


@pytest.fixture
async def incident(service: Service) -> str:
    return (await opened(service)).incident_id


async def test_whoever_must_say_why_is_refused_without_and_sees_nothing(
    incident: str, service: Service, log: Log
) -> None:
    auditor = await service.client("auditor")
    async with refused() as told:
        await events(auditor, incident_id=incident)
    assert (told.reason, told.fields) == ("REASON_REQUIRED", {"reason": "required"})
    async with refused() as told:
        await state(auditor, incident)
    assert told.reason == "REASON_REQUIRED"
    async with refused() as told:
        await first_step(auditor)
    assert told.reason == "REASON_REQUIRED"
    assert await readings(log) == []
    assert await events(auditor, incident_id=incident, reason=WHY)
    assert await said(log) == [(f"reading/{incident}", "events", "auditor", WHY)]


async def test_whoever_must_say_why_they_read_says_why_they_export(
    incident: str, service: Service
) -> None:
    auditor = await service.client("auditor")
    request = audit.ExportCaseRequest(context=context(), incident_id=incident)
    async with refused() as told:
        await auditor.audit.ExportCase(request).read()
    assert (told.reason, [*told.fields]) == ("REASON_REQUIRED", ["context.reason"])


async def test_whoever_need_not_say_why_is_recorded_without(
    incident: str, service: Service, log: Log
) -> None:
    await events(await service.client("commander"), incident_id=incident)
    assert await said(log) == [(f"reading/{incident}", "events", "commander", None)]


async def test_a_role_that_is_not_at_work_is_recorded_also_for_what_is_open(
    incident: str, service: Service, log: Log
) -> None:
    await state(await service.client("commander"), incident)
    await state(await service.client("operator"), incident, reason=WHY)
    assert await said(log) == [(f"reading/{incident}", "state", "operator", WHY)]


async def test_a_program_that_reads_all_the_time_is_recorded_once_a_day(
    service: Service, log: Log
) -> None:
    program: Client = await service.client("planner")
    for after in range(await log.head()):
        await events(program, after=after)
    (event,) = await readings(log)
    data = json.loads(event.data)
    until, at = (datetime.fromisoformat(data[name]) for name in ("until", "at"))
    assert (data["reader"], data["incident"], until - at) == ("planner", None, timedelta(days=1))


def test_no_setting_names_the_role_that_no_token_carries() -> None:
    with pytest.raises(ValidationError, match="no token carries the role system"):
        Privacy(at_work_roles=(Role.SYSTEM,))
