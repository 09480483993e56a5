"""What a process must be told, and what it says when that can't be used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.runtime.exit_codes import Exit
from services.runtime.readiness import EXIT_AWAY
from tests.services.running import muster

pytestmark = pytest.mark.processes

BAD = {
    "a word for a number": ({"MUSTER_API__PORT": "abc"}, "api.port"),
    "a port beyond all": ({"MUSTER_API__PORT": "70000"}, "api.port"),
    "a section's unknown key": ({"MUSTER_API__PROT": "7460"}, "api.prot"),
    "a word that is none of the choices": ({"MUSTER_LOG__LEVEL": "loud"}, "log.level"),
    "tokens in the clear to others": ({"MUSTER_API__HOST": "0.0.0.0"}, "loopback"),  # noqa: S104 - refused
    "half of a certificate": ({"MUSTER_API__TLS__CERT_FILE": "x"}, "api.tls.key_file"),
}
SECRETS = {
    "MUSTER_DATABASE__DSN": "postgresql://muster_runtime:hunter2@db/muster",
    "MUSTER_DATABASE__OWNER_DSN": "postgresql://muster_owner:hunter2@db/muster",
    "MUSTER_TEMPORAL__API_KEY": "hunter2",
    "MUSTER_MAIL__PASSWORD": "hunter2",
}


@pytest.mark.parametrize("wrong", BAD)
def test_a_bad_setting_is_named_and_not_traced(wrong: str, tmp_path: Path) -> None:
    given, named = BAD[wrong]
    answer = muster("config", "show", given=given, cwd=tmp_path)
    assert answer.code == Exit.USAGE
    assert named in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("process", ["api", "worker", "follower"])
def test_no_process_starts_with_a_bad_setting(process: str, tmp_path: Path) -> None:
    answer = muster(process, given={"MUSTER_API__PORT": "abc"}, cwd=tmp_path)
    assert answer.code == Exit.USAGE
    assert "api.port" in answer.text
    assert "Traceback" not in answer.text


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "muster.toml").write_text("[api\n", encoding="utf-8")
    answer = muster("config", "show", cwd=tmp_path)
    assert answer.code == Exit.USAGE
    assert "muster.toml can't be read" in answer.text


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "muster.toml").write_text("[api]\nport = 1111\nmax_watches = 7\n", encoding="utf-8")
    shown = json.loads(
        muster("config", "show", given={"MUSTER_API__PORT": "2222"}, cwd=tmp_path).out
    )
    assert (shown["api"]["port"], shown["api"]["max_watches"]) == (2222, 7)


def test_no_secret_is_shown(tmp_path: Path) -> None:
    answer = muster("config", "show", given=SECRETS, cwd=tmp_path)
    assert answer.code == Exit.OK
    assert "hunter2" not in answer.text


def test_no_secret_is_in_what_a_process_says_of_a_database_that_is_away(tmp_path: Path) -> None:
    away = {"MUSTER_DATABASE__DSN": "postgresql://muster_runtime:hunter2@127.0.0.1:1/muster"}
    answer = muster("api", given=away, cwd=tmp_path)
    assert answer.code == EXIT_AWAY == Exit.UNAVAILABLE
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text
