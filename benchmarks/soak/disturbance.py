"""What the machine did beside a run: figures of a machine that others use say so."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from typing import Self

import psutil

EVERY_S = 0.5
OTHERS_MAX = 0.10
"""The share of all cores that others may take before a run counts as disturbed."""


class Others:
    """Measures which share of the machine others took than this process and all it started."""

    def __init__(self) -> None:
        self._ours: dict[tuple[int, float], float] = {}
        self._ended = threading.Event()
        self._measuring = threading.Thread(target=self._measure, daemon=True)
        self._begun = self._busy_then = 0.0
        self.share = 0.0

    def __enter__(self) -> Self:
        self._sample()
        self._ours_then = sum(self._ours.values())
        self._begun, self._busy_then = time.monotonic(), _busy()
        self._measuring.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._measuring.join()
        self._sample()
        ours = sum(self._ours.values()) - self._ours_then
        there = (time.monotonic() - self._begun) * (os.cpu_count() or 1)
        self.share = max(0.0, (_busy() - self._busy_then - ours) / max(there, 1e-9))

    @property
    def disturbed(self) -> bool:
        """Tell whether the figures of the run are to be taken again."""
        return self.share > OTHERS_MAX

    def _measure(self) -> None:
        while not self._ended.wait(EVERY_S):
            self._sample()

    def _sample(self) -> None:
        """Note how much each process of ours has used so far: it may be gone the next time."""
        me = psutil.Process()
        for process in [me, *me.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                used = process.cpu_times()
                self._ours[process.pid, process.create_time()] = used.user + used.system


def _busy() -> float:
    """Return the seconds for which the cores were busy so far, stolen ones included."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - times.iowait - times.guest - times.guest_nice)
