"""How sending a message can end, other than well."""

from __future__ import annotations


class Failed(Exception):
    """This channel will not take the message. The text names no person and no address."""

    def __init__(self, cause: str, *, was_heard: bool = False) -> None:
        super().__init__(cause)
        self.was_heard = was_heard
        """Whether it is the other side, or the network before it, that said so."""


class NotTried(Failed):
    """The message was kept back: its server gave no answer lately, and is left alone for now."""

    def __init__(self, cause: str, *, again_after_s: float) -> None:
        super().__init__(cause)
        self.again_after_s = again_after_s
        """When the server may be tried again."""


class Undelivered(Exception):
    """This channel did not take the message now; it may later."""

    def __init__(self, cause: str, *, pause_s: float = 0.0, was_heard: bool = False) -> None:
        super().__init__(cause)
        self.pause_s = pause_s
        """How long the other side asked to be left alone."""
        self.was_heard = was_heard


class Unanswered(Undelivered):
    """The other side said nothing in the time that it had."""
