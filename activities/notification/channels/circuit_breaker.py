"""Hosts that hang: after a few messages without an answer the next fail at once, for a while."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from activities.notification.outcome import Failed, NotTried, Unanswered, Undelivered

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

UNANSWERED_MAX: Final = 5
"""Messages in a row that a host leaves without an answer before its breaker opens."""

OPEN_S: Final = 30.0
"""How long messages to a host fail at once before one of them is tried again."""


class CircuitBreakers:
    """A circuit breaker for each host.

    It opens when a host gave no answer several times in a row. Messages then fail at once, so that
    the next channel and the next contact are tried. After a pause one message at a time is let
    through: any answer closes the breaker, none keeps it open for another pause.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._unanswered: dict[str, int] = {}
        self._open_until: dict[str, float] = {}
        self._probed: set[str] = set()

    def hanging(self) -> Collection[str]:
        """Return the hosts that did not answer when they were called last."""
        return self._unanswered.keys()

    @contextmanager
    def call(self, host: str) -> Iterator[None]:
        """Judge a host by how a call to it ends. Raises NotTried at once while its breaker is open.

        What does not come from the host, such as an address that is none, says nothing of it.
        """
        probes = host in self._open_until
        left_s = self._open_until[host] - self._clock() if probes else 0.0
        if left_s > 0 or host in self._probed:
            raise NotTried(
                f"not tried: {UNANSWERED_MAX} messages in a row had no answer from this server",
                again_after_s=left_s if left_s > 0 else OPEN_S,
            )
        if probes:
            self._probed.add(host)
        try:
            yield
        except Unanswered:
            self._count(host, probes=probes)
            raise
        except (Failed, Undelivered) as error:
            if error.was_heard:
                self._close(host)
            raise
        else:
            self._close(host)
        finally:
            if probes:
                self._probed.discard(host)

    def _count(self, host: str, *, probes: bool) -> None:
        self._unanswered[host] = self._unanswered.get(host, 0) + 1
        is_open = host in self._open_until
        if probes or (self._unanswered[host] >= UNANSWERED_MAX and not is_open):
            self._open_until[host] = self._clock() + OPEN_S

    def _close(self, host: str) -> None:
        self._unanswered.pop(host, None)
        self._open_until.pop(host, None)
