"""Checkpoints in a folder of their user: one of each log, which log each service shows, evidence.

    logs/<digest of the key>.json         the last checkpoint of a log that was compared
    servers/<digest of the name>.json     which log a service shows, and since when that
                                          can't be compared
    evidence/<kind>-<digests>.json        two checkpoints that don't agree; never replaced

Files are readable by their user only, and written whole or not at all. Several processes may share
a folder: what they keep is replaced only by what was compared with it.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from eventstore.tlog.note import NoteInvalid
from services.client.checkpoints.comparison import Kept
from services.client.checkpoints.evidence import evidence_of
from services.client.checkpoints.log_key import KeyInvalid, LogKey
from services.runtime.clocks import clocks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from services.client.checkpoints.comparison import Finding

PRIVATE = 0o700
SECRET = 0o600
LOCK_TIMEOUT_S = 1.0
LOCK_POLL_S = 0.01
DIGEST_LETTERS = 32
EVIDENCE_LETTERS = 12
EVIDENCE_MAX = 20
"""Files of evidence against one kept checkpoint; the first ones say all that later ones could."""


class StoreUnusable(Exception):
    """What is kept can't be read or written; the text says which file, and why."""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Log(_File):
    """A file under `logs/`."""

    key: str
    note: str
    kept_at: AwareDatetime


class _Server(_File):
    """A file under `servers/`."""

    server: str
    key: str = ""
    missed: int = 0
    missed_since: AwareDatetime | None = None


T = TypeVar("T", bound=_File)


@dataclass(frozen=True, slots=True)
class Missed:
    """How often in a row a service could not be compared."""

    times: int
    since: datetime


