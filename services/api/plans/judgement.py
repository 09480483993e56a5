"""Plans checked before their publication is decided: in a thread, because a long one takes long."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from domain.plan.lifecycle.publication import to_be_judged
from domain.plan.lifecycle.publication_guards import judged

if TYPE_CHECKING:
    from domain.plan.lifecycle.drafts import Editions
    from domain.plan.lifecycle.publication_guards import Judgement
    from domain.values import Command


async def judgement(state: Editions, command: Command) -> Judgement | None:
    """Return what is wrong with the text that a command is about; None if that does not matter.

    As a recorder's `surroundings`.
    """
    draft = to_be_judged(state, command)
    return None if draft is None else await asyncio.to_thread(judged, draft.ref, draft.plan)
