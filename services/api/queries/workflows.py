"""What the workflows know of their incidents, as far as they can be reached."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING

from services.api.errors.failures import Failure

if TYPE_CHECKING:
    from services.api.queries.workflow_queries import Seen, WorkflowQueries
    from services.runtime.settings.settings import Temporal


class Workflows:
    """Reaches the workflows. While Temporal is away everything else goes on."""

    def __init__(self, settings: Temporal) -> None:
        self._reached: WorkflowQueries | None = None
        self._reaching = asyncio.create_task(self._reach(settings), name="temporal")

    async def close(self) -> None:
        """Stop trying."""
        self._reaching.cancel()
        await asyncio.gather(self._reaching, return_exceptions=True)

    async def are_well(self) -> bool:
        """Tell whether Temporal answers."""
        return self._reached is not None and await self._reached.is_well()

    async def ask(self, incident: str) -> Seen:
        """Ask an incident's workflow how it stands. Raises Failure."""
        if self._reached is None:
            raise Failure("WORKFLOW_UNAVAILABLE")
        return await self._reached.ask(incident)

    async def _reach(self, settings: Temporal) -> None:
        """Import the client beside the service: commands don't wait for what they don't need."""
        module = await asyncio.to_thread(import_module, "services.api.queries.workflow_queries")
        self._reached = await module.reach(settings)
