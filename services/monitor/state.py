"""What a monitor remembers across its own ends: what it sent, what waits, which alarms stand."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from services.monitor.delivery import Letter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PRIVATE = 0o700
SECRET = 0o600


class MonitorUnusable(Exception):
    """A monitor's folder can't be used; the text says which file, and why."""


class MonitorState(BaseModel):
    """One file, written whole after each look."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sent_note: str = ""
    """The last checkpoint that was sent out."""
    sent_at: AwareDatetime | None = None
    alarms: dict[str, str] = {}
    """Alarms that stand, by what they are about."""
    waiting: tuple[Letter, ...] = ()


class MonitorFolder:
    """The folder of one monitor."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.checkpoints = folder / "checkpoints"
        self.events = folder / "events.sqlite"
        self._file = folder / "monitor.json"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Be the only monitor in the folder. Raises MonitorUnusable."""
        lock = self.folder / "monitor.lock"
        try:
            self.folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, SECRET)
        except OSError as error:
            raise MonitorUnusable(f"{error.filename}: {error.strerror}") from None
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise MonitorUnusable(f"another monitor works in {self.folder}") from None
            yield
        finally:
            os.close(descriptor)

    def read(self) -> MonitorState:
        """Return what was remembered. Raises MonitorUnusable."""
        try:
            return MonitorState.model_validate_json(self._file.read_bytes())
        except FileNotFoundError:
            return MonitorState()
        except OSError as error:
            raise MonitorUnusable(f"{self._file}: {error.strerror}") from None
        except ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(map(str, fault["loc"]))
            raise MonitorUnusable(f"{self._file}: {where} {fault['msg']}") from None

    def write(self, state: MonitorState) -> None:
        """Remember; once this returns it outlasts a power cut. Raises MonitorUnusable."""
        part = self._file.with_suffix(".part")
        try:
            part.unlink(missing_ok=True)
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, SECRET)
            with os.fdopen(descriptor, "w", encoding="utf-8") as writing:
                writing.write(state.model_dump_json(indent=2) + "\n")
                writing.flush()
                os.fsync(writing.fileno())
            part.replace(self._file)
        except OSError as error:
            raise MonitorUnusable(f"{self._file}: {error.strerror}") from None
