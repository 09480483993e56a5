"""One stack: found, looked at, hit, and gone without a trace."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from services.demo import stage
from services.local.folder import Folder
from services.local.stack import PROCESSES, Stack, running
from services.local.tokens import GIVEN_OUT
from services.runtime.exit_codes import Exit
from tests.services.running import Answer, muster

pytestmark = pytest.mark.processes

PATIENCE_S = 60.0
ENDS_AFTER_S = 4.0
"""Longer than a stack takes to come to PostgreSQL."""

WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
FREE = ("--api-port", "0", "--temporal-port", "0", "--mail-port", "0")


@pytest.fixture(scope="module")
def place() -> Iterator[Folder]:
    with stage.folder(keep=False) as found:
        yield found
        muster("down", "--folder", str(found.root))


@pytest.fixture
def stack(place: Folder) -> Stack:
    """Return the running stack, started first if it was stopped."""
    if running(place) is None:
        answer = up(place)
        assert answer.code == Exit.OK, answer.text
    found = running(place)
    assert found
    return found


def up(place: Folder) -> Answer:
    given = {"MUSTER_METRICS__PORT": str(METRICS_PORT)}
    return muster("up", "-d", "--folder", str(place.root), *FREE, given=given)


def free_ports() -> int:
    """Return the first of some ports that are free, outside of those that connections are given.

    Tests that run beside these ones choose among others.
    """
    first = 20_000 + len(PROCESSES) * WORKER
    firsts = random.sample(range(first, 30_000, len(PROCESSES) * WORKERS), 100)
    return next(
        first for first in firsts if all(map(is_free, range(first, first + len(PROCESSES))))
    )


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


METRICS_PORT = free_ports()


def eventually(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + PATIENCE_S
    while not holds() and time.monotonic() < until:
        time.sleep(0.1)
    return holds()


def processes(stack: Stack) -> list[psutil.Process]:
    return psutil.Process(stack.pid).children(recursive=True)


def asked(command: str, place: Folder) -> tuple[int, dict[str, Any]]:
    answer = muster(command, "-o", "json", "--folder", str(place.root))
    return answer.code, json.loads(answer.out)


def metrics(offset: int) -> str:
    port = METRICS_PORT + offset
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return str(answer.read(), "utf-8")


def test_everything_serves_and_the_doctor_finds_nothing(stack: Stack) -> None:
    code, status = asked("status", stack.folder)
    assert (code, status["well"]) == (Exit.OK, True)
    code, found = asked("doctor", stack.folder)
    assert (code, found["well"]) == (Exit.OK, True)
    states = {part: found["parts"][part]["state"] for part in ("database", "temporal", "clock")}
    assert states == {"database": "open", "temporal": "answers", "clock": "agrees"}


def test_every_process_is_measured_on_a_port_of_its_own(stack: Stack) -> None:
    of = {name: metrics(offset) for offset, name in enumerate(PROCESSES)}
    assert set(of) <= stack.parts.keys()
    assert "muster_api_calls" in of["api"]
    assert "temporal_num_pollers" in of["worker"]
    for name in ("api", "worker", "follower"):
        assert "muster_clocks_difference_seconds" in of[name], name
    assert 'muster_follower_position{follower="view incidents"}' in of["follower"]


def test_a_second_stack_in_the_same_folder_is_refused(stack: Stack) -> None:
    answer = muster("up", "--folder", str(stack.folder.root), *FREE)
    assert answer.code == Exit.UNAVAILABLE
    assert "already runs" in answer.text


def test_only_its_user_can_read_what_is_secret(stack: Stack) -> None:
    place = stack.folder
    secrets = [*place.tokens.iterdir(), *place.keys.iterdir(), place.tokens_file]
    assert len(secrets) > len(GIVEN_OUT)
    assert {oct(file.stat().st_mode & 0o777) for file in secrets} == {"0o600"}
    hashed = place.tokens_file.read_text(encoding="utf-8")
    assert not [role for role in GIVEN_OUT if stack.token(role) in hashed]


def test_nobody_else_can_read_anything_that_the_stack_writes(stack: Stack) -> None:
    root = stack.folder.root
    below = [path for path in root.rglob("*") if not path.is_symlink()]
    kinds = {path.relative_to(root).parts[0] for path in below}
    assert {"log", "mail", "postgres", "run", "temporal.db", "temporal.db-wal"} <= kinds
    open_to_others = {path: mode for path in below if (mode := path.stat().st_mode & 0o077)}
    assert open_to_others == {}
    assert root.stat().st_mode & 0o077 in {0, 0o011}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to drop anything")
def test_postgresql_does_not_run_as_root(stack: Stack) -> None:
    assert psutil.Process(stack.parts["postgres"]["pid"]).uids().effective != 0


@pytest.mark.parametrize(
    "part", ["postgres", "temporal", "mail", "api", "worker", "follower", "notary"]
)
def test_what_is_killed_is_started_again(stack: Stack, part: str) -> None:
    before = stack.parts[part]
    os.kill(before["pid"], signal.SIGKILL)

    def again() -> bool:
        now = running(stack.folder)
        return now is not None and now.parts[part]["restarts"] > before["restarts"]

    assert eventually(again)
    assert eventually(lambda: asked("status", stack.folder)[0] == Exit.OK)


def test_a_supervisor_that_is_killed_takes_everything_with_it(stack: Stack) -> None:
    children = processes(stack)
    os.kill(stack.pid, signal.SIGKILL)
    assert eventually(lambda: not [one for one in children if alive(one)])
    assert running(stack.folder) is None


def test_it_starts_while_what_a_killed_supervisor_left_is_still_ending(stack: Stack) -> None:
    left = psutil.Process(stack.parts["postgres"]["pid"])
    left.suspend()
    os.kill(stack.pid, signal.SIGKILL)
    ending = threading.Timer(ENDS_AFTER_S, left.resume)
    ending.start()
    answer = up(stack.folder)
    ending.join()
    assert answer.code == Exit.OK, answer.text
    assert "lock file" in (stack.folder.logs / "postgres.log").read_text(encoding="utf-8")


def test_it_stops_cleanly_and_starts_again_with_the_same_keys(stack: Stack) -> None:
    children = processes(stack)
    kept = {file: file.read_bytes() for file in secrets_of(stack.folder)}
    assert muster("down", "--folder", str(stack.folder.root)).code == Exit.OK
    assert not [one for one in children if alive(one)]
    assert up(stack.folder).code == Exit.OK
    assert kept == {file: file.read_bytes() for file in secrets_of(stack.folder)}


def secrets_of(place: Folder) -> list[Path]:
    return sorted([*place.tokens.iterdir(), *place.keys.iterdir()])


def alive(one: psutil.Process) -> bool:
    try:
        return one.is_running() and one.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # it ended between the two questions
        return False
