"""The service, with people on file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eventstore.log.log import Log
from tests.api.conftest import opened, origin, published, service, views
from tests.privacy.people import person

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from services.client.client import Client
    from tests.api.conftest import Service
    from tests.conftest import Database

__all__ = ["origin", "published", "service", "views"]


@pytest.fixture
async def log(database: Database) -> AsyncIterator[Log]:
    found = await Log.open(database.dsn)
    yield found
    await found.close()


@pytest.fixture
async def administrator(service: Service) -> Client:
    return await service.client("administrator")


@pytest.fixture
async def operator(service: Service) -> Client:
    return await service.client("operator")


@pytest.fixture
async def incident(service: Service, operator: Client) -> str:
    """Return an incident that has a witness on file."""
    found = (await opened(service)).incident_id
    await operator.incidents.RecordPerson(person(found))
    return found