class CheckpointStore:
    """Keeps checkpoints in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of_user(cls) -> Self:
        """Return the one of this user: `muster/checkpoints` in their state folder (XDG)."""
        return cls(state_folder() / "checkpoints")

    def key_of(self, server: str) -> LogKey | None:
        """Return which log a service showed before. Raises StoreUnusable."""
        known = self._server(server)
        return _key(known.key, self._server_file(server)) if known and known.key else None

    def kept(self, key: LogKey) -> Kept | None:
        """Return what is kept of a log, its signature verified again. Raises StoreUnusable."""
        file = self._log_file(key)
        read = self._read(file, _Log)
        if read is None:
            return None
        kept = Kept(_key(read.key, file), read.note, read.kept_at)
        try:
            _ = kept.opened
        except NoteInvalid as error:
            raise StoreUnusable(f"{file}: {error}") from None
        if kept.key != key:
            raise StoreUnusable(f"{file}: it is of another log")
        return kept

    def logs(self) -> Sequence[Kept]:
        """Return all that is kept. Raises StoreUnusable."""
        files = sorted((self.folder / "logs").glob("*.json"))
        read = [(file, self._read(file, _Log)) for file in files]
        return [Kept(_key(one.key, file), one.note, one.kept_at) for file, one in read if one]

    def servers(self) -> dict[str, str]:
        """Return the key of the log that each service showed. Raises StoreUnusable."""
        files = sorted((self.folder / "servers").glob("*.json"))
        read = [self._read(file, _Server) for file in files]
        return {one.server: one.key for one in read if one and one.key}

    def keep(self, server: str, kept: Kept, *, instead_of: Kept | None) -> bool:
        """Keep a checkpoint in the place of the one that it was compared with.

        False if that is not what is kept any more. Raises StoreUnusable.
        """
        with self._locked():
            found = self.kept(kept.key)
            if _text(found) != _text(instead_of):
                return False
            if found is None or _text(found) != _text(kept):
                self._write_log(kept)
            self._write_server(_Server(server=server, key=kept.key.vkey))
        return True

    def replace(self, server: str, kept: Kept, reason: str) -> Path:
        """Trust what a service shows, whatever was kept of it.

        Returns the file in which that stays, with the reason. Raises StoreUnusable.
        """
        with self._locked():
            expected = self._server(server)
            logs = [self._read(file, _Log) for file in self._files_of(expected, kept.key)]
            given_up = {
                "server": server,
                "reason": reason,
                "trusted_at": clocks.now().isoformat(),
                "trusted": {"key": kept.key.vkey, "note": kept.note},
                "given_up": [one.model_dump(mode="json") for one in logs if one],
            }
            file = self.folder / "evidence" / f"given-up-{secrets.token_hex(6)}.json"
            self._write(file, given_up, replacing=False)
            self._write_log(kept)
            self._write_server(_Server(server=server, key=kept.key.vkey))
        return file

    def missed(self, server: str) -> Missed:
        """Count that a service could not be compared. Raises StoreUnusable."""
        now = clocks.now()
        with self._locked():
            known = self._server(server) or _Server(server=server)
            since = known.missed_since or now
            update = {"missed": known.missed + 1, "missed_since": since}
            self._write_server(known.model_copy(update=update))
        return Missed(known.missed + 1, since)

    def keep_evidence(self, server: str, finding: Finding) -> Path:
        """Keep both checkpoints of a finding in a file that is never replaced."""
        content = evidence_of(server, self.key_of(server), finding)
        about = _digest(finding.kept.note if finding.kept else server, EVIDENCE_LETTERS)
        name = f"{finding.alarm or finding.status}-{about}"
        folder = self.folder / "evidence"
        with self._locked():
            file = folder / f"{name}-{_digest(finding.shown_note, EVIDENCE_LETTERS)}.json"
            known = sorted(folder.glob(f"{name}-*.json"))
            if not file.exists() and len(known) < EVIDENCE_MAX:
                self._write(file, content, replacing=False)
        return file if file.exists() else known[0]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Be the only process that writes. Raises StoreUnusable."""
        try:
            for one in (self.folder, *(self.folder / name for name in FOLDERS)):
                one.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
            descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, SECRET)
        except OSError as error:
            raise StoreUnusable(f"{error.filename}: {error.strerror}") from None
        try:
            _wait_for(descriptor, self.folder / "lock")
            yield
        finally:
            os.close(descriptor)

    def _server(self, server: str) -> _Server | None:
        return self._read(self._server_file(server), _Server)

    def _read(self, file: Path, shape: type[T]) -> T | None:
        try:
            return shape.model_validate_json(file.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreUnusable(f"{file}: {error.strerror}") from None
        except ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(map(str, fault["loc"]))
            raise StoreUnusable(f"{file}: {where} {fault['msg']}".replace("  ", " ")) from None

    def _write_log(self, kept: Kept) -> None:
        log = _Log(key=kept.key.vkey, note=kept.note, kept_at=kept.kept_at)
        self._write(self._log_file(kept.key), log.model_dump(mode="json"))

    def _write_server(self, known: _Server) -> None:
        if self._server(known.server) != known:
            self._write(self._server_file(known.server), known.model_dump(mode="json"))

    def _write(self, file: Path, content: dict[str, Any], *, replacing: bool = True) -> None:
        """Write a file whole, so that it outlasts a power cut. Raises StoreUnusable."""
        part = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")
        try:
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, SECRET)
            with os.fdopen(descriptor, "w", encoding="utf-8") as writing:
                writing.write(json.dumps(content, ensure_ascii=False, indent=2) + "\n")
                writing.flush()
                os.fsync(writing.fileno())
            if replacing:
                part.replace(file)
            else:
                os.link(part, file)
        except OSError as error:
            raise StoreUnusable(f"{file}: {error.strerror}") from None
        finally:
            part.unlink(missing_ok=True)

    def _files_of(self, expected: _Server | None, key: LogKey) -> set[Path]:
        """Return what is kept of the log that a service showed, and of the one that it shows."""
        files = {self._log_file(key)}
        if expected and expected.key:
            files.add(self.folder / "logs" / f"{_digest(expected.key)}.json")
        return files

    def _log_file(self, key: LogKey) -> Path:
        return self.folder / "logs" / f"{_digest(key.vkey)}.json"

    def _server_file(self, server: str) -> Path:
        return self.folder / "servers" / f"{_digest(server)}.json"


FOLDERS = ("logs", "servers", "evidence")


def state_folder() -> Path:
    """Return where programs of this user keep what outlasts them (XDG Base Directory, 0.8)."""
    chosen = Path(os.environ.get("XDG_STATE_HOME", ""))
    try:
        folder = chosen if chosen.is_absolute() else Path.home() / ".local" / "state"
    except RuntimeError as error:
        raise StoreUnusable(f"there is no home folder, and no XDG_STATE_HOME: {error}") from None
    return folder / "muster"


def _wait_for(descriptor: int, file: Path) -> None:
    deadline = time.monotonic() + LOCK_TIMEOUT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise StoreUnusable(f"{file}: another process holds it") from None
            time.sleep(LOCK_POLL_S)
        else:
            return


def _key(vkey: str, file: Path) -> LogKey:
    try:
        return LogKey.parse(vkey)
    except KeyInvalid as error:
        raise StoreUnusable(f"{file}: {error}") from None


def _text(kept: Kept | None) -> str | None:
    """Return what was signed, without who cosigned it."""
    return None if kept is None else kept.note.rpartition("\n\n")[0]


def _digest(text: str, letters: int = DIGEST_LETTERS) -> str:
    return sha256(text.encode()).hexdigest()[:letters]
