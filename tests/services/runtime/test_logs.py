"""What the processes say of themselves."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.processes

SAY = """
import logging, structlog
from services.runtime import logs
from services.runtime.settings.settings import Log
logs.configure(Log(level="info"), "api")
structlog.contextvars.bind_contextvars(request="r-1", incident="i-1")
structlog.get_logger().info("told", to="li@example.org", token="hunter2", channel="mail")
structlog.get_logger().debug("not said")
logging.getLogger("httpx2").info("POST https://example.org/hooks/li")
logging.getLogger("somebody").warning("as well")
"""


def test_a_line_has_its_request_and_incident_and_no_person_and_no_secret() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SAY], capture_output=True, text=True, check=True, timeout=60
    )
    told, other = (json.loads(line) for line in done.stderr.splitlines())
    assert told["event"] == "told"
    assert (told["process"], told["request"], told["incident"]) == ("api", "r-1", "i-1")
    assert (told["to"], told["token"], told["channel"]) == ("[redacted]", "[redacted]", "mail")
    assert (other["event"], other["level"]) == ("as well", "warning")
    assert "example.org" not in done.stderr
