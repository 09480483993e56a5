"""The work that an incident owes: with one activity while there is any."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.exceptions import ActivityError

from domain.incident.obligations.obligations import WorkflowView
from workflows import ports
from workflows.ports import WorkflowInput

PAUSE: Final = timedelta(seconds=10)
"""Before work that failed as a whole is begun again."""


class ActivityTracker:
    """Has the work done. `finished` is told where the incident stands after it, if that is known.

    Which work, in which order and how often, the activity reads from the log: what is owed while it
    works it takes up as well, and it ends when nothing is owed any more.
    """

    def __init__(
        self, life: WorkflowInput, finished: Callable[[WorkflowView | None], None]
    ) -> None:
        self._life = life
        self._finished = finished
        self._doing: asyncio.Task[None] | None = None

    @property
    def is_under_way(self) -> bool:
        """Tell whether the activity works, or will in a moment."""
        return self._doing is not None

    def see_to(self, standing: WorkflowView) -> None:
        """Begin to work if anything is owed and nobody works yet."""
        if standing.owed and self._doing is None:
            self._doing = asyncio.create_task(self._do(standing))

    async def _do(self, standing: WorkflowView) -> None:
        after: WorkflowView | None = None
        try:
            after = await ports.work(self._life, standing.mode)
        except ActivityError as error:  # tried again for ever: only if somebody ended it by hand
            workflow.logger.warning("the work was ended: %s", error.cause)
            await workflow.sleep(PAUSE, summary="the work was ended")
        self._doing = None
        self._finished(after)
