"""What operators can look for among the workflows. People look at views, not here."""

from __future__ import annotations

from typing import Any, Final

from temporalio import workflow
from temporalio.common import SearchAttributeKey, SearchAttributeUpdate

from domain.incident.obligations.obligations import WorkflowView

PHASE: Final = SearchAttributeKey.for_keyword("MusterPhase")
LEVEL: Final = SearchAttributeKey.for_int("MusterLevel")
VENUE: Final = SearchAttributeKey.for_keyword("MusterVenue")
PLAN: Final = SearchAttributeKey.for_keyword("MusterPlan")
MODE: Final = SearchAttributeKey.for_keyword("MusterMode")

SEARCH_ATTRIBUTES: Final = (PHASE, LEVEL, VENUE, PLAN, MODE)
"""A namespace must know them before a workflow starts: an unknown one would stop it."""


def upsert(standing: WorkflowView) -> None:
    """Show where the incident stands; what is shown already costs nothing."""
    if standing.phase is None:
        return
    said: dict[SearchAttributeKey[str], str] = {
        PHASE: standing.phase.value,
        VENUE: standing.venue,
        PLAN: standing.plan,
        MODE: standing.mode.value,
    }
    shown = workflow.info().typed_search_attributes
    changes: list[SearchAttributeUpdate[Any]] = [
        key.value_set(value) for key, value in said.items() if shown.get(key) != value
    ]
    level = None if standing.level is None else int(standing.level)
    if shown.get(LEVEL) != level:
        changes.append(LEVEL.value_unset() if level is None else LEVEL.value_set(level))
    if changes:
        workflow.upsert_search_attributes(changes)
