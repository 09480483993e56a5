"""On which task queues the work of incidents waits: apart for each version of the workflow.

So a worker of another version is never given a task that it can't go on with, whichever of them
run at the same time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workflows.version import WORKFLOW_VERSION

if TYPE_CHECKING:
    from services.runtime.settings.settings import Worker

UNVERSIONED: Final = 1
"""The version of runs that say none; its queues are called as the settings call them."""


def workflow_queue(worker: Worker, version: int = WORKFLOW_VERSION) -> str:
    """Return where workflow tasks wait, and the activities that read and write the log."""
    return _of_version(worker.task_queue, version)


def activity_queue(worker: Worker, version: int = WORKFLOW_VERSION) -> str:
    """Return where the activities wait that work off what is owed."""
    return _of_version(worker.hands_queue, version)


def _of_version(queue: str, version: int) -> str:
    return queue if version == UNVERSIONED else f"{queue}-v{version}"
