"""Plans checked before their publication is decided: in a thread, because a long one takes long."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from domain.plan.hindrances import judged
from domain.plan.publication import to_be_judged

if TYPE_CHECKING:
    from domain.plan.editions import Editions
    from domain.plan.hindrances import Judgement
    from domain.values import Command


async def judgement(state: Editions, command: Command) -> Judgement | None:
    """Return what is wrong with the text that a command is about; None if that does not matter.

    As a recorder's `surroundings`.
    """
    draft = to_be_judged(state, command)
    return None if draft is None else await asyncio.to_thread(judged, draft.ref, draft.plan)
