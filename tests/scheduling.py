"""Shares the tests out among several processes: what shares a scene to one, what lasts first."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import pytest
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from xdist.remote import Producer

ONE_SCENE = ("tests/acceptance/",)
"""Folders whose files share what takes long to set up; elsewhere only the tests of a file do."""

LASTING = (
    "tests/upgrade/",
    "tests/crash/",
    "tests/standby/",
    "tests/acceptance/",
    "tests/docs/",
    "tests/services/local/",
    "tests/bundle/",
    "tests/soak/",
    "tests/torture/",
    "tests/workflows/",
)
"""What takes longest, and so comes first: the short rest fills all processes to the end."""


class Sharing(LoadScopeScheduling):  # type: ignore[misc] # the library has no types
    """Gives a process all tests of one scene at once."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, _ = nodeid.partition("::")
        return next((folder for folder in ONE_SCENE if file.startswith(folder)), file)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes longest first."""
    items.sort(key=lambda item: _rank(item.nodeid))


def pytest_collection_finish() -> None:
    """Keep the garbage collector from going through thousands of tests again and again."""
    gc.collect()
    gc.freeze()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Any:
    """Share by scene, in the order in which the tests are."""
    config.option.loadscopereorder = False
    return Sharing(config, log)


def _rank(nodeid: str) -> int:
    ranks = (rank for rank, folder in enumerate(LASTING) if nodeid.startswith(folder))
    return next(ranks, len(LASTING))
