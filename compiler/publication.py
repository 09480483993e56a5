"""Judge a plan's text before a command brings it a step further."""

from __future__ import annotations

import asyncio
from functools import lru_cache

from compiler.check import check
from domain.plan.lifecycle.drafts import Editions
from domain.plan.lifecycle.publication import to_be_judged
from domain.plan.lifecycle.publication_guards import Fault, Judgement
from domain.plan.model.plan import Plan, PlanRef
from domain.values import Command

JUDGED_MAX = 64
"""Texts of which it is remembered what is wrong with them."""


async def judgement(state: Editions, command: Command) -> Judgement | None:
    """Judge, in a thread, the text that a command is about; None if that does not matter.

    As a recorder's `surroundings`: a check takes 0.03 s, and a second for a long text.
    """
    return await asyncio.to_thread(judgement_now, state, command)


def judgement_now(state: Editions, command: Command) -> Judgement | None:
    """Judge the text that a command is about; None if that does not matter."""
    draft = to_be_judged(state, command)
    return None if draft is None else judged(draft.ref, draft.plan)


def judged(ref: PlanRef, plan: Plan) -> Judgement:
    """Check a plan; what was found of it is remembered."""
    return _judgement(_Text(ref.hash, plan))


class _Text:
    """A plan, compared by its hash."""

    def __init__(self, digest: str, plan: Plan) -> None:
        self.digest = digest
        self.plan = plan

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Text) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


@lru_cache(maxsize=JUDGED_MAX)
def _judgement(text: _Text) -> Judgement:
    found = (Fault(one.where, one.what) for one in check(text.plan) if one.is_error)
    return Judgement(text.digest, tuple(found))
