"""Personal texts that come from a file or from standard input."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from muster.v1.incident_commands_pb2 import RecordPersonRequest
from muster.v1.resource_service_pb2 import RegisterContactRequest
from typer import BadParameter
from typer.testing import CliRunner

from services.cli.input.personal_text import TEXT_BYTES_MAX, is_personal, text_of
from services.cli.main import command_line

NAME = "王小明 Wang"


def standard_input(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """Let standard input hold something."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_text_is_read_from_a_file_without_the_end_of_its_line(tmp_path: Path, end: str) -> None:
    (tmp_path / "name").write_bytes(f"{NAME}{end}".encode())
    assert text_of(f"@{tmp_path}/name") == NAME


def test_a_text_is_read_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    standard_input(monkeypatch, f"{NAME}\n".encode())
    assert text_of("@-") == NAME


def test_standard_input_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    standard_input(monkeypatch, NAME.encode())
    text_of("@-")
    with pytest.raises(BadParameter, match="standard input is empty"):
        text_of("@-")


def test_what_is_typed_stays_as_it_is() -> None:
    assert text_of("who@example.org") == "who@example.org"


@pytest.mark.parametrize(
    ("content", "wrong"),
    [(b"", "is empty"), (b"\xff\xfe", "is not UTF-8"), (b"a" * (TEXT_BYTES_MAX + 1), "more than")],
)
def test_what_is_no_text_is_refused_with_why(tmp_path: Path, content: bytes, wrong: str) -> None:
    (tmp_path / "name").write_bytes(content)
    with pytest.raises(BadParameter, match=wrong):
        text_of(f"@{tmp_path}/name")


@pytest.mark.parametrize(("said", "wrong"), [("@", "name a file"), ("@/nowhere", "can't be read")])
def test_a_place_that_is_none_is_refused(said: str, wrong: str) -> None:
    with pytest.raises(BadParameter, match=wrong):
        text_of(said)


def test_the_contract_says_which_fields_are_personal() -> None:
    fields = RecordPersonRequest.DESCRIPTOR.fields
    assert {one.name for one in fields if is_personal(one)} == {"name", "contact", "particulars"}


@pytest.mark.parametrize(
    "words",
    [
        ("incident", "record-person", "00000000-0000-4000-8000-000000000000", "--name"),
        ("contact", "register", "lead", "--name"),
    ],
)
def test_every_option_for_a_personal_text_takes_a_file(words: tuple[str, ...]) -> None:
    answer = CliRunner().invoke(command_line(), [*words, "@/nowhere"], env={"COLUMNS": "200"})
    assert answer.exit_code != 0
    assert "/nowhere can't be read" in answer.output


def test_a_channel_s_address_is_read_from_a_file(tmp_path: Path) -> None:
    from services.cli.resource import _channel  # noqa: PLC0415 - imports the whole command line

    (tmp_path / "address").write_text("lead@example.org\n", encoding="utf-8")
    channel = _channel(f"mail=@{tmp_path}/address", exercise=True)
    assert RegisterContactRequest(channels=[channel]).channels[0].address == "lead@example.org"
