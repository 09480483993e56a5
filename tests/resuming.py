"""Resume tokens as tests need them: from the beginning, and where one goes on."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from typing import TYPE_CHECKING

from domain.values import Actor
from services.api.resume_tokens import Mark, ResumeTokens

if TYPE_CHECKING:
    from services.runtime.settings.settings import Vault


def beginning(vault: Vault, stream: str | None = None, position: int = 0) -> str:
    """Return the token that whoever has the installation's key could make: from the first event."""
    return ResumeTokens.of(vault).seal(Mark(position, stream), Actor("test", frozenset()))


def position_of(token: str) -> int:
    """Return where a token goes on, without looking at its seal."""
    return int.from_bytes(urlsafe_b64decode(token + "=" * (-len(token) % 4))[2:10], "big")
