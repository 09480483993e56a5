"""A test that says nothing of processes starts none, so that `make test-unit` is what it says."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.processes import STARTED, WATCH, ProcessStarted

NOTHING = [sys.executable, "-c", ""]
WAYS: dict[str, Callable[[], object]] = {
    "a program": lambda: subprocess.run(NOTHING, check=True),
    "a fork": lambda: os.fork() or os._exit(0),
    "a command": lambda: os.system("true"),  # noqa: S605 - nothing is done
    "a server that another language starts": lambda: sys.audit(STARTED, "temporal"),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_test_that_is_not_marked_starts_nothing(way: str) -> None:
    with pytest.raises(ProcessStarted, match=r"test_processes\.py.*mark it with"):
        WAYS[way]()
    assert len(WATCH.started) == 1  # for which it would fail though the refusal was caught
    WATCH.started.clear()


@pytest.mark.processes
def test_a_test_that_is_marked_may() -> None:
    subprocess.run(NOTHING, check=True)
