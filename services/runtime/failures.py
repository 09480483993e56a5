"""What can keep a local stack from running, in words for the person who started it."""

from __future__ import annotations


class StackFailed(Exception):
    """The local stack can't run; the text says why and what to do."""


class AlreadyRunning(StackFailed):
    """Another supervisor holds the folder."""


class PortTaken(StackFailed):
    """Somebody else listens on a port that the stack needs."""
