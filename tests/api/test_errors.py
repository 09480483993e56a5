"""Errors: every reason is in the contract, in two languages, and nothing leaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest
from google.rpc import code_pb2
from muster.v1 import incident_service_pb2

from domain.refusals import Refusal
from services.api.errors.failures import CATALOGUE, PLAIN_RULES, Failure
from services.api.errors.status import status_of
from tests.api.errors import refused

if TYPE_CHECKING:
    from tests.api.conftest import Service

REASON_LENGTH_MAX = 63
UNKNOWN = incident_service_pb2.GetIncidentRequest(
    incident_id="00000000-0000-4000-8000-000000000000"
)


def test_every_refusal_of_the_domain_is_a_reason_of_the_contract() -> None:
    assert {refusal.value for refusal in Refusal} <= CATALOGUE.keys()


@pytest.mark.parametrize("reason", CATALOGUE)
def test_every_reason_has_a_status_and_says_something_in_two_languages(reason: str) -> None:
    said = CATALOGUE[reason]
    assert said.code in code_pb2.Code.values()
    assert said.code != code_pb2.OK
    assert said.text.zh
    assert said.text.en
    assert said.text.zh != said.text.en
    assert any("一" <= letter <= "鿿" for letter in said.text.zh)
    assert len(reason) <= REASON_LENGTH_MAX


@pytest.mark.parametrize("reason", CATALOGUE)
def test_every_reason_is_told_with_one_error_info(reason: str) -> None:
    status = status_of(Failure(reason, dict.fromkeys(CATALOGUE[reason].places, "x")), "zh", "r1")
    names = [detail.TypeName() for detail in status.details]
    assert names.count("google.rpc.ErrorInfo") == 1
    assert names.count("google.rpc.LocalizedMessage") == 1
    assert "{" not in status.message
    assert "?" not in status.message


@pytest.mark.parametrize("rule", PLAIN_RULES)
def test_every_rule_says_what_would_be_right_in_two_languages(rule: str) -> None:
    assert PLAIN_RULES[rule].zh
    assert PLAIN_RULES[rule].en


async def test_people_are_told_in_the_language_they_ask_for(service: Service) -> None:
    operator = await service.client("operator")
    for wanted, said in (
        ("zh-CN,zh;q=0.9", "没有这个事件"),
        ("en", "There is no such incident."),
        ("fr", "There is no such incident."),
    ):
        async with refused() as told:
            await operator.incidents.GetIncident(UNKNOWN, metadata=(("accept-language", wanted),))
        assert told.said == said
        assert told.message == "There is no such incident."


async def test_fields_too_are_told_in_the_language_asked_for(service: Service) -> None:
    operator = await service.client("operator")
    async with refused() as told:
        await operator.incidents.GetIncident(
            incident_service_pb2.GetIncidentRequest(), metadata=(("accept-language", "zh"),)
        )
    violation = told.details["BadRequest"][0].field_violations[0]
    assert (violation.field, violation.localized_message.message) == ("incident_id", "必填")


async def test_an_error_names_its_request_as_the_caller_does(service: Service) -> None:
    operator = await service.client("operator")
    async with refused() as told:
        await operator.incidents.GetIncident(UNKNOWN, metadata=(("x-request-id", "call-7"),))
    assert told.details["RequestInfo"][0].request_id == "call-7"


async def test_a_defect_tells_nothing_but_its_number(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("eventstore.log.log.Log.head", breaks)
    operator = await service.client("operator")
    async with refused() as told:
        await operator.incidents.WatchIncidents(
            incident_service_pb2.WatchIncidentsRequest(), metadata=(("x-request-id", "call-8"),)
        ).read()
    assert (told.code, told.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert told.message == "Something went wrong here; it is noted under call-8."


async def test_a_workflow_that_can_t_be_reached_is_told_and_nothing_else_suffers(
    service: Service,
) -> None:
    from tests.api.conftest import opened  # noqa: PLC0415 - only here

    receipt = await opened(service)
    operator = await service.client("operator")
    async with refused() as told:
        await operator.incidents.GetStanding(
            incident_service_pb2.GetStandingRequest(incident_id=receipt.incident_id),
            timeout=5,
            wait_for_ready=False,
        )
    assert told.reason == "WORKFLOW_UNAVAILABLE"
    assert told.details["RetryInfo"]
