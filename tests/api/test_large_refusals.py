"""A refusal is read by every client, however much is wrong."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf import duration_pb2
from google.rpc import error_details_pb2, status_pb2
from hypothesis import given
from hypothesis import strategies as st
from muster.v1 import common_pb2, incident_commands_pb2, incident_service_pb2, plan_service_pb2

from compiler.driver import shipped
from domain.values import Text
from services.api.errors.failures import CATALOGUE, Failure, Violation
from services.api.errors.status import TRAILERS_BYTES_MAX, clipped, status_of
from services.client.client import context
from tests.api.conftest import PLAN, opened
from tests.api.errors import refused
from tests.api.large import (
    CASES,
    LANGUAGES,
    VIOLATIONS,
    Read,
    largest,
    refuse,
    through_grpc_js,
    through_grpcurl,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.api.conftest import Service

MEASURES = 60
"""Measures without an owner, which a gate refuses to pass."""


def encoded(status: status_pb2.Status) -> int:
    """Return how many bytes a status takes in trailers."""
    escaped = sum(
        1 if " " <= letter <= "~" and letter != "%" else 3 * len(letter.encode())
        for letter in status.message
    )
    return escaped + len(base64.b64encode(status.SerializeToString()))


def detail(status: status_pb2.Status, shape: Any) -> Any:
    found = shape()
    assert sum(packed.Unpack(found) for packed in status.details) == 1
    return found


def activation(
    incident: str, measures: int, name: str = "close-the-entrance-on-the-northern-side"
) -> incident_commands_pb2.ActivateResponseRequest:
    return incident_commands_pb2.ActivateResponseRequest(
        context=context(),
        incident_id=incident,
        level=common_pb2.RESPONSE_LEVEL_III,
        matters="the atrium fills up",
        expected_duration=duration_pb2.Duration(seconds=3_600),
        measures=[
            incident_commands_pb2.NewMeasure(measure=f"{name}-{number}", title="entrance closed")
            for number in range(measures)
        ],
    )


@pytest.fixture
def refusing(service: Service, monkeypatch: pytest.MonkeyPatch) -> Service:
    """Let GetIncident be refused for whatever reason stands in the place of an id."""
    monkeypatch.setattr("services.api.queries.incidents.incident_id", refuse)
    return service


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", CATALOGUE)
def test_a_status_stays_small_and_says_how_much_is_left_off(reason: str, language: str) -> None:
    status = status_of(largest(reason), language, "r" * 64, method="ImposeMeasure")
    assert encoded(status) <= TRAILERS_BYTES_MAX
    shown = len(detail(status, error_details_pb2.BadRequest).field_violations)
    info = detail(status, error_details_pb2.ErrorInfo)
    assert shown >= 1
    assert info.reason == reason
    assert info.metadata["violations"] == str(VIOLATIONS)
    assert info.metadata["left_off"] == str(VIOLATIONS - shown)
    assert info.metadata["names_all"] in {"Submit", "CheckPlan"}
    assert str(VIOLATIONS) in status.message
    assert str(VIOLATIONS) in detail(status, error_details_pb2.LocalizedMessage).message
    assert set(info.metadata) >= CATALOGUE[reason].places


SHORT = st.builds(Violation, st.text(max_size=300), st.text(max_size=30), st.builds(Text))
TOLD = st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=3_000), max_size=6)


@given(st.sampled_from(sorted(CATALOGUE)), TOLD, st.lists(SHORT, max_size=60), st.text())
def test_whatever_is_said_a_status_stays_small(
    reason: str, metadata: Mapping[str, str], violations: Sequence[Violation], subject: str
) -> None:
    failure = Failure(reason, metadata, violations=violations, subject=subject)
    assert encoded(status_of(failure, "zh", "r1")) <= TRAILERS_BYTES_MAX


def test_what_fits_is_said_whole() -> None:
    violations = [Violation.of(f"channels[{number}].address", "missing") for number in range(20)]
    status = status_of(
        Failure("FIELD_INVALID", {"who": "何" * 100}, violations=violations), "zh", "r1"
    )
    bad = detail(status, error_details_pb2.BadRequest)
    assert [one.field for one in bad.field_violations] == [one.field for one in violations]
    assert dict(detail(status, error_details_pb2.ErrorInfo).metadata) == {"who": "何" * 100}
    assert status.message == "A field of the request is not as it must be."


@given(st.text(), st.integers(min_value=3, max_value=50))
def test_a_text_is_cut_between_letters(text: str, most: int) -> None:
    cut = clipped(text, most)
    assert len(cut.encode()) <= most
    assert text.encode(errors="replace").decode().startswith(cut.removesuffix("…"))


# ------------------------------------------------------------------------ other people's clients


def expected(read: Read) -> bool:
    """Tell whether all that a program and a person need was read."""
    return (
        read.found == read.reason
        and read.violations > 0
        and read.metadata["left_off"] == str(VIOLATIONS - read.violations)
        and str(VIOLATIONS) in read.localized
    )


async def test_grpcio_reads_every_reason(refusing: Service) -> None:
    operator = await refusing.client("operator")
    for reason, language in CASES:
        async with refused() as told:
            await operator.incidents.GetIncident(
                incident_service_pb2.GetIncidentRequest(incident_id=reason),
                metadata=(("accept-language", language),),
            )
        assert told.reason == reason
        assert str(VIOLATIONS) in told.said


async def test_grpc_js_reads_every_reason(refusing: Service, pytestconfig: pytest.Config) -> None:
    assert pytestconfig.cache is not None
    read = await through_grpc_js(refusing.address, pytestconfig.cache.mkdir("grpc-js"))
    assert [(one.reason, one.language) for one in read] == CASES
    assert [one for one in read if not expected(one)] == []


async def test_a_client_in_go_reads_every_reason(refusing: Service) -> None:
    read = await through_grpcurl(refusing.address)
    assert [(one.reason, one.language) for one in read] == CASES
    assert [one for one in read if not expected(one)] == []


# ---------------------------------------------------------------------------- where all is named


async def test_a_gate_that_names_much_can_be_read_whole_in_an_answer(service: Service) -> None:
    incident = (await opened(service)).incident_id
    commander = await service.client("commander")
    await commander.incidents.ActivateResponse(activation(incident, MEASURES))
    terminate = incident_commands_pb2.TerminateResponseRequest(
        context=context(), incident_id=incident
    )
    async with refused() as told:
        await commander.incidents.TerminateResponse(terminate)
    assert told.reason == "GATE_NOT_PASSED"
    assert (told.metadata["cut"], told.metadata["names_all"]) == ("unmet", "Submit")
    assert told.said.endswith("… (Not all; Submit names all.)")
    asked = incident_service_pb2.SubmitRequest(
        commands=[incident_service_pb2.Command(terminate_response=terminate)]
    )
    answer = (await commander.incidents.Submit(asked)).answers[0]
    info = detail(answer.error, error_details_pb2.ErrorInfo)
    assert info.metadata["unmet"].count("measure in force without an owner") == MEASURES


async def test_fields_beyond_what_fits_are_named_in_an_answer(service: Service) -> None:
    commander = await service.client("commander")
    request = activation("0b8e4f3c-3f0e-4f5e-9f52-6a7d1c2b3a40", VIOLATIONS, "NOT A NAME")
    async with refused() as told:
        await commander.incidents.ActivateResponse(request)
    shown = len(told.fields)
    assert (told.metadata["violations"], told.metadata["names_all"]) == ("10000", "Submit")
    assert told.said.endswith(f"({shown} of 10000 are named; Submit names all.)")
    asked = incident_service_pb2.SubmitRequest(
        commands=[incident_service_pb2.Command(activate_response=request)]
    )
    answer = (await commander.incidents.Submit(asked)).answers[0]
    assert len(detail(answer.error, error_details_pb2.BadRequest).field_violations) > 10 * shown


async def test_a_plan_with_much_wrong_says_that_check_plan_names_all(service: Service) -> None:
    planner = await service.client("planner")
    misspelt = shipped()[PLAN] + "".join(f"键{number}: 值\n" for number in range(500))
    document = plan_service_pb2.PlanDocument(yaml=misspelt)
    async with refused() as told:
        await planner.plans.DraftPlan(
            plan_service_pb2.DraftPlanRequest(context=context(), document=document),
            metadata=(("accept-language", "zh"),),
        )
    assert told.reason == "PLAN_INVALID"
    assert told.metadata["names_all"] == "CheckPlan"
    checked = await planner.plans.CheckPlan(plan_service_pb2.CheckPlanRequest(document=document))
    errors = [one for one in checked.findings if one.is_error]
    assert str(len(errors)) == told.metadata["violations"]
