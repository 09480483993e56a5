"""The service on a log of its own, and a client for each role."""

from __future__ import annotations

import hashlib
import json
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from muster.v1 import common_pb2, incident_commands_pb2, plan_service_pb2
from pydantic import SecretStr

from compiler import driver
from domain.values import Role
from eventstore.log.log import Log
from projections.runner import ProjectionRunner
from projections.views import contacts as contacts_view
from projections.views import incidents as incidents_view
from projections.views import plans as plans_view
from projections.views import units as units_view
from services.api.main import serving
from services.client.client import Client, connected, context
from services.client.plan_publication import bring_into_force
from services.runtime.settings.settings import Api, Database, Settings, Temporal, Vault
from services.runtime.settings.settings import Notary as NotarySettings
from tests.conftest import Database as TestDatabase
from tests.conftest import execute
from tests.eventstore.notarising import notarising

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator
    from pathlib import Path

    from eventstore.notary.notary import Notary
    from tests.postgres import Cluster

PLAN = "general-venue"
VENUE = "riverside-mall"
ZONE = "atrium"
NOWHERE = "127.0.0.1:1"
"""Where no Temporal listens."""

ROLES = [role for role in Role if role is not Role.SYSTEM]
VIEWS = (incidents_view.VIEW, plans_view.VIEW, units_view.VIEW, contacts_view.VIEW)


@dataclass
class Service:
    """A service that runs, and who may call it: one actor per role, named like it."""

    address: str
    settings: Settings
    held: AsyncExitStack
    clients: dict[str, Client] = field(default_factory=dict)

    async def client(self, token: str) -> Client:
        """Return a client with a token; the tokens of the roles are their names."""
        if token not in self.clients:
            entering = connected(self.address, token)
            self.clients[token] = await self.held.enter_async_context(entering)
        return self.clients[token]


def entry(token: str, roles: list[str], venues: list[str] | None = None) -> dict[str, Any]:
    """Let somebody in by a token that is their name, too."""
    digest = hashlib.sha256(token.encode()).hexdigest()
    actor = token.replace("_", "-")
    return {"sha256": digest, "actor": actor, "roles": roles, "venues": venues}


def settings_of(database: TestDatabase, folder: Path, **api: Any) -> Settings:
    """Write the files that a service needs, and say where they are."""
    tokens = [entry(role, [role]) for role in ROLES]
    tokens += [
        entry("here", ["commander", "auditor", "logistics", "planner"], [VENUE]),
        entry("elsewhere", ["commander", "auditor", "logistics", "planner"], ["other-mall"]),
        entry("second-commander", ["commander"]),
    ]
    file = folder / "tokens.json"
    file.write_text(json.dumps({"tokens": tokens}))
    (folder / "vault").write_text("0f" * 32)
    chosen: dict[str, Any] = {"port": 0, "tokens_file": file, "drain_seconds": 1.0} | api
    return Settings(
        database=Database(dsn=SecretStr(database.dsn)),
        api=Api(**chosen),
        vault=Vault(key_file=folder / "vault"),
        temporal=Temporal(address=NOWHERE),
    )


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Service]:
    """Run a service."""
    async with AsyncExitStack() as held:
        here = await held.enter_async_context(serving(settings))
        async with AsyncExitStack() as callers:
            yield Service(here.address, settings, callers)


@pytest.fixture(scope="session")
async def published(
    postgres: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """Keep a database to copy from in whose log the general venue plan is in force."""
    name = f"muster_published_{uuid4().hex}"  # others who import this fixture have their own
    await execute(postgres.dsn(), f"CREATE DATABASE {name} TEMPLATE {template}")
    settings = settings_of(TestDatabase(postgres, name), tmp_path_factory.mktemp(name))
    async with running(settings) as service:
        await publish(service)
    return name


@pytest.fixture
def origin(request: pytest.FixtureRequest, template: str) -> str:
    """Have the plan in force where the service of a test runs from its beginning."""
    is_served = "service" in request.fixturenames
    return str(request.getfixturevalue("published")) if is_served else template


@pytest.fixture
async def service(database: TestDatabase, tmp_path: Path) -> AsyncIterator[Service]:
    """Run the service with the general venue plan in force."""
    async with running(settings_of(database, tmp_path)) as service:
        yield service


@pytest.fixture
async def views(database: TestDatabase) -> AsyncIterator[None]:
    """Keep the views up to date."""
    import asyncio  # noqa: PLC0415 - only here

    log = await Log.open(database.dsn)
    keeper = await ProjectionRunner.open(database.dsn, log, VIEWS, print)
    keeping: asyncio.Task[None] = asyncio.create_task(keeper.run())
    yield
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    await keeper.close()
    await log.close()


PLAN_EVENTS = 4
"""A plan is drafted, reviewed, approved and published before anything else happens."""


async def publish(service: Service) -> plan_service_pb2.PublishPlanResponse:
    """Bring the plan into force that ships with the product."""
    return await put_in_force(service, driver.shipped()[PLAN])


async def put_in_force(service: Service, text: str) -> plan_service_pb2.PublishPlanResponse:
    """Bring a plan into force by two who may."""
    planner, commander = await service.client("planner"), await service.client("commander")
    document = plan_service_pb2.PlanDocument(yaml=text)
    return await bring_into_force(document, planner, commander)


def alarm(**changes: Any) -> incident_commands_pb2.ReportAlarmRequest:
    """Report an alarm, which opens an incident."""
    fields: dict[str, Any] = {
        "context": context(),
        "venue": VENUE,
        "plan": PLAN,
        "hazard": common_pb2.HAZARD_KIND_CROWDING,
        "zone": ZONE,
        "source": "camera 7",
    }
    return incident_commands_pb2.ReportAlarmRequest(**(fields | changes))


async def opened(service: Service, **changes: Any) -> common_pb2.Receipt:
    """Open an incident."""
    operator = await service.client("operator")
    return await operator.incidents.ReportAlarm(alarm(**changes))


def impose(incident: str, measure: str, **asked: Any) -> incident_commands_pb2.ImposeMeasureRequest:
    """Impose a measure: possible as soon as an incident is open."""
    return incident_commands_pb2.ImposeMeasureRequest(
        context=context(**asked), incident_id=incident, measure=measure, title="entrance closed"
    )


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Give the notary a folder."""
    return tmp_path / "notary"


@pytest.fixture
async def proving(database: TestDatabase, tmp_path: Path, kept: Path) -> AsyncIterator[Service]:
    """Run the service where it sees the notary's folder."""
    settings = settings_of(database, tmp_path)
    settings = settings.model_copy(update={"notary": NotarySettings(folder=kept)})
    async with running(settings) as service:
        yield service


@pytest.fixture
async def notary(database: TestDatabase, kept: Path) -> AsyncIterator[Notary]:
    """Run a notary beside it."""
    async with notarising(database.dsn, kept) as notary:
        yield notary
