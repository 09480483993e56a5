"""Who may enter what another person did."""

from __future__ import annotations

from domain.decider import CommandEnvelope, Refused
from domain.refusals import Refusal
from domain.values import Role

MAY_SPEAK_FOR_OTHERS = frozenset({Role.COMMANDER, Role.OPERATOR, Role.ADMINISTRATOR, Role.SYSTEM})
"""Who may enter what another person did, such as an answer by telephone."""


def may_not_speak(asked: CommandEnvelope) -> Refused | None:
    """Refuse an act on behalf of another person to whoever may not enter it."""
    if asked.on_behalf_of and not asked.actor.roles & MAY_SPEAK_FOR_OTHERS:
        return Refused(Refusal.MAY_NOT_SPEAK_FOR_OTHERS)
    return None
