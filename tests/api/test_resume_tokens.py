"""Resume tokens: nobody but the service makes them, and each is good for one use only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.values import Actor, Role
from services.api.errors.failures import Failure
from services.api.resume_tokens import Mark, ResumeTokens, Shown
from services.client.client import context
from tests.api.conftest import PLAN_EVENTS, alarm, impose, opened
from tests.api.errors import refused
from tests.api.test_watch import events_of, steps_until, watch
from tests.resuming import beginning, position_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.api.conftest import Service

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
TOKENS = ResumeTokens(KEY)
AUDITOR = Actor("auditor-1", frozenset({Role.AUDITOR}))
RESPONDER = Actor("responder-1", frozenset({Role.RESPONDER}))
ANOTHER = Actor("responder-2", frozenset({Role.RESPONDER}))
STREAM = f"incident/{UUID(int=7)}"
OTHER_STREAM = f"incident/{UUID(int=8)}"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

MARKS = st.builds(
    Mark,
    st.integers(0, 2**63 - 1),
    st.sampled_from([None, STREAM]),
    st.sampled_from([b"", b"\x00\x00\x00\x00", b"\xff\x01\x02\x03"]),
    st.none() | st.builds(Shown, st.uuids(), st.integers(0, 2**32 - 1)),
)


def problem(token: str, stream: str | None = None, actor: Actor = RESPONDER) -> str:
    """Return why a token is refused."""
    with pytest.raises(Failure, match="RESUME_TOKEN_INVALID") as caught:
        TOKENS.open(token, stream, actor)
    return caught.value.metadata["problem"]


def unsealed(position: int) -> str:
    """Return a token as versions made it that did not seal them: a sum, and no secret."""
    return f"1{position:x}-{crc32(f'muster/resume/{position}'.encode()):x}"


@settings(deadline=None)
@given(MARKS)
def test_a_token_is_what_it_was_made_of(mark: Mark) -> None:
    token = TOKENS.seal(mark, RESPONDER)
    assert TOKENS.open(token, mark.stream, RESPONDER) == mark
    assert position_of(token) == mark.position


@settings(deadline=None)
@given(MARKS, st.data())
def test_a_changed_token_is_refused(mark: Mark, data: st.DataObject) -> None:
    token = TOKENS.seal(mark, RESPONDER)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from(LETTERS).filter(lambda one: one != token[at]))
    assert "not made by this service" in problem(token[:at] + other + token[at + 1 :], mark.stream)


def test_a_token_of_another_installation_is_refused() -> None:
    token = ResumeTokens(OTHER_KEY).seal(Mark(3), RESPONDER)
    assert "not made by this service" in problem(token)


def test_a_token_outlives_a_change_of_the_key() -> None:
    token = TOKENS.seal(Mark(3), RESPONDER)
    assert ResumeTokens(OTHER_KEY, KEY).open(token, None, RESPONDER) == Mark(3)


def test_a_token_is_of_one_watch() -> None:
    of_one = TOKENS.seal(Mark(3, STREAM), RESPONDER)
    assert TOKENS.open(of_one, STREAM, RESPONDER).position == 3
    assert "another watch" in problem(of_one, OTHER_STREAM)
    assert "another watch" in problem(of_one)


def test_a_token_of_every_incident_serves_for_one_but_not_inside_a_snapshot() -> None:
    of_all = TOKENS.seal(Mark(3), RESPONDER)
    assert TOKENS.open(of_all, STREAM, RESPONDER) == Mark(3, STREAM)
    inside = TOKENS.seal(Mark(3, shown=Shown(uuid4(), 1)), RESPONDER)
    assert "another watch" in problem(inside, STREAM)


def test_a_token_is_of_one_caller_unless_they_may_read_the_past_anyway() -> None:
    token = TOKENS.seal(Mark(3), RESPONDER)
    assert TOKENS.open(token, None, AUDITOR) == Mark(3)
    assert "another caller" in problem(TOKENS.seal(Mark(3), AUDITOR), actor=RESPONDER)
    assert "another caller" in problem(token, actor=ANOTHER)


@pytest.mark.parametrize("token", ["x", "é", "AAAA", "A" * 5_000, "=", "-", "\n"])
def test_what_is_no_token_is_refused(token: str) -> None:
    assert "not made by this service" in problem(token)


def test_a_token_that_was_not_sealed_is_refused_with_what_to_do() -> None:
    assert "did not seal" in problem(unsealed(0))


@pytest.mark.parametrize("role", ["responder", "information_officer", "logistics"])
async def test_a_token_that_was_made_up_opens_nothing(service: Service, role: str) -> None:
    await opened(service)
    client = await service.client(role)
    for token in (unsealed(0), beginning(service.settings.vault)):
        async with refused() as told:
            await client.incidents.WatchIncidents(watch(resume_token=token)).read()
        assert told.reason == "RESUME_TOKEN_INVALID"
        assert "include_snapshot" in told.message


async def test_a_token_beyond_the_end_is_of_another_log(service: Service) -> None:
    operator = await service.client("operator")
    token = beginning(service.settings.vault, position=10**12)
    async with refused() as told:
        await operator.incidents.WatchIncidents(watch(resume_token=token)).read()
    assert told.metadata["problem"] == "it is not of this log"


async def test_an_answer_about_the_past_opens_no_past(service: Service) -> None:
    """A responder asks again for what is old: the token is good for that incident only."""
    responder = await service.client("responder")
    old = alarm()
    first = await responder.incidents.ReportAlarm(old)
    await opened(service)
    again = await responder.incidents.ReportAlarm(old)
    assert again.duplicate
    async with refused() as told:
        await responder.incidents.WatchIncidents(watch(resume_token=again.resume_token)).read()
    assert "another watch" in told.metadata["problem"]
    operator = await service.client("operator")
    imposed = await operator.incidents.ImposeMeasure(impose(first.incident_id, "m1"))
    steps = responder.incidents.WatchIncidents(
        watch(first.incident_id, resume_token=again.resume_token)
    )
    seen = events_of(await steps_until(steps, imposed.position))
    assert [event.type for event in seen] == ["MeasureImposed"]


async def test_an_opening_that_was_only_validated_gives_no_token(service: Service) -> None:
    operator = await service.client("operator")
    request = alarm(context=context(validate_only=True))
    receipt = await operator.incidents.ReportAlarm(request)
    assert receipt.kinds
    assert receipt.resume_token == ""


async def test_a_watch_outlives_a_change_of_the_vaults_key(
    service: Service, tmp_path: Path
) -> None:
    operator = await service.client("operator")
    step: Any = await operator.incidents.WatchIncidents(watch()).read()
    (tmp_path / "new-vault").write_text("1e" * 32)
    vault = service.settings.vault.model_copy(
        update={"key_file": tmp_path / "new-vault", "previous_key_file": tmp_path / "vault"}
    )
    mark = ResumeTokens.of(vault).open(
        step.resume_token, None, Actor("operator", frozenset({Role.OPERATOR}))
    )
    assert mark.position == PLAN_EVENTS
