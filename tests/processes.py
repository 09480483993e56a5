"""Tells tests that start processes from those that don't, and holds the latter to it.

`make test-unit` runs those that start none. A test starts processes where it needs a fixture that
does, or where it says so: `@pytest.mark.processes`, or `pytestmark` for a module.
Whatever it is run for, a test that says nothing and starts one all the same fails.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

MARK = "processes"
STARTED = "tests.process"
"""What is audited where something starts a process unseen by Python (see `temporal`)."""

STARTS = frozenset(
    {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "os.system", STARTED}
)
FIXTURES = frozenset({"postgres", "temporal", "two", "told"})
"""Fixtures that start processes; whatever needs one of them does, too."""


class ProcessStarted(AssertionError):
    """A test that is not marked started a process."""


@dataclass
class Watch:
    """What is started while a test runs that starts nothing."""

    of: str | None = None
    started: list[str] = field(default_factory=list)

    def sees(self, event: str, arguments: tuple[object, ...]) -> None:
        """Refuse what starts a process, and remember it, lest the refusal is caught."""
        if self.of is not None and event in STARTS:
            self.started.append(f"{event}{arguments[:2]}")
            raise ProcessStarted(self.complaint())

    def complaint(self) -> str:
        """Say what is wrong, and what would be right."""
        return f"{self.of} starts a process ({self.started[0]}): mark it with pytest.mark.{MARK}"


WATCH = Watch()
sys.addaudithook(WATCH.sees)


def starts_processes(item: pytest.Item) -> bool:
    """Tell whether a test may start processes."""
    return item.get_closest_marker(MARK) is not None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test that needs a fixture which starts processes."""
    for item in items:
        if FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(MARK)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    return (yield from _watched(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    return (yield from _watched(item))


def _watched(item: pytest.Item) -> Generator[None, None, None]:
    WATCH.of, WATCH.started = None if starts_processes(item) else item.nodeid, []
    try:
        yield
        if WATCH.started:
            raise ProcessStarted(WATCH.complaint())
    finally:
        WATCH.of = None
