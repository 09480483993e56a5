"""Only what W3C Trace Context calls a traceparent is kept with an event."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from muster.v1 import audit_service_pb2

from services.api.interceptors.trace_context import traceparent
from tests.api.conftest import alarm

if TYPE_CHECKING:
    from tests.api.conftest import Service

VALID = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_valid_one_is_taken() -> None:
    assert traceparent(VALID) == VALID
    assert traceparent(None) is None


@pytest.mark.parametrize(
    "said",
    [
        "",
        "x" * 3_000,
        VALID.upper(),
        f"{VALID}\n",
        f"{VALID}-more",
        VALID.replace("00-", "ff-", 1),
        VALID.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32),
        VALID.replace("b7ad6b7169203331", "0" * 16),
    ],
)
def test_what_is_none_is_dropped(said: str) -> None:
    assert traceparent(said) is None


@pytest.mark.parametrize(("said", "kept"), [(VALID, VALID), ("x" * 3_000, None)])
async def test_the_log_keeps_a_valid_one_only(
    service: Service, said: str, kept: str | None
) -> None:
    operator = await service.client("operator")
    receipt = await operator.incidents.ReportAlarm(alarm(), metadata=(("traceparent", said),))
    auditor = await service.client("auditor")
    reading = audit_service_pb2.ReadEventsRequest(incident_id=receipt.incident_id)
    events = [one async for page in auditor.audit.ReadEvents(reading) for one in page.events]
    assert json.loads(events[0].meta).get("trace") == kept
