"""Looking a machine over."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from services.runtime.exit_codes import Exit
from tests.services.running import muster

pytestmark = pytest.mark.processes

NOBODY = "postgresql://muster_runtime:hunter2@127.0.0.1:1/muster"


def examined(tmp_path: Path, **given: str) -> tuple[int, dict[str, Any]]:
    answer = muster("doctor", "-o", "json", given=given, cwd=tmp_path)
    return answer.code, json.loads(answer.out)["parts"]


def test_the_programs_are_named_with_version_and_digest(tmp_path: Path) -> None:
    _, parts = examined(tmp_path)
    for program in ("postgres program", "temporal program"):
        assert parts[program]["state"] == "runs"
        assert "sha256 " in parts[program]["what"]
    assert parts["disk"]["state"] == "enough"
    assert parts["database"]["state"] == "not looked at"


def test_a_database_that_is_away_is_named_and_the_rest_is_looked_at(tmp_path: Path) -> None:
    code, parts = examined(tmp_path, MUSTER_DATABASE__DSN=NOBODY)
    assert code == Exit.UNAVAILABLE
    assert parts["database"]["state"] == "failed"
    assert "hunter2" not in json.dumps(parts)
    assert parts["disk"]["state"] == "enough"


def test_a_temporal_that_is_away_is_named(tmp_path: Path) -> None:
    code, parts = examined(tmp_path, MUSTER_TEMPORAL__ADDRESS="127.0.0.1:1")
    assert code == Exit.UNAVAILABLE
    assert parts["temporal"]["state"] == "not answering"


def test_programs_that_are_not_there_are_named(tmp_path: Path) -> None:
    broken = tmp_path / "bin"
    broken.mkdir()
    for name in ("postgres", "initdb"):
        (broken / name).write_text("no program", encoding="utf-8")
    code, parts = examined(tmp_path, MUSTER_POSTGRES_BIN=str(broken))
    assert code == Exit.UNAVAILABLE
    assert parts["postgres program"]["state"] == "failed"


def test_a_taken_port_is_named_with_the_option_that_chooses_another(tmp_path: Path) -> None:
    with socket.socket() as taker:
        taker.bind(("127.0.0.1", 0))
        taker.listen()
        port = str(taker.getsockname()[1])
        answer = muster("up", "--folder", str(tmp_path / "s"), "--api-port", port)
    assert answer.code == Exit.UNAVAILABLE
    assert f"port {port} (api) is taken" in answer.text
    assert "--api-port" in answer.text
