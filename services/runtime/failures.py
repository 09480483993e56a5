"""What can keep a process or a local stack from running, in words for whoever started it."""

from __future__ import annotations


class StackFailed(Exception):
    """The local stack can't run; the text says why and what to do."""


class AlreadyRunning(StackFailed):
    """Another supervisor holds the folder."""


class PortTaken(StackFailed):
    """Somebody else listens on a port that the stack needs."""
