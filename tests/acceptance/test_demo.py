"""The demo as a newcomer gives it: one command, one honest last line, nothing left behind."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.processes

TIMEOUT_S = 150.0
LAST_LINE = re.compile(
    r"demo: ok  \d+ events, \d+ mails, \d+ webhooks, chain verified to position \d+, "
    r"replay equals live state"
)


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Give a folder that PostgreSQL may enter when it runs as another user."""
    folder = Path(tempfile.mkdtemp(prefix="muster-test-demo-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


async def begun(report: Path, temporary: Path) -> asyncio.subprocess.Process:
    """Begin the demo with a folder of its own for what is temporary."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "services.cli.main", "demo", "--lang", "en", "--report", str(report)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "TMPDIR": str(temporary)},
    )


def left_over(temporary: Path) -> list[str]:
    """Return what is still there of a demo: files, and processes that work in its folder."""
    running = [
        process.info["name"]
        for process in psutil.process_iter(["name", "cmdline"])
        if any(str(temporary) in word for word in process.info["cmdline"] or ())
    ]
    return [*running, *(str(file) for file in temporary.iterdir())]


async def test_the_demo_ends_with_one_honest_line_and_leaves_nothing(
    temporary: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.html"
    process = await begun(report, temporary)
    async with asyncio.timeout(TIMEOUT_S):
        out, _ = await process.communicate()
    said = out.decode().splitlines()
    assert process.returncode == 0, said[-5:]
    assert LAST_LINE.fullmatch(said[-1])
    assert "<h1>" in report.read_text(encoding="utf-8")
    assert left_over(temporary) == []


async def test_ctrl_c_stops_all_of_it(temporary: Path, tmp_path: Path) -> None:
    process = await begun(tmp_path / "report.html", temporary)
    assert process.stdout is not None
    async with asyncio.timeout(TIMEOUT_S):
        async for line in process.stdout:
            if b"raise warning" in line:
                break
        process.send_signal(signal.SIGINT)
        await process.communicate()
    assert process.returncode == 130
    assert left_over(temporary) == []
