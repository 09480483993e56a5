"""Where the local stack keeps things."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SOCKET_PATH_MAX = 90
"""Characters; a unix socket's whole path must fit in 107 (unix(7))."""

PRIVATE = 0o700
SECRET = 0o600
ENTERED = 0o711
"""Of the folder itself where PostgreSQL runs as another user, who has to come through."""

OTHERS = 0o077
"""What nobody but the user of the stack may do."""


@contextmanager
def private() -> Iterator[None]:
    """Keep what this process, and those that it starts, write to their user alone."""
    before = os.umask(OTHERS)
    try:
        yield
    finally:
        os.umask(before)


@dataclass(frozen=True, slots=True)
class Folder:
    """The data folder; `.muster` unless somebody says otherwise."""

    root: Path

    @classmethod
    def at(cls, path: Path | None = None) -> Folder:
        """Return the folder at a path, else at MUSTER_DATA, else `.muster` here."""
        return cls((path or Path(os.environ.get("MUSTER_DATA", ".muster"))).resolve())

    def make(self) -> None:
        """Make what is missing, and take from others what they could do with what is there."""
        self.root.mkdir(parents=True, exist_ok=True)  # parents as the user likes
        for secret in (self.run, self.tokens, self.keys, self.mail, self.logs):
            secret.mkdir(mode=PRIVATE, exist_ok=True)
            _close(secret)
        _close(self.notary, *self.root.glob("temporal.db*"), self.tokens_file)
        if not self._holds_what_is_not_ours():
            self.root.chmod(ENTERED if os.geteuid() == 0 else PRIVATE)

    @property
    def postgres(self) -> Path:
        """PostgreSQL's data, of whoever runs it."""
        return self.root / "postgres"

    @property
    def temporal(self) -> Path:
        """Temporal's SQLite file."""
        return self.root / "temporal.db"

    @property
    def run(self) -> Path:
        """What is running now."""
        return self.root / "run"

    @property
    def stack_file(self) -> Path:
        """Addresses and processes of the running stack."""
        return self.run / "stack.json"

    @property
    def database_ready(self) -> Path:
        """Is there once the database can be used, until the stack stops."""
        return self.run / "database.ready"

    @property
    def lock_file(self) -> Path:
        """Held by the one supervisor of this folder."""
        return self.run / "lock"

    @property
    def tokens(self) -> Path:
        """One bearer token per role, in the clear, for this machine's user."""
        return self.root / "tokens"

    @property
    def tokens_file(self) -> Path:
        """The hashes of the tokens, for the service."""
        return self.root / "tokens.json"

    @property
    def keys(self) -> Path:
        """Keys that must never be in the database."""
        return self.root / "keys"

    @property
    def shares(self) -> Path:
        """A share of each key of personal data, which must never be in the database."""
        return self.keys / "shares"

    @property
    def notary(self) -> Path:
        """What the notary signed, and the tree that it signed."""
        return self.root / "notary"

    @property
    def mail(self) -> Path:
        """One file per mail that the sink took."""
        return self.root / "mail"

    @property
    def logs(self) -> Path:
        """One file per process."""
        return self.root / "log"

    def _holds_what_is_not_ours(self) -> bool:
        """Tell whether somebody keeps other things in this folder, which are theirs to close."""
        folders = (self.run, self.tokens, self.keys, self.mail, self.logs, self.notary)
        ours = {path.name for path in (*folders, self.tokens_file, self.postgres)}
        found = {path.name for path in self.root.iterdir()}
        return any(not name.startswith("temporal.db") for name in found - ours)

    @property
    def socket(self) -> Path:
        """The folder of PostgreSQL's socket, short enough for one."""
        inside = self.postgres / "socket"
        if len(str(inside)) <= SOCKET_PATH_MAX:
            return inside
        short = hashlib.sha256(str(self.root).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"muster-{short}"

    def secret(self, path: Path, make: bytes) -> bytes:
        """Return a secret, making it the first time; only this user can read it."""
        if not path.exists():
            part = path.with_suffix(".part")
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, SECRET)
            with os.fdopen(descriptor, "wb") as file:
                file.write(make)
            part.replace(path)
        return path.read_bytes()


def _close(*paths: Path) -> None:
    """Take away what others may do with files, and with folders and all in them."""
    for path in paths:
        if path.exists() and not path.is_symlink() and (mode := path.stat().st_mode) & OTHERS:
            _close(*(path.iterdir() if path.is_dir() else ()))
            path.chmod(mode & ~OTHERS)
