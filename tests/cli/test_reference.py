"""The command line, as it is documented and as it explains itself."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from services.cli.main import command_line
from services.cli.session.contract import INCIDENT_SERVICE, RESOURCE_SERVICE, commands
from services.runtime.exit_codes import Exit
from tests.cli.reference import FILE, every_command, exit_texts, reference

COMMANDS = {" ".join(words): command for words, command in every_command()}
EVERY = sorted(COMMANDS)

WITHOUT_A_TEXT = {"number", "help"}
"""Parameters whose name says it all."""


def test_a_command_can_be_asked_what_it_does() -> None:
    answer = CliRunner().invoke(command_line(), ["incident", "raise-warning", "--help"])
    assert answer.exit_code == Exit.OK
    assert "--colour" in answer.output


def test_the_reference_says_what_the_command_line_does() -> None:
    assert FILE.read_text(encoding="utf-8") == reference()


def test_every_exit_code_says_when_it_is_returned() -> None:
    assert set(exit_texts()) == set(Exit)


@pytest.mark.parametrize("words", EVERY)
def test_every_command_explains_itself(words: str) -> None:
    command = COMMANDS[words]
    context = command.make_context(words, [], resilient_parsing=True)
    said = command.get_help(context)
    assert "Usage" in said or command.help
    options = [one for one in command.params if one.name not in WITHOUT_A_TEXT]
    assert all(getattr(one, "help", None) for one in options)


def test_every_command_of_an_incident_is_on_the_command_line() -> None:
    asked = {words.removeprefix("incident ") for words in EVERY if words.startswith("incident ")}
    assert len(asked & {_kebab(method.name) for method in commands(INCIDENT_SERVICE)}) == len(
        list(commands(INCIDENT_SERVICE))
    )


def test_every_option_of_a_command_says_what_it_is() -> None:
    said = {
        (method.name, field): text
        for service in (INCIDENT_SERVICE, RESOURCE_SERVICE)
        for method in commands(service)
        for field, text in method.texts().items()
    }
    assert all(said.values())
    for service in (INCIDENT_SERVICE, RESOURCE_SERVICE):
        for method in commands(service):
            assert {field.name for field in method.request.fields} == set(method.texts())


def _kebab(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)[1:]
