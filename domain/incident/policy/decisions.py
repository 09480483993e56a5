"""A table of decisions: what decides each kind of command, and in which phases it is possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from domain.decider import Decision
from domain.incident.state.context import Context
from domain.values import Command, Phase

OPEN = frozenset({Phase.NORMAL, Phase.WARNING, Phase.RESPONSE, Phase.AFTERMATH})
ACTING = OPEN - {Phase.AFTERMATH}
RESPONSE = frozenset({Phase.RESPONSE})
AFTERMATH = frozenset({Phase.AFTERMATH})
ALWAYS = frozenset(Phase)


class Rule(NamedTuple):
    """How a kind of command is decided."""

    decide: Callable[[Context, Any], Decision]
    phases: frozenset[Phase] = OPEN
    """Of the incident; in others it is refused."""


Decisions = dict[type[Command], Rule]
