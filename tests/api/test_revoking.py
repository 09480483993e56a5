"""Who was let in and may not any more: their open calls end, soon and with the reason."""

from __future__ import annotations

import asyncio
import json
import os
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from muster.v1 import audit_service_pb2, incident_service_pb2

from services.api.errors.failures import Failure
from services.api.interceptors.authentication import RELOAD_AFTER_S, Authenticator
from services.api.interceptors.metrics import METRICS
from tests.api.conftest import PLAN_EVENTS, alarm, entry
from tests.api.errors import refused
from tests.api.test_watch import begun, watch

if TYPE_CHECKING:
    from pathlib import Path

    from tests.api.conftest import Service

ENDS_WITHIN_S = 2.0
ENDS_AT_LAST_S = 20.0
"""On a busy machine."""


def rewrite(service: Service, **changes: Any) -> None:
    """Change an entry of the file of tokens, or take it out: that of the operator."""
    file = service.settings.api.tokens_file
    held = json.loads(file.read_text())["tokens"]
    others = [one for one in held if one["actor"] != "operator"]
    mine = [one | changes for one in held if one["actor"] == "operator" and changes]
    part = file.with_suffix(".part")
    part.write_text(json.dumps({"tokens": [*others, *mine]}))
    part.replace(file)


async def stream_of(service: Service) -> Any:
    operator = await service.client("operator")
    stream = operator.incidents.SubmitStream()
    command = incident_service_pb2.Command(report_alarm=alarm())
    await stream.write(incident_service_pb2.SubmitStreamRequest(commands=[command]))
    answered: Any = await stream.read()
    assert answered.answers[0].HasField("receipt")
    return stream


async def watch_of(service: Service) -> Any:
    return await begun(await service.client("operator"), watch())


@pytest.mark.parametrize("open_call", [watch_of, stream_of])
@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({}, grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED"),
        (
            {"expires_at": (datetime.now(UTC) - timedelta(seconds=1)).isoformat()},
            grpc.StatusCode.UNAUTHENTICATED,
            "UNAUTHENTICATED",
        ),
        ({"venues": ["other-mall"]}, grpc.StatusCode.UNAVAILABLE, "ACCESS_CHANGED"),
        ({"roles": ["auditor"]}, grpc.StatusCode.UNAVAILABLE, "ACCESS_CHANGED"),
    ],
    ids=["revoked", "expired", "other venues", "other roles"],
)
async def test_an_open_call_ends_when_its_token_does(
    service: Service, open_call: Any, changes: Any, status: grpc.StatusCode, reason: str
) -> None:
    call, before = await open_call(service), METRICS.ended[reason]
    rewrite(service, **changes)
    async with asyncio.timeout(ENDS_AT_LAST_S), refused() as told:
        await call.read()
    assert (told.code, told.reason) == (status, reason)
    assert METRICS.ended[reason] == before + 1


async def test_an_open_call_ends_when_its_token_expires(service: Service) -> None:
    until = datetime.now(UTC) + timedelta(seconds=2)
    rewrite(service, expires_at=until.isoformat())
    await asyncio.sleep(RELOAD_AFTER_S + 0.1)
    call = await watch_of(service)
    async with asyncio.timeout(10), refused() as told:
        await call.read()
    assert told.reason == "UNAUTHENTICATED"
    assert until < datetime.now(UTC) < until + timedelta(seconds=ENDS_AT_LAST_S)


async def test_what_a_stream_recorded_before_stays_recorded(service: Service) -> None:
    stream = await stream_of(service)
    rewrite(service)
    async with asyncio.timeout(10), refused():
        await stream.read()
    auditor = await service.client("auditor")
    request = audit_service_pb2.ReadEventsRequest(after=PLAN_EVENTS)
    kinds = [one.type async for page in auditor.audit.ReadEvents(request) for one in page.events]
    assert kinds == ["IncidentOpened", "AlarmReported", "CaseRead"]


async def test_a_watch_of_others_goes_on(service: Service) -> None:
    auditor = await service.client("auditor")
    steps = await begun(auditor, watch())
    rewrite(service)
    await asyncio.sleep(ENDS_WITHIN_S)
    commander = await service.client("commander")
    await commander.incidents.ReportAlarm(alarm())
    step: Any = await steps.read()
    assert step.events.events[0].type == "IncidentOpened"


# ------------------------------------------------------------------------------- the file


def doors_of(folder: Path, **changes: Any) -> Authenticator:
    file = folder / "tokens.json"
    file.write_text(json.dumps({"tokens": [entry("first", ["operator"]) | changes]}))
    return Authenticator(file)


@pytest.mark.parametrize(
    "header", ["Bearer first", "bearer first", "BEARER   first", "Bearer first "]
)
def test_a_token_is_known_however_its_header_is_spelt(tmp_path: Path, header: str) -> None:
    assert doors_of(tmp_path).actor(header, ()).id == "first"


@pytest.mark.parametrize("header", ["", "first", "Basic first", "Bearer", "Bearer " + "x" * 10_000])
def test_what_is_no_token_lets_nobody_in(tmp_path: Path, header: str) -> None:
    with pytest.raises(Failure, match="UNAUTHENTICATED"):
        doors_of(tmp_path).actor(header, ())


def test_nothing_is_kept_of_the_headers_that_came(tmp_path: Path) -> None:
    doors = doors_of(tmp_path)
    held = [one for one in vars(doors).values() if isinstance(one, dict)]
    for number in range(100):
        assert doors.actor("Bearer" + " " * (number + 1) + "first", ()).id == "first"
    assert held == [one for one in vars(doors).values() if isinstance(one, dict)] == []


def test_a_file_that_breaks_is_in_the_metrics(tmp_path: Path) -> None:
    doors = doors_of(tmp_path)
    file = tmp_path / "tokens.json"
    file.write_text("{")
    os.utime(file, (1, 1))
    time.sleep(RELOAD_AFTER_S + 0.05)
    assert doors.actor("Bearer first", ()).id == "first"
    assert METRICS.tokens_broken
    file.write_text(json.dumps({"tokens": [entry("first", ["operator"])]}))
    os.utime(file, (2, 2))
    time.sleep(RELOAD_AFTER_S + 0.05)
    assert doors.actor("Bearer first", ()).id == "first"
    assert not METRICS.tokens_broken
