"""The incidents that a watch begins with: those that were open at one place in the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.api.queries.incidents import is_over

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from domain.decider import Versioned
    from domain.incident.state.incident import Incident
    from domain.values import Actor
    from eventstore.recorder.recorder import Recorder
    from projections.queries.lists import ViewReader
    from services.api.history.point_in_time import History
    from services.api.resume_tokens import Mark

VIEW_PATIENCE_S = 5.0
"""How long a snapshot waits for the view that lists what is open."""

OPEN = "(NOT phase = closed AND NOT phase = stood_down)"
ROWS = 500


@dataclass(frozen=True)
class OpenIncidents:
    """Reads incidents as they were at a position, in the order of their ids."""

    incidents: Recorder[Incident]
    history: History
    views: ViewReader

    async def of(self, mark: Mark, actor: Actor) -> AsyncIterator[tuple[str, Versioned[Incident]]]:
        """Yield what a snapshot at a mark has, after what was shown of it already."""
        if mark.stream is None:
            async for key in self._listed(mark, actor):
                known = await self._as_of(key, mark.position)
                if known.version and not (known.state.phase and known.state.phase.is_over):
                    yield key, known
        elif mark.shown is None:
            key = mark.stream.partition("/")[2]
            known = await self._as_of(key, mark.position)
            if known.version:
                yield key, known

    async def is_over(self, key: str) -> bool:
        """Tell whether nothing more happens in an incident."""
        return is_over((await self.incidents.known(key)).state)

    async def _listed(self, mark: Mark, actor: Actor) -> AsyncIterator[str]:
        """Yield what is open now, and what changed since: it may have been open then."""
        await self.views.wait_for("incidents", mark.position, VIEW_PATIENCE_S)
        matching = f"({OPEN} OR position > {mark.position})"
        if mark.shown:
            matching += f' AND incident_id > "{mark.shown.incident}"'
        token = ""
        while True:
            page = await self.views.incidents(
                matching=matching,
                order_by="incident_id",
                size=ROWS,
                page_token=token,
                venues=actor.venues,
            )
            for row in page.rows:
                yield row.incident_id
            token = page.next_token
            if not token:
                return

    async def _as_of(self, key: str, position: int) -> Versioned[Incident]:
        known = await self.incidents.known(key)
        if known.position <= position:
            return known
        return await self.history.at_position(key, position)
