"""What can be wrong with the workflow of an open incident, seen from one follower."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.follower.executions import Run


class Fault(StrEnum):
    """Why an incident's clock stands still, or may."""

    MISSING = "missing"
    """Temporal knows no workflow of it."""
    ENDED = "ended"
    """Its workflow was terminated or cancelled, timed out or failed, and the incident is open."""
    OUTDATED = "outdated"
    """Its workflow is of an older version."""
    STUCK = "stuck"
    """Its workflow task fails again and again."""
    PAUSED = "paused"
    """Somebody paused its workflow, or an activity of it."""
    MISPLACED = "misplaced"
    """It waits on a queue of other settings, from which no worker takes anything."""
    NEWER = "newer"
    """It is of a newer version, of which no worker is there."""
    UNINFORMED = "uninformed"
    """It runs, and Temporal refused the latest news of its incident."""
    UNATTENDED = "unattended"
    """No worker takes anything from its queue, and none of our version is there."""


REPLACED = frozenset({Fault.OUTDATED, Fault.STUCK, Fault.PAUSED, Fault.MISPLACED})
"""Mended by ending the run and starting anew from the log."""

BEGUN = frozenset({Fault.MISSING, Fault.ENDED})
"""Mended by starting anew from the log."""

INFORMED = frozenset({Fault.UNINFORMED})
"""Mended by telling the run again."""


class Place(NamedTuple):
    """Where a follower starts workflows, and on which queues workers are at work."""

    version: int
    queue: str
    attended: Mapping[str, bool]

    def diagnose(self, run: Run | None) -> Fault | None:  # noqa: PLR0911 - one case a fault
        """Return what is wrong with an open incident's latest run, if anything.

        A run is never taken from workers that could go on with it to a queue where nobody works.
        """
        if run is None:
            return Fault.MISSING
        if not run.is_running:
            return Fault.ENDED
        its_workers_are_there = self.attended.get(run.queue, False)
        ours_are_there = self.attended.get(self.queue, False)
        if run.version > self.version:
            return None if its_workers_are_there else Fault.NEWER
        if run.is_failing or run.is_paused:
            return Fault.STUCK if run.is_failing else Fault.PAUSED
        if its_workers_are_there and (run.version == self.version or not ours_are_there):
            return None
        if not ours_are_there:
            return Fault.UNATTENDED
        return Fault.OUTDATED if run.version < self.version else Fault.MISPLACED
