"""What a command of `muster` returns to the shell, and why."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended."""

    OK = 0
    """It was done, or it was already so."""
    REFUSED = 1
    """The rules refuse it: a state of the world stands in the way, and nothing was changed."""
    USAGE = 2
    """It was asked wrongly: an option, a field, a file."""
    UNAVAILABLE = 3
    """The service did not answer, is overloaded, or is not running."""
    NOT_FOUND = 4
    """There is no such incident, plan, unit or contact."""
    VERIFICATION_FAILED = 5
    """The log does not prove what it should."""
    NOT_PERMITTED = 6
    """The token is not known, or its role may not do this."""
    FAULT = 7
    """Something is broken in Muster itself; the service's log says what."""
    LOG_DIVERGES = 8
    """The log is not the one that was seen before. What records only warns of it."""
    INTERRUPTED = 130
    """Somebody pressed Ctrl-C."""
