"""How well the machine itself did meanwhile: what it was busy with is in every figure, too."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from pathlib import Path
from typing import Self

EVERY_S = 0.25


class Machine:
    """Measures, beside all else, the longest `fsync` of a few bytes and the longest oversleep."""

    def __init__(self) -> None:
        self.fsync_s_max = 0.0
        self.oversleep_s_max = 0.0
        self._ended = threading.Event()
        self._measuring = threading.Thread(target=self._measure, daemon=True)

    def __enter__(self) -> Self:
        self._measuring.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()

    @property
    def figures(self) -> dict[str, object]:
        """Return what was measured."""
        return {
            "machine_fsync_s_max": round(self.fsync_s_max, 3),
            "machine_oversleep_s_max": round(self.oversleep_s_max, 3),
        }

    def _measure(self) -> None:
        with tempfile.TemporaryDirectory(prefix="muster-machine-") as folder:
            file = os.open(Path(folder) / "few-bytes", os.O_WRONLY | os.O_CREAT)
            try:
                while not self._ended.is_set():
                    begun = time.monotonic()
                    self._ended.wait(EVERY_S)
                    woken = time.monotonic()
                    os.pwrite(file, b"few bytes", 0)
                    os.fsync(file)
                    self._take(woken - begun - EVERY_S, time.monotonic() - woken)
            finally:
                os.close(file)

    def _take(self, oversleep: float, fsync: float) -> None:
        self.oversleep_s_max = max(self.oversleep_s_max, oversleep)
        self.fsync_s_max = max(self.fsync_s_max, fsync)
